//! Gradients of small objectives against their formulas.

use diadc::execute::HostTensor;
use diadc::graph::differentiate;
use diadc::graph::program::Function;
use diadc::op::{Binary, Op, Unary, WeightId};
use diadc::plan::plan;

use super::net::{Net, draw, engine, floats, inputs};

/// The mean over the batch of `(x W)^2`, with the mean of `x W` as the update of a statistic.
pub(crate) fn objective() -> Function {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let weight = net.weight(0, "2 3");
    let y = net.linear(x, weight);
    let square = net.binary(Binary::Mul, y, y);
    let loss = net.mean(square);
    let mean = net.mean(y);
    let mut function = net.function(&[("loss", loss)]);
    function.updates.push((WeightId(1), mean));
    function
}

#[test]
fn the_gradient_is_that_of_the_formula() {
    let mut engine =
        engine(&[HostTensor::floats(&[2, 3], vec![1.0, 0.0, 0.0, 0.0, 2.0, 0.0]), HostTensor::floats(&[], vec![0.0])]);
    let id = engine.add(plan(&differentiate(&objective(), &[WeightId(0)])));
    let x = inputs([("x", HostTensor::floats(&[1, 3], vec![1.0, 2.0, 3.0]))]);
    let got = engine.gradients(id, &x, &draw(1)).expect("it runs");
    // y = [1, 4], loss = (1 + 16) / 2, gradient = y x^T.
    assert!((got.loss - 8.5).abs() < 1e-6);
    assert_eq!(got.gradients, [(WeightId(0), Some(HostTensor::floats(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 8.0, 12.0])))]);
    assert_eq!(got.updates, [(WeightId(1), HostTensor::floats(&[], vec![2.5]))]);
}

#[test]
fn a_loss_that_depends_on_no_trained_weight_has_no_gradient() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let weight = net.weight(0, "2 3");
    let y = net.linear(x, weight);
    let y = net.add(Op::StopGradient, &[y]);
    let loss = net.mean(y);
    let function = net.function(&[("loss", loss)]);
    let mut engine = engine(&[floats(&[2, 3], 1)]);
    let id = engine.add(plan(&differentiate(&function, &[WeightId(0)])));
    let got = engine.gradients(id, &inputs([("x", floats(&[2, 3], 2))]), &draw(2)).expect("it runs");
    assert_eq!(got.gradients, [(WeightId(0), None)]);
}

#[test]
fn a_value_used_with_and_without_gradient_has_the_gradient_of_one_use() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let weight = net.weight(0, "2 3");
    let y = net.linear(x, weight);
    let still = net.add(Op::StopGradient, &[y]);
    let product = net.binary(Binary::Mul, y, still);
    let loss = net.mean(product);
    let function = net.function(&[("loss", loss)]);
    let mut engine = engine(&[HostTensor::floats(&[2, 3], vec![1.0, 0.0, 0.0, 0.0, 2.0, 0.0])]);
    let id = engine.add(plan(&differentiate(&function, &[WeightId(0)])));
    let x = inputs([("x", HostTensor::floats(&[1, 3], vec![1.0, 2.0, 3.0]))]);
    let got = engine.gradients(id, &x, &draw(1)).expect("it runs");
    let half = vec![0.5, 1.0, 1.5, 2.0, 4.0, 6.0];
    assert_eq!(got.gradients, [(WeightId(0), Some(HostTensor::floats(&[2, 3], half)))]);
}

#[test]
fn the_first_value_that_is_not_finite_is_found() {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let y = net.unary(Unary::Abs, x);
    let y = net.unary(Unary::Neg, y);
    let y = net.unary(Unary::Log, y);
    let loss = net.mean(y);
    let function = net.function(&[("loss", loss)]);
    let mut engine = engine(&[]);
    let id = engine.add(plan(&function));
    let error = engine.find_not_finite(id, &inputs([("x", floats(&[2, 3], 2))]), &draw(2)).expect_err("log of -1");
    assert_eq!(error.to_string(), "in `f`, `log` gives numbers that are not finite");
}
