//! Operations on the device that `DIADC_TEST_DEVICE` names, if it is not the processor, and in other precisions than f32:
//! as a function of one operation, by way of the engine. Float inputs are weights there, so that they have gradients.

use diadc::execute::{HostTensor, NamedTensors};
use diadc::fact::Precision;
use diadc::graph::differentiate;
use diadc::op::{Binary, Op, Reduction, WeightId};
use diadc::plan::plan;

use super::fixture::fact;
use crate::run::net::{Net, draw, engine_in};

/// The output of an operation.
pub(super) fn run(precision: Precision, op: &Op, inputs: &[HostTensor]) -> HostTensor {
    let (mut net, weights, given, values) = graph(inputs);
    let output = net.add(op.clone(), &values);
    let mut engine = engine_in(precision, &weights);
    let id = engine.add(plan(&net.function(&[("out", output)])));
    let mut outputs = engine.evaluate(id, &given, &draw(1)).expect("the device works");
    outputs.remove(0).1
}

/// The gradient of `sum(output * factors)` by each float input, zeros where there is none.
pub(super) fn gradients(
    precision: Precision,
    op: &Op,
    inputs: &[HostTensor],
    factors: &HostTensor,
) -> Vec<(usize, HostTensor)> {
    let (mut net, weights, mut given, values) = graph(inputs);
    let output = net.add(op.clone(), &values);
    let input = net.add(Op::Input { name: "factors".to_owned(), fact: fact(factors) }, &[]);
    given.insert("factors".to_owned(), factors.clone());
    let product = net.binary(Binary::Mul, output, input);
    let axes = (0..factors.shape.len()).collect();
    let sum = net.add(Op::Reduce { kind: Reduction::Sum, axes, keep: false }, &[product]);
    let trained: Vec<WeightId> = (0..weights.len()).map(|i| WeightId(i as u32)).collect();
    let mut engine = engine_in(precision, &weights);
    let id = engine.add(plan(&differentiate(&net.function(&[("loss", sum)]), &trained)));
    let made = engine.gradients(id, &given, &draw(1)).expect("the device works");
    let places = inputs.iter().enumerate().filter(|(_, input)| input.as_floats().is_some());
    let pairs = places.zip(made.gradients).map(|((place, input), (_, gradient))| {
        let zeros = || HostTensor::floats(&input.shape, vec![0.0; input.shape.iter().product()]);
        (place, gradient.unwrap_or_else(zeros))
    });
    pairs.collect()
}

/// A graph with the inputs in it: the weights, the other inputs by name, and all of them in order.
pub(super) fn graph(inputs: &[HostTensor]) -> (Net, Vec<HostTensor>, NamedTensors, Vec<diadc::graph::ValueId>) {
    let (mut net, mut weights, mut given, mut values) = (Net::default(), Vec::new(), NamedTensors::new(), Vec::new());
    for (place, input) in inputs.iter().enumerate() {
        let fact = fact(input);
        values.push(if input.as_floats().is_some() {
            weights.push(input.clone());
            net.add(Op::Weight { id: WeightId((weights.len() - 1) as u32), fact }, &[])
        } else {
            given.insert(format!("in{place}"), input.clone());
            net.add(Op::Input { name: format!("in{place}"), fact }, &[])
        });
    }
    (net, weights, given, values)
}
