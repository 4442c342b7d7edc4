//! Inputs that do not fit a function are refused with names; symbols are found from those that do.

use diadc::execute::{HostTensor, NamedTensors};
use diadc::graph::program::Function;
use diadc::op::{Binary, Unary};
use diadc::plan::plan;

use super::net::{Net, draw, engine, evaluate, floats, inputs};

fn pair() -> Function {
    let mut net = Net::default();
    let a = net.input("a", "B 3");
    let b = net.input("b", "B 3");
    let sum = net.binary(Binary::Add, a, b);
    net.function(&[("sum", sum)])
}

fn refusal(inputs: &NamedTensors) -> String {
    let mut engine = engine(&[]);
    let id = engine.add(plan(&pair()));
    engine.evaluate(id, inputs, &draw(2)).expect_err("the inputs are wrong").to_string()
}

#[test]
fn a_missing_input_is_named() {
    assert_eq!(refusal(&inputs([("a", floats(&[2, 3], 1))])), "`f` needs the input `b`: [B, 3]");
}

#[test]
fn an_unknown_input_is_named_with_those_that_there_are() {
    let given = inputs([("a", floats(&[2, 3], 1)), ("c", floats(&[2, 3], 1))]);
    assert_eq!(refusal(&given), "`f` has no input `c`; it has `a`, `b`");
}

#[test]
fn two_inputs_must_agree_on_the_batch() {
    let given = inputs([("a", floats(&[2, 3], 1)), ("b", floats(&[4, 3], 1))]);
    assert_eq!(refusal(&given), "the input `b` of `f` must be [B, 3], here [2, 3], this is [4, 3]");
}

#[test]
fn integers_are_no_floats() {
    let given = inputs([("a", HostTensor::ints(&[2, 3], vec![0; 6])), ("b", floats(&[2, 3], 1))]);
    assert_eq!(refusal(&given), "the input `a` of `f` must be [B, 3], here [2, 3], this is int[2, 3]");
}

#[test]
fn an_input_that_nobody_uses_must_still_fit() {
    let mut net = Net::default();
    let a = net.input("a", "B 3");
    net.input("unused", "B");
    let y = net.unary(Unary::Exp, a);
    let function = net.function(&[("y", y)]);
    let mut engine = engine(&[]);
    let id = engine.add(plan(&function));
    let fits = inputs([("a", floats(&[2, 3], 1)), ("unused", floats(&[2], 1))]);
    engine.evaluate(id, &fits, &draw(2)).expect("it runs");
    let wrong = inputs([("a", floats(&[2, 3], 1)), ("unused", floats(&[3], 1))]);
    engine.evaluate(id, &wrong, &draw(2)).expect_err("the extents differ");
}

#[test]
fn the_batch_may_differ_from_run_to_run() {
    let mut engine = engine(&[]);
    let id = engine.add(plan(&pair()));
    for batch in [1, 3, 2] {
        let given = inputs([("a", floats(&[batch, 3], 1)), ("b", floats(&[batch, 3], 2))]);
        let outputs = engine.evaluate(id, &given, &draw(batch as u64)).expect("it runs");
        assert_eq!(outputs[0].1.shape, [batch, 3]);
    }
}

#[test]
fn a_number_without_axes_comes_back_without_axes() {
    let mut net = Net::default();
    let a = net.input("a", "B 3");
    let mean = net.mean(a);
    let function = net.function(&[("mean", mean)]);
    let outputs = evaluate(&function, &[], &inputs([("a", HostTensor::floats(&[1, 3], vec![1.0, 2.0, 6.0]))]), 1);
    assert_eq!(outputs[0].1, HostTensor::floats(&[], vec![3.0]));
}
