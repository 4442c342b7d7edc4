//! Optimisers against torch; the fixture is made by `tests/oracle/optimizers.py`.

use std::collections::BTreeMap;

use diadc::execute::HostTensor;
use diadc::graph::Rules;
use diadc::graph::program::{Decay, Function, Optimizer};
use diadc::op::{Binary, Unary, WeightId};
use serde_json::Value;

use crate::run::net::{Net, draw, engine, inputs, is_exact, sgd, stepped, stepped_by};

const TOLERANCE: f32 = 2e-6;
/// The same where gradients are rounded.
const ROUNDED: f32 = 2e-3;

fn objective() -> Function {
    let mut net = Net::default();
    let x = net.input("x", "B 3");
    let a = net.weight(0, "3 3");
    let b = net.weight(1, "2 3");
    let y = net.linear(x, a);
    let y = net.unary(Unary::Tanh, y);
    let y = net.linear(y, b);
    let square = net.binary(Binary::Mul, y, y);
    let loss = net.mean(square);
    net.function(&[("loss", loss)])
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number") as f32).collect()
}

fn rule(rule: &Value) -> (Optimizer, Option<f64>) {
    let number = |name: &str| rule[name].as_f64().expect("a number");
    let says = |name: &str| rule[name].as_bool().expect("true or false");
    let weight_decay = number("weight_decay");
    let optimizer = match rule["kind"].as_str() {
        Some("SGD") => {
            Optimizer::Sgd { lr: number("lr"), momentum: number("momentum"), weight_decay, nesterov: says("nesterov") }
        }
        Some(kind @ ("Adam" | "AdamW")) => {
            let decay = if kind == "Adam" { Decay::OfGradient } else { Decay::OfWeight };
            let (decay, amsgrad) = (decay(weight_decay), says("amsgrad"));
            let [beta1, beta2] = [0, 1].map(|i| rule["betas"][i].as_f64().expect("a number"));
            Optimizer::Adam { lr: number("lr"), beta1, beta2, epsilon: number("eps"), decay, amsgrad }
        }
        other => panic!("the fixture has the optimiser {other:?}"),
    };
    (optimizer, rule["clip"].as_f64())
}

fn distance(got: &HostTensor, expected: &Value) -> f32 {
    let got = got.as_floats().expect("weights are floats");
    got.iter().zip(floats(expected)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_optimiser_takes_the_steps_of_torch() {
    let fixture: Value = serde_json::from_str(include_str!("optimizers.json")).expect("the fixture is JSON");
    let cases: BTreeMap<String, Value> = serde_json::from_value(fixture["cases"].clone()).expect("cases by name");
    assert_eq!(cases.len(), 14);
    let first =
        [HostTensor::floats(&[3, 3], floats(&fixture["a"])), HostTensor::floats(&[2, 3], floats(&fixture["b"]))];
    let x = inputs([("x", HostTensor::floats(&[4, 3], floats(&fixture["x"])))]);
    let near = if is_exact() { TOLERANCE } else { ROUNDED };
    for (name, case) in cases {
        let mut engine = engine(&first);
        let (optimizer, clip_norm) = rule(&case["rule"]);
        let rules = Rules { of: &|_| optimizer, clip_norm, passes: 1 };
        let id = engine.add(stepped_by(&objective(), &[WeightId(0), WeightId(1)], &rules));
        for (number, step) in case["steps"].as_array().expect("a list").iter().enumerate() {
            let loss = engine.step(id, &x, &draw(4), 1.0).expect("it runs").loss;
            assert!((loss - step["loss"].as_f64().expect("a number") as f32).abs() < near, "{name}, step {number}");
            engine.average(&[WeightId(0), WeightId(1)], 0.9);
            for (weight, key) in [(0, "a"), (1, "b")] {
                let got = engine.weight(WeightId(weight)).expect("the processor answers");
                assert!(distance(&got, &step[key]) < near, "{name}, step {number}, `{key}`: {got:?}");
                let average = engine.averaged(WeightId(weight)).expect("the processor answers").expect("it has begun");
                let expected = &step["averages"][key];
                assert!(distance(&average, expected) < near, "{name}, step {number}, average of `{key}`");
            }
        }
    }
}

#[test]
fn a_rule_that_forgets_everything_remembers_only_the_number_of_steps() {
    let mut engine = engine(&[crate::run::net::floats(&[3, 3], 1), crate::run::net::floats(&[2, 3], 2)]);
    let id = engine.add(stepped(&objective(), &[WeightId(1)], sgd(0.1)));
    let x = inputs([("x", crate::run::net::floats(&[4, 3], 3))]);
    engine.step(id, &x, &draw(4), 1.0).expect("it runs");
    assert_eq!((engine.steps(id), engine.moments(id).len()), (1, 0));
    assert_eq!(engine.weight(WeightId(0)).expect("the processor answers"), crate::run::net::floats(&[3, 3], 1));
}

#[test]
fn a_weight_with_a_rule_of_its_own_follows_it() {
    let weights = [crate::run::net::floats(&[3, 3], 1), crate::run::net::floats(&[2, 3], 2)];
    let x = inputs([("x", crate::run::net::floats(&[4, 3], 3))]);
    let after = |first: Optimizer, second: Optimizer| {
        let mut engine = engine(&weights);
        let of = |id: WeightId| [first, second][id.0 as usize];
        let rules = Rules { of: &of, clip_norm: None, passes: 1 };
        let id = engine.add(stepped_by(&objective(), &[WeightId(0), WeightId(1)], &rules));
        engine.step(id, &x, &draw(4), 1.0).expect("it runs");
        [0, 1].map(|id| engine.weight(WeightId(id)).expect("the processor answers"))
    };
    let (slow, fast) = (after(sgd(0.1), sgd(0.1)), after(sgd(0.3), sgd(0.3)));
    let both = after(sgd(0.1), sgd(0.3));
    assert_eq!(both, [slow[0].clone(), fast[1].clone()]);
}
