//! Gradients of several passes.

use diadc::execute::{Descent, HostTensor};
use diadc::graph::differentiate;
use diadc::graph::program::Optimizer;
use diadc::op::WeightId;
use diadc::plan::plan;
use std::collections::BTreeMap;

use crate::run::gradient::objective;
use crate::run::net::{draw, engine, floats, inputs, is_exact};

#[test]
fn two_halves_of_a_batch_give_the_step_of_the_whole() {
    let weights = [floats(&[2, 3], 1), HostTensor::floats(&[], vec![0.0])];
    let x = floats(&[4, 3], 2);
    let all = x.as_floats().expect("it is float");
    let optimizer = Optimizer::Sgd { lr: 1.0, momentum: 0.0, weight_decay: 0.0, nesterov: false };
    let descent = Descent { optimizer, own: &BTreeMap::new(), factor: 1.0, clip_norm: None };
    let ends = [4, 2].map(|batch| {
        let mut engine = engine(&weights);
        let id = engine.add(plan(&differentiate(&objective(), &[WeightId(0)])));
        let mut mean = 0.0;
        for part in all.chunks(batch * 3) {
            let share = batch as f32 / 4.0;
            let x = inputs([("x", HostTensor::floats(&[batch, 3], part.to_vec()))]);
            mean += share * engine.accumulate(id, &x, &draw(batch as u64), share).expect("it runs");
        }
        engine.descend(id, &descent);
        (mean, engine.weight(WeightId(0)).expect("the processor answers"))
    });
    let [(whole_loss, whole), (parts_loss, parts)] = ends;
    // A gradient that is rounded for each part is off by more.
    let near = if is_exact() { 1e-6 } else { 2e-2 };
    assert!((whole_loss - parts_loss).abs() < near);
    let pairs = whole.as_floats().into_iter().flatten().zip(parts.as_floats().into_iter().flatten());
    assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < near);
}
