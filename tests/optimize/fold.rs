//! Constants are computed once, to the last bit.

use diadc::fact::Fact;
use diadc::graph::program::Function;
use diadc::op::{Binary, Constant, Elements, Op, Unary};
use diadc::optimize::optimize;

use crate::run::net::{Net, dims, evaluate, floats, inputs};

use super::shrink::listed;

/// The operations left, after checking that the numbers stayed the same to the last bit.
fn folded(function: &Function) -> Vec<String> {
    let better = optimize(function);
    let given = inputs([("x", floats(&[2, 3], 1))]);
    assert_eq!(evaluate(&better, &[], &given, 2), evaluate(function, &[], &given, 2));
    listed(&better.graph)
}

#[test]
fn arithmetic_on_constants_is_done_once() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let a = net.constant(0.1, "");
    let b = net.constant(0.2, "3");
    let sum = net.binary(Binary::Add, a, b);
    let third = net.unary(Unary::MulScalar(1.0 / 3.0), sum);
    let root = net.unary(Unary::Sqrt, third);
    let row = net.add(Op::Reshape(dims("1 3")), &[root]);
    let y = net.binary(Binary::Div, x, row);
    assert_eq!(folded(&net.function(&[("y", y)])), ["input x", "constant 0.316228", "div"]);
}

#[test]
fn a_constant_operand_becomes_part_of_the_operation() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let c = net.constant(0.3, "");
    let y = net.binary(Binary::Mul, c, x);
    let y = net.binary(Binary::Sub, y, c);
    let y = net.binary(Binary::Add, y, c);
    assert_eq!(folded(&net.function(&[("y", y)])), ["input x", "mul 0.3", "add -0.3", "add 0.3"]);
}

#[test]
fn a_constant_that_makes_the_other_operand_larger_stays() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let c = net.constant(0.3, "4 1 3");
    let y = net.binary(Binary::Mul, x, c);
    assert_eq!(folded(&net.function(&[("y", y)])), ["input x", "constant 0.300000", "mul"]);
}

#[test]
fn integers_are_not_computed_beyond_what_tensors_hold() {
    let mut net = Net::default();
    let mut int =
        |n: i64| net.add(Op::Constant(Constant { elements: Elements::Int([n].into()), shape: dims("") }), &[]);
    let (large, least, one) = (int(100_000), int(i32::MIN.into()), int(1));
    let product = net.binary(Binary::Mul, large, large);
    let sum = net.binary(Binary::Add, large, one);
    let negative = net.unary(Unary::Neg, least);
    let t = net.add(Op::Input { name: "t".to_owned(), fact: Fact::int(dims("B")) }, &[]);
    let less = net.binary(Binary::Sub, t, least);
    let outputs = [("product", product), ("sum", sum), ("negative", negative), ("less", less)];
    let better = optimize(&net.function(&outputs));
    let left = listed(&better.graph);
    let kept = ["constant 100000", "constant -2147483648", "constant 100001", "mul 100000", "neg", "input t", "sub"];
    assert!(kept.iter().all(|op| left.iter().any(|found| found == op)), "{left:?}");
}

#[test]
fn exponentials_are_left_to_the_device() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let c = net.constant(0.3, "3");
    let e = net.unary(Unary::Exp, c);
    let y = net.binary(Binary::Mul, x, e);
    assert_eq!(folded(&net.function(&[("y", y)])), ["input x", "constant 0.300000", "exp", "mul"]);
}
