//! How many kernels steps of DiAD start, and how many bytes these are given: of its denoiser, of its gradients, and of a step of
//! training. The structure is the whole one, its width and size are small, so that the numbers are those of the published model where nothing depends on extents.

extern crate diadc_lavapipe as diadc;

mod counter;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../skip.rs"]
mod skip;

use std::io::Write;

use burn_wgpu::WgpuDevice;
use counter::{Counting, Counts, Launches};
use diadc::compile::compile_call;
use diadc::execute::{Draw, Engine, HostTensor, NamedTensors, PlanId, Session};
use diadc::fact::{Fact, Precision, Shape};
use diadc::graph::program::{Function, Phase, Program, plan_function};
use diadc::resolve::Location;
use diadc_cube::Cube;
use diadc_execute::watch_devices;

/// What is counted, and how many there were, which may only become fewer.
const MOST: [(&str, usize); 4] = [
    ("a step of the denoiser, one image", 1178),
    ("a step of the denoiser, eight images", 1201),
    ("loss and gradients, one image", 3161),
    ("the same and a step of AdamW, with clipping", 3297),
];

/// What is called, on an engine with weights of zeros.
struct Called {
    plan: PlanId,
    inputs: NamedTensors,
}

fn called(text: &str, inputs: &NamedTensors) -> (Program, Function) {
    let fact = |tensor: &HostTensor| {
        let dims: Vec<i64> = tensor.shape.iter().map(|&n| n as i64).collect();
        Fact { dtype: tensor.data.dtype(), shape: Shape::of(&dims) }
    };
    let facts: Vec<(String, Fact)> = inputs.iter().map(|(name, tensor)| (name.clone(), fact(tensor))).collect();
    let location = Location::File(skip::repository().join("tests/golden/golden.diad"));
    let Ok((compiled, function)) = compile_call(&location, &[], text, &facts) else { panic!("`{text}` is right") };
    (compiled.program, function)
}

fn zeros(shape: &[usize]) -> HostTensor {
    HostTensor::floats(shape, vec![0.0; shape.iter().product()])
}

fn inputs<const N: usize>(named: [(&str, HostTensor); N]) -> NamedTensors {
    named.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect()
}

fn of_the_denoiser(batch: usize) -> NamedTensors {
    inputs([
        ("z", zeros(&[batch, 4, 16, 16])),
        ("t", HostTensor::ints(&[batch], vec![500; batch])),
        ("image", zeros(&[batch, 3, 128, 128])),
        ("prompt", zeros(&[batch, 7, 16])),
    ])
}

fn of_training() -> NamedTensors {
    inputs([
        ("image", zeros(&[1, 3, 128, 128])),
        ("t", HostTensor::ints(&[1], vec![500])),
        ("noise", zeros(&[1, 4, 16, 16])),
        ("prompt", zeros(&[1, 7, 16])),
    ])
}

/// What is started by all that is counted.
fn count(engine: &mut dyn Engine) -> Vec<Counts> {
    let denoiser = [1, 8].map(|batch| {
        let inputs = of_the_denoiser(batch);
        Called { plan: engine.add(plan_function(&called("denoise", &inputs).1, &[])), inputs }
    });
    let (program, loss) = called("given_loss", &of_training());
    let trained = &program.objectives[0].trains;
    let phase = program.phases().next().expect("it trains");
    let phase = Phase { accumulate: 1, clip_norm: Some(1.0), ..phase.clone() };
    let plans = [plan_function(&loss, trained), program.plan_in(&phase, &loss, trained)];
    let [gradients, training] = plans.map(|plan| Called { plan: engine.add(plan), inputs: of_training() });
    engine.set_weights(&mut program.weights.iter().map(|weight| zeros(&weight.shape)));
    let draw = |called: &Called| {
        let samples = called.inputs.values().next().map_or(1, |input| input.shape[0] as u64);
        Draw { seed: 1, step: 0, samples: (0..samples).collect() }
    };
    let score = |engine: &mut dyn Engine, called: &Called| {
        drop(engine.evaluate(called.plan, &called.inputs, &draw(called)).expect("it runs"));
    };
    let train = |engine: &mut dyn Engine| {
        engine.step(training.plan, &training.inputs, &draw(&training), 1.0).expect("it runs");
    };

    // What is constant is computed by the first runs.
    denoiser.iter().chain([&gradients]).for_each(|called| score(engine, called));
    train(engine);
    let mut counted = |run: &dyn Fn(&mut dyn Engine)| {
        engine.wait().expect("the device answers");
        counter::take();
        run(engine);
        engine.wait().expect("the device answers");
        counter::take()
    };
    let [one, eight] = &denoiser;
    vec![
        counted(&|engine| score(engine, one)),
        counted(&|engine| score(engine, eight)),
        counted(&|engine| score(engine, &gradients)),
        counted(&train),
    ]
}

fn kernels(counts: &Counts) -> usize {
    counts.values().map(|launches| launches.count).sum()
}

/// Bytes of tensors, each counted once for each kernel that is given it.
fn mib(bytes: u64) -> String {
    format!("{:9.2} MiB", bytes as f64 / f64::from(1 << 20))
}

#[test]
fn steps_start_no_more_kernels_than_they_did() {
    watch_devices();
    let name = "lavapipe".to_owned();
    let found = count(&mut Session::<Cube<Counting, u32>>::new(name, WgpuDevice::Cpu, Precision::F32));
    let mut report = String::new();
    for ((what, most), counts) in MOST.iter().zip(&found) {
        let bytes: u64 = counts.values().map(|launches| launches.bytes).sum();
        report += &format!("{what}: {} kernels, at most {most}; {}\n", kernels(counts), mib(bytes));
        let row =
            |(kernel, launches): (_, &Launches)| format!("{:6} {}  {kernel}\n", launches.count, mib(launches.bytes));
        report.extend(counts.iter().map(row));
    }
    std::io::stderr().write_all(report.as_bytes()).expect("stderr can be written to");
    for ((what, most), counts) in MOST.iter().zip(&found) {
        let sum = kernels(counts);
        assert!(sum <= *most, "{what}: {sum} kernels, {most} before");
    }
}
