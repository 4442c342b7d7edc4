//! How fast a device multiplies large matrices: the most that a model could reach if it did nothing else.
//!
//! Products are taken one after the other, each of the one before, so that nothing but a number comes back to the host.
//! They are measured both as a product with a weight and as one of two values, since those have kernels of their own.

use std::time::Instant;

use crate::execute::random::{Key, uniforms};
use crate::execute::{DeviceChoice, Draw, Engine, HostTensor, NamedTensors, PlanId, RunError};
use crate::fact::{Fact, Shape};
use crate::graph::{Function, Graph, Origin, ScopeId};
use crate::op::{Binary, Op, Reduction, WeightId};
use crate::plan::plan;
use crate::span::{SourceId, Span};

use super::super::error::ExperimentError;
use super::super::target::Target;
use super::result::Peak;

/// How often a row of products is measured; the fastest counts.
const TRIES: usize = 3;
/// Seconds after which no further try is made.
const ENOUGH: f64 = 3.0;

/// So many threads are all busy with smaller matrices.
const FEW_THREADS: usize = 8;

/// Measures large products on the device of a target.
///
/// # Errors
/// If the device fails.
pub(super) fn peak(target: Target, mut engine: Box<dyn Engine>) -> Result<Peak, ExperimentError> {
    // Large enough that other work does not count, and no larger.
    let (side, products) = match target.device {
        DeviceChoice::Cpu if target.threads <= FEW_THREADS => (1024, 8),
        DeviceChoice::Cpu => (2048, 8),
        DeviceChoice::Cuda(_) => (8192, 16),
    };
    // Of such a size that products do not grow.
    let bound = (3.0 / side as f32).sqrt();
    let key = Key { seed: 1, purpose: "bench", step: 0, sample: 0, iteration: 0 };
    let weight = uniforms(&key, side * side, |x| bound * (2.0 * x - 1.0));
    engine.set_weights(&mut std::iter::once(HostTensor::floats(&[side, side], weight)));
    let mut best = f64::INFINITY;
    for op in [Op::Linear, Op::MatMul] {
        let id = engine.add(plan(&row(&op, side, products)));
        best = best.min(fastest(engine.as_mut(), id)?);
    }
    let multiply_adds = products as f64 * (side as f64).powi(3);
    Ok(Peak { precision: target.precision, side, multiply_adds_per_second: multiply_adds / best })
}

/// The mean of a matrix that is multiplied several times by itself.
fn row(op: &Op, side: usize, products: usize) -> Function {
    let origin = Origin { span: Span { source: SourceId(0), start: 0, end: 0 }, scope: ScopeId(0) };
    let square = Fact::float(Shape::of(&[side as i64, side as i64]));
    let mut graph = Graph::default();
    let mut add = |op: Op, inputs: &[_]| graph.add(op, inputs, origin).expect("matrices of one size can be multiplied");
    let weight = add(Op::Weight { id: WeightId(0), fact: square }, &[]);
    // What depends on an input is computed in each run.
    let factor = add(Op::Input { name: "factor".to_owned(), fact: Fact::float(Shape::of(&[1])) }, &[]);
    let mut matrix = add(Op::Binary(Binary::Mul), &[weight, factor]);
    for _ in 0..products {
        matrix = add(op.clone(), &[matrix, weight]);
    }
    let mean = add(Op::Reduce { kind: Reduction::Mean, axes: vec![0, 1], keep: false }, &[matrix]);
    graph.set_output("mean", mean);
    Function::new("products", graph)
}

/// Seconds of the fastest run after the first.
fn fastest(engine: &mut dyn Engine, id: PlanId) -> Result<f64, RunError> {
    let inputs = NamedTensors::from([("factor".to_owned(), HostTensor::floats(&[1], vec![1.0]))]);
    let draw = Draw { seed: 1, step: 0, samples: vec![0] };
    let mut run = || {
        let begun = Instant::now();
        engine.evaluate(id, &inputs, &draw)?;
        Ok::<_, RunError>(begun.elapsed().as_secs_f64())
    };
    let mut best = run()?;
    if best < ENOUGH {
        for _ in 0..TRIES {
            best = best.min(run()?);
        }
    }
    engine.release(id);
    Ok(best)
}
