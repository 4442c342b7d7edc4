//! How many kernels one step of DiAD's denoiser starts. The structure is the whole one, its width and size are small, so
//! that the number is that of the published model where nothing depends on extents.

extern crate diadc_lavapipe as diadc;

mod counter;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../skip.rs"]
mod skip;

use std::io::Write;

use diadc::compile::compile_call;
use diadc::execute::{Draw, Engine, HostTensor, NamedTensors, PlanId};
use diadc::fact::{Fact, Shape};
use diadc::graph::program::plan_function;
use diadc::resolve::Location;

/// How many there were, which may only become fewer.
const MOST: usize = 4319;

fn add(engine: &mut dyn Engine, text: &str, inputs: &NamedTensors) -> (PlanId, Vec<HostTensor>) {
    let fact = |tensor: &HostTensor| {
        let dims: Vec<i64> = tensor.shape.iter().map(|&n| n as i64).collect();
        Fact { dtype: tensor.data.dtype(), shape: Shape::of(&dims) }
    };
    let facts: Vec<(String, Fact)> = inputs.iter().map(|(name, tensor)| (name.clone(), fact(tensor))).collect();
    let location = Location::File(skip::repository().join("tests/golden/golden.diad"));
    let Ok((compiled, function)) = compile_call(&location, &[], text, &facts) else { panic!("`{text}` is right") };
    let weights = compiled.program.weights.iter().map(|weight| zeros(&weight.shape)).collect();
    (engine.add(plan_function(&function, &[])), weights)
}

fn zeros(shape: &[usize]) -> HostTensor {
    HostTensor::floats(shape, vec![0.0; shape.iter().product()])
}

fn inputs<const N: usize>(named: [(&str, HostTensor); N]) -> NamedTensors {
    named.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect()
}

#[test]
fn a_step_of_the_denoiser_starts_no_more_kernels_than_it_did() {
    counter::install();
    let mut engine = diadc::open();
    let given = inputs([
        ("z", zeros(&[1, 4, 16, 16])),
        ("t", HostTensor::ints(&[1], vec![500])),
        ("image", zeros(&[1, 3, 128, 128])),
        ("prompt", zeros(&[1, 7, 16])),
    ]);
    let (step, weights) = add(&mut *engine, "denoise", &given);
    let marked = inputs([("x", zeros(&[1, 1, 2, 2]))]);
    let (mark, _) = add(&mut *engine, "avg_pool(x, 2)", &marked);
    engine.set_weights(&mut weights.into_iter());
    let draw = Draw { seed: 1, step: 0, samples: vec![0] };
    let run = |engine: &mut dyn Engine, plan, inputs| drop(engine.evaluate(plan, inputs, &draw).expect("it runs"));
    // What is constant is computed by the first run.
    run(&mut *engine, step, &given);
    let launches = counter::launches(&mut *engine, |e| run(e, step, &given), |e| run(e, mark, &marked), "Pool2d");
    let sum: usize = launches.values().sum();
    let list: String = launches.iter().map(|(kernel, count)| format!("{count:6}  {kernel}\n")).collect();
    let report = format!("{list}{sum:6}  in all\n");
    std::io::stderr().write_all(report.as_bytes()).expect("stderr can be written to");
    assert!(sum <= MOST, "{sum} kernels, {MOST} before");
}
