//! What no turn of a loop changes leaves it.

use diadc::execute::{HostTensor, NamedTensors};
use diadc::graph::program::Function;
use diadc::graph::{Graph, Loop, Task};
use diadc::op::{Binary, Op, Unary};
use diadc::optimize::optimize;

use crate::run::net::{Net, evaluate, floats, inputs};
use crate::run::repeat::recurrence;

fn body(function: &Function) -> &Graph {
    let loops = function.graph.nodes().filter_map(|(_, node)| match &node.task {
        Task::Loop(run) => Some(&run.body),
        Task::Op(_) => None,
    });
    loops.last().expect("the function has a loop")
}

fn operations(graph: &Graph) -> usize {
    graph.nodes().filter(|(_, node)| !matches!(node.task, Task::Op(Op::Input { .. } | Op::Weight { .. }))).count()
}

/// Each turn adds to `x` what depends only on the condition, the weights and a constant.
fn conditioned(has_inner_loop: bool) -> Function {
    let mut body = Net::default();
    let x = body.input("x", "B 3");
    let still = body.input("still", "B 3");
    let condition = body.input("condition", "B 3");
    let weight = body.weight(0, "3 3");
    let encoded = body.linear(condition, weight);
    let encoded = if has_inner_loop {
        let mut inner = Net::default();
        let y = inner.input("y", "B 3");
        let fixed = inner.input("fixed", "B 3");
        let noise = inner.unary(Unary::Exp, fixed);
        let y = inner.binary(Binary::Mul, y, noise);
        inner.graph.set_output("y", y);
        body.run_loop(Loop { body: inner.graph, carried: 1, stepped: Vec::new(), steps: 2 }, &[encoded, condition])[0]
    } else {
        body.unary(Unary::Tanh, encoded)
    };
    let shifted = body.binary(Binary::Add, encoded, still);
    let x = body.binary(Binary::Add, x, shifted);
    let x = body.unary(Unary::Tanh, x);
    body.graph.set_output("x", x);
    body.graph.set_output("still", still);
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let condition = net.input("condition", "B 3");
    let run = Loop { body: body.graph, carried: 2, stepped: Vec::new(), steps: 3 };
    let end = net.run_loop(run, &[x, x, condition]);
    net.function(&[("end", end[0]), ("still", end[1])])
}

fn given() -> NamedTensors {
    inputs([("x", floats(&[2, 3], 1)), ("condition", floats(&[2, 3], 2))])
}

fn weights() -> [HostTensor; 1] {
    [floats(&[3, 3], 3)]
}

#[test]
fn what_no_turn_changes_moves_out_of_a_loop() {
    let function = conditioned(false);
    let better = optimize(&function);
    assert_eq!(operations(body(&function)), 5);
    assert_eq!(operations(body(&better)), 2, "only the sum and tanh of the carried value");
    assert_eq!(evaluate(&better, &weights(), &given(), 2), evaluate(&function, &weights(), &given(), 2));
}

#[test]
fn a_whole_inner_loop_can_move() {
    let function = conditioned(true);
    let better = optimize(&function);
    assert_eq!(operations(body(&better)), 2);
    assert_eq!(evaluate(&better, &weights(), &given(), 2), evaluate(&function, &weights(), &given(), 2));
}

#[test]
fn a_random_source_stays_in_its_loop() {
    let mut body = Net::default();
    let x = body.input("x", "B 3");
    let noise = body.normal("noise", "B 3");
    let noise = body.unary(Unary::Tanh, noise);
    let x = body.binary(Binary::Add, x, noise);
    body.graph.set_output("x", x);
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    net.input("condition", "B 3");
    let end = net.run_loop(Loop { body: body.graph, carried: 1, stepped: Vec::new(), steps: 3 }, &[x])[0];
    let function = net.function(&[("end", end)]);
    let better = optimize(&function);
    assert_eq!(better, function);
}

#[test]
fn constants_of_the_step_stay_with_what_depends_on_them() {
    let function = recurrence(true);
    let better = optimize(&function);
    assert_eq!(operations(body(&better)), operations(body(&function)));
}
