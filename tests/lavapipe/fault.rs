//! A kernel that can't be made ends what waits for its numbers. The test has a process of its own, whose device is lost after it.

extern crate diadc_lavapipe as diadc;

use burn_wgpu::{Wgpu, WgpuDevice, WgpuRuntime};
use cubecl::prelude::*;
use diadc::execute::{HostTensor, Tensor};

/// More than lavapipe gives one kernel.
const MANY: usize = 40;

#[cube(launch)]
fn fill(all: &mut Sequence<Array<f32>>) {
    #[unroll]
    for i in 0..all.len() {
        let one = all.index_mut(i);
        one[0] = 1.0;
    }
}

#[test]
fn a_kernel_that_can_not_be_made_ends_the_run() {
    let engine = diadc::open();
    engine.wait().expect("nothing has failed yet");
    let number = || Tensor::<Wgpu>::from_host(HostTensor::floats(&[1], vec![0.0]), &WgpuDevice::Cpu);
    let client = WgpuRuntime::client(&WgpuDevice::Cpu);
    let all = (0..MANY).map(|_| number().float().into_array_arg()).collect();
    fill::launch::<WgpuRuntime>(&client, CubeCount::new_single(), CubeDim::new_1d(1), all);
    let waited = engine.wait().expect_err("it has too many tensors").to_string();
    assert!(waited.starts_with("the device could not finish: ") && waited.contains("Too many bindings"), "{waited}");
    let read = number().into_host().expect_err("the device is lost").to_string();
    assert_eq!(read, waited);
}
