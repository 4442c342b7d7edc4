//! What bf16 rounds, and what it leaves as it is.

use diadc::execute::{Composed, Engine, HostTensor, Session};
use diadc::fact::Precision;
use diadc::graph::differentiate;
use diadc::op::{Binary, WeightId};
use diadc::plan::plan;

use crate::device::{Plain, place};

use super::net::{Net, draw, engine_in, inputs, sgd, stepped};

/// One more than bf16 can tell from 1.
const FINE: f32 = 1.0 + 1.0 / 512.0;

#[test]
fn precisions_are_named_as_users_write_them() {
    for precision in [Precision::F32, Precision::Bf16] {
        assert_eq!(precision.to_string().parse(), Ok(precision));
    }
    let error = "fp16".parse::<Precision>().expect_err("it is none").to_string();
    assert_eq!(error, "there is no precision `fp16`; write `f32` or `bf16`");
}

/// `x * w + (x w^T)`, whose product is rounded and whose sum is not; with the gradient of its mean.
#[test]
fn factors_of_products_are_rounded_and_nothing_else() {
    for (precision, product) in [(Precision::F32, FINE * FINE), (Precision::Bf16, 1.0)] {
        let mut net = Net::default();
        let x = net.input("x", "B 1");
        let weight = net.weight(0, "1 1");
        let product_value = net.linear(x, weight);
        let apart = net.binary(Binary::Mul, x, weight);
        let sum = net.binary(Binary::Add, apart, product_value);
        let loss = net.mean(sum);
        let function = net.function(&[("loss", loss)]);
        let mut engine = engine_in(precision, &[HostTensor::floats(&[1, 1], vec![FINE])]);
        let id = engine.add(plan(&differentiate(&function, &[WeightId(0)])));
        let given = inputs([("x", HostTensor::floats(&[1, 1], vec![FINE]))]);
        let made = engine.gradients(id, &given, &draw(1)).expect("it runs");
        let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
        assert!(near(made.loss, FINE * FINE + product), "{precision}: {}", made.loss);
        let gradient = made.gradients[0].1.as_ref().and_then(HostTensor::as_floats).expect("there is one")[0];
        let rounded = if precision == Precision::F32 { FINE } else { 1.0 };
        assert!(near(gradient, FINE + rounded), "{precision}: {gradient}");
        assert_eq!(engine.weight(WeightId(0)).expect("it is there").as_floats(), Some([FINE].as_slice()));
    }
}

/// A device that keeps rounded weights rounds them anew after each way in which they change.
#[test]
fn a_changed_weight_is_rounded_again() {
    let mut net = Net::default();
    let x = net.input("x", "B 1");
    let weight = net.weight(0, "1 1");
    let product = net.linear(x, weight);
    let loss = net.mean(product);
    let function = net.function(&[("loss", loss)]);
    let id = WeightId(0);
    let one = |number: f32| HostTensor::floats(&[1, 1], vec![number]);
    let mut session = Session::<Composed<Plain>>::new("keeps".to_owned(), place(), Precision::Bf16);
    session.set_weights(&mut std::iter::once(one(1.0)));
    let plan = session.add(stepped(&function, &[id], sgd(0.5)));
    let given = inputs([("x", one(2.0))]);
    let rounded = |session: &mut Session<Composed<Plain>>| {
        let outputs = session.evaluate(plan, &given, &draw(1)).expect("it runs");
        outputs[0].1.as_floats().expect("it is a float")[0]
    };
    assert_eq!(rounded(&mut session), 2.0);
    session.set_weight(id, one(3.0 * FINE));
    assert_eq!(rounded(&mut session), 6.0);
    session.step(plan, &given, &draw(1), 1.0).expect("it runs");
    assert_eq!(rounded(&mut session), 4.0);
    session.set_averaged(id, one(5.0));
    session.exchange_averages();
    assert_eq!(rounded(&mut session), 10.0);
    session.exchange_averages();
    session.set_weights(&mut std::iter::once(one(7.0)));
    assert_eq!(rounded(&mut session), 14.0);
}
