//! Gradients of small objectives against their formulas.

use diadc::execute::HostTensor;
use diadc::graph::differentiate;
use diadc::graph::program::Function;
use diadc::op::{Binary, Op, Unary, WeightId};
use diadc::plan::plan;

use super::net::{Net, draw, engine, floats, inputs};
use crate::spec::{Spec, shown};

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

/// The factor and the gradient of an adversarial loss beside another, by their formulas; `second` is its text, with the slope of
/// a weight by it as a multiple of the mean image.
fn balanced(second: &str, slope: f64, most: Option<f64>) {
    let limit = most.map_or_else(String::new, |most| format!(", most: {most:?}"));
    let spec = Spec::with(
        "use std::autoencoder::{balance}\nblock Net() { fn (x) { conv(x, 1, out: 1, bias: false) @ \"own\" } }",
        &format!(
            "data {{ size = 1 }}\npart net = Net()\nobjective o(image) trains net {{
                let y = net(image)
                let second = {second}
                balance(mean(y * y), second, weight: \"net.own.weight\"{limit}) * second + mean(y)
            }}"
        ),
    );
    let program = spec.result().unwrap_or_else(|failed| panic!("{}", shown(&failed))).program;
    let (images, weight) = ([[1.0, 2.0, -1.0], [0.5, -3.0, 2.0]], [0.3, -0.2, 0.7]);
    let flat: Vec<f32> = images.iter().flatten().map(|x| *x as f32).collect();
    let mut engine = engine(&[HostTensor::floats(&[1, 3, 1, 1], weight.map(|x| x as f32).to_vec())]);
    let id = engine.add(program.plan("o", &program.objectives[0].trains).expect("there is an objective"));
    let given = inputs([("image", HostTensor::floats(&[2, 3, 1, 1], flat))]);
    let got = engine.gradients(id, &given, &draw(2)).expect("it runs");

    let y = images.map(|image| image.iter().zip(weight).map(|(x, w)| x * w).sum::<f64>());
    let mean_of =
        |factors: [f64; 2]| [0, 1, 2].map(|i| f64::midpoint(factors[0] * images[0][i], factors[1] * images[1][i]));
    let length = |x: [f64; 3]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mean = mean_of([1.0, 1.0]);
    let first = length(mean_of(y.map(|y| 2.0 * y)));
    let factor = (first / (slope.abs() * length(mean) + 1e-4)).min(most.unwrap_or(1e4));
    let loss = (factor * slope + 1.0) * f64::midpoint(y[0], y[1]);
    let expected = mean.map(|x| (factor * slope + 1.0) * x);
    assert!((f64::from(got.loss) - loss).abs() < 1e-5 * (1.0 + loss.abs()), "{second}: {} and {loss}", got.loss);
    let found = got.gradients[0].1.as_ref().and_then(HostTensor::as_floats).expect("the weight has a gradient");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (f64::from(*found) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
            "{second}: {found} and {expected}"
        );
    }
}

#[test]
fn an_adversarial_loss_is_balanced_by_the_lengths_of_two_gradients_through_which_none_flows() {
    balanced("-3 * mean(y)", -3.0, None);
    balanced("0.1 * mean(y)", 0.1, Some(2.5));
    balanced("0 * mean(y)", 0.0, None);
}
