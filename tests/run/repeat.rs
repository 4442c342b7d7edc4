//! Loops against the same turns written out.

use diadc::execute::HostTensor;
use diadc::graph::Loop;
use diadc::graph::differentiate;
use diadc::graph::program::Function;
use diadc::op::{Binary, Constant, Elements, Op, Unary, WeightId};
use diadc::plan::plan;

use super::net::{Net, dims, draw, engine, evaluate, floats, inputs};

const FACTORS: [f64; 4] = [0.5, 1.5, -1.0, 2.0];

/// `x <- tanh(W x) * factor[i] + shift`, four times, as a loop or written out.
pub(crate) fn recurrence(is_loop: bool) -> Function {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let shift = net.input("shift", "B 3");
    let end = if is_loop {
        let mut body = Net::default();
        let x_in = body.input("x", "B 3");
        let factor = body.input("factor", "");
        let shift_in = body.input("shift", "B 3");
        let after = turn(&mut body, x_in, factor, shift_in);
        body.graph.set_output("x", after);
        let stepped = vec![Elements::Float(FACTORS.into())];
        net.run_loop(Loop { body: body.graph, carried: 1, stepped, steps: 4 }, &[x, shift])[0]
    } else {
        FACTORS.iter().fold(x, |x, &factor| {
            let factor = net.constant(factor, "");
            turn(&mut net, x, factor, shift)
        })
    };
    let square = net.binary(Binary::Mul, end, end);
    let loss = net.mean(square);
    net.function(&[("loss", loss), ("end", end)])
}

fn turn(
    net: &mut Net,
    x: diadc::graph::ValueId,
    factor: diadc::graph::ValueId,
    shift: diadc::graph::ValueId,
) -> diadc::graph::ValueId {
    let weight = net.weight(0, "3 3");
    let y = net.linear(x, weight);
    let y = net.unary(Unary::Tanh, y);
    let y = net.binary(Binary::Mul, y, factor);
    net.binary(Binary::Add, y, shift)
}

fn given() -> diadc::execute::NamedTensors {
    inputs([("x", floats(&[2, 3], 1)), ("shift", floats(&[2, 3], 2))])
}

#[test]
fn a_loop_computes_what_its_turns_written_out_compute() {
    let weights = [floats(&[3, 3], 5)];
    assert_eq!(evaluate(&recurrence(true), &weights, &given(), 2), evaluate(&recurrence(false), &weights, &given(), 2));
}

#[test]
fn the_gradient_of_a_loop_is_that_of_its_turns_written_out() {
    let mut engine = engine(&[floats(&[3, 3], 5)]);
    let [looped, written] = [true, false].map(|is_loop| {
        let id = engine.add(plan(&differentiate(&recurrence(is_loop), &[WeightId(0)])));
        engine.gradients(id, &given(), &draw(2)).expect("it runs")
    });
    assert!(looped.gradients[0].1.as_ref().is_some_and(|g| g.as_floats().is_some_and(|v| v.iter().any(|x| *x != 0.0))));
    assert_eq!(looped, written);
}

#[test]
fn nested_loops_turn_as_often_as_both_say() {
    let mut inner = Net::default();
    let x = inner.input("x", "");
    let one = inner.add(Op::Constant(Constant { elements: Elements::Float([1.0].into()), shape: dims("") }), &[]);
    let y = inner.binary(Binary::Add, x, one);
    inner.graph.set_output("x", y);
    let mut outer = Net::default();
    let x = outer.input("x", "");
    let run = Loop { body: inner.graph, carried: 1, stepped: Vec::new(), steps: 3 };
    let y = outer.run_loop(run, &[x])[0];
    outer.graph.set_output("x", y);
    let mut net = Net::default();
    let x = net.input("x", "");
    let run = Loop { body: outer.graph, carried: 1, stepped: Vec::new(), steps: 5 };
    let y = net.run_loop(run, &[x])[0];
    let function = net.function(&[("y", y)]);
    let outputs = evaluate(&function, &[], &inputs([("x", HostTensor::floats(&[], vec![0.0]))]), 1);
    assert_eq!(outputs[0].1, HostTensor::floats(&[], vec![15.0]));
}

#[test]
fn a_loop_of_no_turns_gives_back_its_first_values() {
    let mut body = Net::default();
    let x = body.input("x", "2");
    let y = body.unary(Unary::Exp, x);
    body.graph.set_output("x", y);
    let mut net = Net::default();
    let x = net.input("x", "2");
    let y = net.run_loop(Loop { body: body.graph, carried: 1, stepped: Vec::new(), steps: 0 }, &[x])[0];
    let function = net.function(&[("y", y)]);
    let x = floats(&[2], 1);
    assert_eq!(evaluate(&function, &[], &inputs([("x", x.clone())]), 1)[0].1, x);
}
