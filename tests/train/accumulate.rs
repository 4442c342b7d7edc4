//! Gradients of several passes.

use diadc::execute::HostTensor;
use diadc::graph::Rules;
use diadc::op::WeightId;

use crate::run::gradient::objective;
use crate::run::net::{draw, engine, floats, inputs, is_exact, sgd, stepped_by};

#[test]
fn parts_of_a_batch_give_the_step_of_the_whole() {
    let weights = [floats(&[2, 3], 1), HostTensor::floats(&[], vec![0.0])];
    let x = floats(&[6, 3], 2);
    let all = x.as_floats().expect("it is float");
    for clip_norm in [None, Some(1e-3)] {
        let ends = [1, 2, 3, 6].map(|passes| {
            let mut engine = engine(&weights);
            let rules = Rules { of: &|_| sgd(1.0), clip_norm, passes };
            let id = engine.add(stepped_by(&objective(), &[WeightId(0)], &rules));
            let (mut mean, mut norm) = (0.0, None);
            // A second step sums anew.
            for _ in 0..2 {
                mean = 0.0;
                for (pass, part) in all.chunks(all.len() / passes).enumerate() {
                    let x = inputs([("x", HostTensor::floats(&[6 / passes, 3], part.to_vec()))]);
                    let draw = draw((6 / passes) as u64);
                    let loss = if pass + 1 < passes {
                        engine.accumulate(id, &x, &draw).expect("it runs")
                    } else {
                        let stepped = engine.step(id, &x, &draw, 1.0).expect("it runs");
                        norm = stepped.gradient_norm;
                        stepped.loss
                    };
                    mean += loss / passes as f32;
                }
            }
            (mean, norm.expect("there are gradients"), engine.weight(WeightId(0)).expect("the device answers"))
        });
        let [(whole_loss, whole_norm, whole), parts @ ..] = ends;
        // A gradient that is rounded for each part is off by more.
        let near = if is_exact() { 1e-6 } else { 2e-2 };
        for (loss, norm, part) in parts {
            assert!((whole_loss - loss).abs() < near && (whole_norm - norm).abs() < near, "{whole_norm} and {norm}");
            let pairs = whole.as_floats().into_iter().flatten().zip(part.as_floats().into_iter().flatten());
            assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < near);
        }
    }
}
