//! How many kernels steps of DiAD start: of its denoiser, of its training, and of the optimiser. The structure is the whole
//! one, its width and size are small, so that the numbers are those of the published model where nothing depends on extents.

extern crate diadc_lavapipe as diadc;

mod counter;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../skip.rs"]
mod skip;

use std::collections::BTreeMap;
use std::io::Write;

use counter::Launches;
use diadc::compile::compile_call;
use diadc::execute::{Descent, Draw, Engine, HostTensor, NamedTensors, PlanId};
use diadc::fact::{Fact, Shape};
use diadc::graph::program::{Program, plan_function};
use diadc::resolve::Location;

/// What is counted, and how many there were, which may only become fewer.
const MOST: [(&str, usize); 4] = [
    ("a step of the denoiser, one image", 1179),
    ("a step of the denoiser, eight images", 1202),
    ("loss and gradients, one image", 3162),
    ("a step of AdamW, with clipping", 138),
];

/// An expression on an engine, with weights of zeros.
struct Called {
    program: Program,
    plan: PlanId,
    inputs: NamedTensors,
}

fn call(engine: &mut dyn Engine, text: &str, inputs: NamedTensors, trains: bool) -> Called {
    let fact = |tensor: &HostTensor| {
        let dims: Vec<i64> = tensor.shape.iter().map(|&n| n as i64).collect();
        Fact { dtype: tensor.data.dtype(), shape: Shape::of(&dims) }
    };
    let facts: Vec<(String, Fact)> = inputs.iter().map(|(name, tensor)| (name.clone(), fact(tensor))).collect();
    let location = Location::File(skip::repository().join("tests/golden/golden.diad"));
    let Ok((compiled, function)) = compile_call(&location, &[], text, &facts) else { panic!("`{text}` is right") };
    let program = compiled.program;
    let trained = if trains { program.objectives[0].trains.clone() } else { Vec::new() };
    Called { plan: engine.add(plan_function(&function, &trained)), program, inputs }
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

/// The launches of all that is counted.
fn count(engine: &mut dyn Engine) -> Vec<Launches> {
    let denoiser = [1, 8].map(|batch| call(engine, "denoise", of_the_denoiser(batch), false));
    let training = call(engine, "given_loss", of_training(), true);
    let mark = call(engine, "avg_pool(x, 2)", inputs([("x", zeros(&[1, 1, 2, 2]))]), false);
    let mut weights = training.program.weights.iter().map(|weight| zeros(&weight.shape));
    engine.set_weights(&mut weights);
    let draw = |called: &Called| {
        let samples = called.inputs.values().next().map_or(1, |input| input.shape[0] as u64);
        Draw { seed: 1, step: 0, samples: (0..samples).collect() }
    };
    let score = |engine: &mut dyn Engine, called: &Called| {
        drop(engine.evaluate(called.plan, &called.inputs, &draw(called)).expect("it runs"));
    };
    let train = |engine: &mut dyn Engine| {
        engine.accumulate(training.plan, &training.inputs, &draw(&training), 1.0).expect("it runs");
    };
    let phase = training.program.phases().next().expect("it trains");
    let own = BTreeMap::new();
    let descent = Descent { optimizer: phase.optimizer, own: &own, factor: 1.0, clip_norm: Some(1.0) };

    // What is constant is computed by the first runs.
    denoiser.iter().for_each(|called| score(engine, called));
    let mut found: Vec<Launches> = denoiser
        .iter()
        .map(|called| counter::launches(engine, |e| score(e, called), |e| score(e, &mark), "Pool2d"))
        .collect();
    train(engine);
    engine.descend(training.plan, &descent);
    found.push(counter::launches(engine, train, |e| score(e, &mark), "Pool2d"));
    found.push(counter::launches(engine, |e| e.descend(training.plan, &descent), |e| score(e, &mark), "Pool2d"));
    found
}

#[test]
fn steps_start_no_more_kernels_than_they_did() {
    counter::install();
    let found = count(&mut *diadc::open());
    let mut report = String::new();
    for ((what, most), launches) in MOST.iter().zip(&found) {
        report += &format!("{what}: {}, at most {most}\n", launches.values().sum::<usize>());
        report.extend(launches.iter().map(|(kernel, count)| format!("{count:6}  {kernel}\n")));
    }
    std::io::stderr().write_all(report.as_bytes()).expect("stderr can be written to");
    for ((what, most), launches) in MOST.iter().zip(&found) {
        let sum: usize = launches.values().sum();
        assert!(sum <= *most, "{what}: {sum} kernels, {most} before");
    }
}
