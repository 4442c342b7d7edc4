//! Runs the sample operation on the CPU, far out as well, and compares the kernel with the record.

use burn::backend::flex::FlexDevice;
use diadc_core::engine::{HostData, HostTensor};
use diadc_core::op::{Op, Unary};
use diadc_core::plan::Choice;
use diadc_cpu::Cpu;
use diadc_execute::{Tensor, apply};

fn main() {
    let numbers = vec![-1e6, -3.0, 0.0, 0.5, 20.0, 1e6];
    let shape = [numbers.len()];
    let x = Tensor::from_host(HostTensor::floats(&shape, numbers.clone()), &FlexDevice);
    let y = apply::<Cpu>(&Op::Unary(Unary::Softsign), Choice::Only, vec![x], &shape, &FlexDevice).swap_remove(0);
    let HostData::Float(y) = y.into_host().expect("the device works").data else { panic!("floats give floats") };
    let value = Unary::Softsign.record().value;
    for (x, y) in numbers.into_iter().zip(y) {
        let expected = value(f64::from(x)) as f32;
        assert!((y - expected).abs() <= 1e-6 * expected.max(1.0), "softsign({x}) is {y}, its record says {expected}");
    }
}
