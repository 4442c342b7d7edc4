//! Dead, equal and idle nodes go.

use diadc::graph::program::Function;
use diadc::graph::{Graph, Loop, Task};
use diadc::op::{Binary, Op, Unary, WeightId};
use diadc::optimize::optimize;

use crate::run::net::{Net, dims, evaluate, floats, inputs};

fn names(function: &Function) -> Vec<String> {
    listed(&function.graph)
}

pub(super) fn listed(graph: &Graph) -> Vec<String> {
    graph
        .nodes()
        .map(|(_, node)| match &node.task {
            Task::Op(op) => op.to_string(),
            Task::Loop(run) => format!("loop {}", run.steps),
        })
        .collect()
}

#[test]
fn dead_nodes_go_and_inputs_stay_in_order() {
    let mut net = Net::default();
    net.input("unused", "B 3");
    let x = net.input("x", "B 3");
    net.unary(Unary::Exp, x);
    let y = net.unary(Unary::Tanh, x);
    let function = net.function(&[("y", y)]);
    assert_eq!(names(&optimize(&function)), ["input unused", "input x", "tanh"]);
}

#[test]
fn updates_keep_what_they_need() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let mean = net.mean(x);
    let y = net.unary(Unary::Tanh, x);
    let mut function = net.function(&[("y", y)]);
    function.updates.push((WeightId(4), mean));
    let better = optimize(&function);
    assert_eq!(better.graph.outputs().len(), 1);
    let (id, value) = better.updates[0];
    assert_eq!(id, WeightId(4));
    assert!(matches!(better.graph.node(value.node).task, Task::Op(Op::Reduce { .. })));
}

#[test]
fn equal_nodes_become_one_and_equal_sources_too() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let [a, b] = [0, 1].map(|_| net.normal("same", "B 3"));
    let c = net.normal("other", "B 3");
    let [a, b, c] = [a, b, c].map(|noise| net.binary(Binary::Add, x, noise));
    let function = net.function(&[("a", a), ("b", b), ("c", c)]);
    let better = optimize(&function);
    assert_eq!(names(&better), ["input x", "random_normal \"same\"", "random_normal \"other\"", "add", "add"]);
    let given = inputs([("x", floats(&[2, 3], 1))]);
    assert_eq!(evaluate(&better, &[], &given, 2), evaluate(&function, &[], &given, 2));
}

#[test]
fn what_changes_nothing_is_dropped() {
    let mut net = Net::default();
    let x = net.input("x", "B 3 4");
    let y = net.add(Op::Reshape(dims("B 12")), &[x]);
    let y = net.add(Op::Reshape(dims("B 4 3")), &[y]);
    let y = net.add(Op::Permute(vec![0, 2, 1]), &[y]);
    let y = net.add(Op::Permute(vec![0, 2, 1]), &[y]);
    let y = net.add(Op::Expand(dims("B 4 3")), &[y]);
    let y = net.unary(Unary::AddScalar(0.0), y);
    let y = net.unary(Unary::MulScalar(1.0), y);
    let y = net.add(Op::Concat { axis: 1 }, &[y]);
    let function = net.function(&[("y", y)]);
    assert_eq!(names(&optimize(&function)), ["input x", "reshape"]);
}

#[test]
fn a_loop_without_turns_is_its_first_values() {
    let mut body = Net::default();
    let x = body.input("x", "2");
    let y = body.unary(Unary::Exp, x);
    body.graph.set_output("x", y);
    let mut net = Net::default();
    let x = net.input("x", "2");
    let y = net.run_loop(Loop { body: body.graph, carried: 1, stepped: Vec::new(), steps: 0 }, &[x])[0];
    let function = net.function(&[("y", y)]);
    assert_eq!(names(&optimize(&function)), ["input x"]);
}

#[test]
fn two_permutations_become_the_one_that_they_are() {
    let mut net = Net::default();
    let x = net.input("x", "B 3 4 5");
    let y = net.add(Op::Permute(vec![1, 2, 0, 3]), &[x]);
    let y = net.add(Op::Permute(vec![0, 3, 1, 2]), &[y]);
    let function = net.function(&[("y", y)]);
    let better = optimize(&function);
    assert_eq!(names(&better), ["input x", "permute [1, 3, 2, 0]"]);
    let given = inputs([("x", floats(&[2, 3, 4, 5], 1))]);
    assert_eq!(evaluate(&better, &[], &given, 2), evaluate(&function, &[], &given, 2));
}
