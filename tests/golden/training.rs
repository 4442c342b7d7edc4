//! Three steps of training: losses, gradients, weights; and which weights no gradient reaches.

use std::collections::BTreeMap;

use diadc::execute::{Gradients, HostTensor, NamedTensors};
use diadc::fact::Precision;
use diadc::graph::program::{Phase, plan_function};
use diadc::op::WeightId;

use super::{Called, LONG, Reference, SPEC, a, assert_close, draw, inputs, prepare};
use crate::run::net;

fn batch(reference: &Reference) -> NamedTensors {
    inputs([
        ("image", reference.tensor("input.image")),
        ("t", reference.tensor("input.t")),
        ("noise", reference.tensor("input.noise")),
        ("prompt", reference.tensor("input.context")),
    ])
}

fn trained(called: &Called) -> Vec<WeightId> {
    called.compiled.program.objectives[0].trains.clone()
}

/// The path of a weight that is trained.
fn path(called: &Called, id: WeightId) -> &str {
    &called.compiled.program.weight(id).path
}

/// The L2 norm.
pub(super) fn norm(gradient: &HostTensor) -> f64 {
    let numbers = gradient.as_floats().expect("gradients are floats");
    numbers.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn gradients_and_their_norms_are_those_of_torch_and_missing_where_its_are() {
    let reference = a();
    let batch = batch(&reference);
    let mut called = prepare(SPEC, &[], "given_loss", &batch);
    let trained = trained(&called);
    let id = called.engine.add(plan_function(&called.function, &trained));
    let Gradients { gradients, .. } = called.engine.gradients(id, &batch, &draw()).expect("it runs");
    let norms: BTreeMap<String, Option<f64>> =
        serde_json::from_str(include_str!("a.grad_norms.json")).expect("the fixture is JSON");
    assert_eq!(gradients.len(), norms.len(), "as many weights are trained");
    let largest = norms.values().flatten().copied().fold(0.0, f64::max);
    for (id, gradient) in &gradients {
        let path = path(&called, *id);
        let norm = gradient.as_ref().map(norm);
        match (norm, norms[path]) {
            (None, None) => {}
            (Some(found), Some(expected)) => {
                let off = (found - expected).abs();
                // Norms of what cancels are small differences of large numbers.
                let least = if net::precision() == Precision::Bf16 { 1e-2 } else { 1e-4 };
                let allowed = net::tolerance(LONG) * expected.max(least * largest);
                assert!(off <= allowed, "the gradient of `{path}` has the norm {found:e}, expected {expected:e}");
            }
            (found, expected) => panic!("the gradient of `{path}` has the norm {found:?}, expected {expected:?}"),
        }
        if let (Some(gradient), Ok(_)) = (gradient, reference.0.tensor(&format!("grad.{path}"))) {
            let expected = reference.tensor(&format!("grad.{path}"));
            let numbers = gradient.as_floats().expect("gradients are floats");
            assert_close(path, &numbers[..numbers.len().min(4096)], &expected, LONG);
        }
    }
}

#[test]
fn three_steps_of_the_optimizer_are_those_of_torch() {
    let reference = a();
    let batch = batch(&reference);
    let mut called = prepare(SPEC, &[], "given_loss", &batch);
    let trained = trained(&called);
    let program = &called.compiled.program;
    let phase = Phase { accumulate: 1, ..program.phases().next().expect("it trains").clone() };
    let id = called.engine.add(program.plan_in(&phase, &called.function, &trained));
    let losses = [(); 3].map(|()| called.engine.step(id, &batch, &draw(), 1.0).expect("it runs").loss);
    assert_close("train.losses", &losses, &reference.tensor("train.losses"), LONG);
    let mut compared = 0;
    for (id, weight) in called.compiled.program.weights() {
        let name = format!("after3.{}", weight.path);
        if reference.0.tensor(&name).is_ok() {
            let found = called.engine.weight(id).expect("the device answers");
            assert_close(&name, found.as_floats().expect("weights are floats"), &reference.tensor(&name), LONG);
            compared += 1;
        }
    }
    assert_eq!(compared, 3);
}

#[test]
fn what_is_frozen_gets_no_gradient_and_stays() {
    let reference = a();
    let batch = batch(&reference);
    let mut called = prepare(SPEC, &[], "given_loss", &batch);
    let trained = trained(&called);
    let frozen: Vec<WeightId> =
        called.compiled.program.weights().map(|(id, _)| id).filter(|id| !trained.contains(id)).collect();
    let before: Vec<_> = frozen.iter().map(|id| called.engine.weight(*id).expect("the device answers")).collect();
    let program = &called.compiled.program;
    let phase = Phase { accumulate: 1, clip_norm: None, ..program.phases().next().expect("it trains").clone() };
    let id = called.engine.add(program.plan_in(&phase, &called.function, &trained));
    called.engine.step(id, &batch, &draw(), 1e3).expect("it runs");
    for (id, before) in frozen.into_iter().zip(before) {
        let after = called.engine.weight(id).expect("the device answers");
        assert_eq!(after, before, "`{}`", path(&called, id));
    }
}
