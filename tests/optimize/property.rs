//! Random graphs before and after optimising.

use diadc::execute::Gradients;
use diadc::graph::ValueId;
use diadc::graph::differentiate;
use diadc::graph::program::Function;
use diadc::graph::{Loop, verify};
use diadc::op::{Binary, Elements, Op, Unary, WeightId};
use diadc::optimize::{PASSES, optimize, run_pass};
use diadc::plan::plan;
use proptest::prelude::*;

use crate::run::net::{Net, dims, draw, engine, evaluate, floats, inputs};

/// One more node: what it does, and on which earlier values.
#[derive(Clone, Debug)]
struct Choice {
    kind: u8,
    a: usize,
    b: usize,
}

fn choices(most: usize) -> impl Strategy<Value = Vec<Choice>> {
    let choice = (0..16_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>());
    prop::collection::vec(
        choice.prop_map(|(kind, a, b)| Choice { kind, a: a.index(1 << 16), b: b.index(1 << 16) }),
        1..most,
    )
}

/// Adds the nodes to values that all have the shape `[B, 4]`.
fn grow(net: &mut Net, values: &mut Vec<ValueId>, choices: &[Choice], depth: usize) {
    for (place, choice) in choices.iter().enumerate() {
        let (a, b) = (values[choice.a % values.len()], values[choice.b % values.len()]);
        let value = match choice.kind {
            0 => net.unary(Unary::Tanh, a),
            1 => net.unary(Unary::AddScalar(0.0), a),
            2 => net.unary(Unary::MulScalar(1.0), a),
            3 => net.unary(Unary::MulScalar(0.5), a),
            4 => net.binary(Binary::Add, a, b),
            5 => net.binary(Binary::Sub, a, b),
            6 => {
                let c = net.constant(0.7, "4");
                net.binary(Binary::Mul, c, a)
            }
            7 => {
                let wide = net.add(Op::Reshape(dims("B 2 2")), &[a]);
                let turned = net.add(Op::Permute(vec![0, 2, 1]), &[wide]);
                net.add(Op::Reshape(dims("B 4")), &[turned])
            }
            8 => net.add(Op::Expand(dims("B 4")), &[a]),
            9 => {
                let noise = net.normal(["one", "two"][choice.b % 2], "B 4");
                net.binary(Binary::Add, a, noise)
            }
            10 => {
                let weight = net.weight(u32::from(choice.b % 2 == 0), "4 4");
                let y = net.linear(a, weight);
                net.unary(Unary::Tanh, y)
            }
            11 => {
                let c = net.constant(0.3, "1");
                let c = net.unary(Unary::Sqrt, c);
                let c = net.unary(Unary::Neg, c);
                net.binary(Binary::Sub, a, c)
            }
            12 => net.add(Op::StopGradient, &[a]),
            13 => net.binary(Binary::Max, a, b),
            _ if depth == 0 => net.unary(Unary::Neg, a),
            _ => {
                let mut body = Net::default();
                let x = body.input("x", "B 4");
                let z = body.input("z", "B 4");
                let factor = body.input("factor", "");
                let captured = body.input("captured", "B 4");
                let scaled = body.binary(Binary::Mul, x, factor);
                let mut inside = vec![captured, scaled, z];
                grow(&mut body, &mut inside, &choices[place + 1..], depth - 1);
                let last = inside[inside.len() - 1];
                let x = body.unary(Unary::Tanh, last);
                let still = if choice.b % 2 == 0 { z } else { inside[choice.b % inside.len()] };
                body.graph.set_output("x", x);
                body.graph.set_output("z", still);
                let stepped = vec![Elements::Float([0.5, -1.0, 2.0].into())];
                let run = Loop { body: body.graph, carried: 2, stepped, steps: 3 };
                let ends = net.run_loop(run, &[a, b, a]);
                values.push(ends[1]);
                ends[0]
            }
        };
        values.push(value);
    }
}

fn function(choices: &[Choice]) -> Function {
    let mut net = Net::default();
    let mut values = vec![net.input("x", "B 4"), net.input("y", "B 4")];
    grow(&mut net, &mut values, choices, 2);
    let last = values[values.len() - 1];
    let middle = values[values.len() / 2];
    net.function(&[("last", last), ("middle", middle)])
}

/// Text in which all numbers that are no numbers are equal.
fn shown(function: &Function) -> String {
    let weights = [floats(&[4, 4], 1), floats(&[4, 4], 2)];
    let given = inputs([("x", floats(&[2, 4], 3)), ("y", floats(&[2, 4], 4))]);
    format!("{:?}", evaluate(function, &weights, &given, 2)).replace("-0.0", "0.0")
}

/// The gradients of the mean of the last value, before and after.
fn gradients(choices: &[Choice]) -> [Gradients; 2] {
    let mut net = Net::default();
    let mut values = vec![net.input("x", "B 4"), net.input("y", "B 4")];
    grow(&mut net, &mut values, choices, 2);
    let sum = values.iter().copied().reduce(|a, b| net.binary(Binary::Add, a, b)).expect("there are inputs");
    let bounded = net.unary(Unary::Tanh, sum);
    let loss = net.mean(bounded);
    let function = net.function(&[("loss", loss)]);
    let better = optimize(&function);
    let given = inputs([("x", floats(&[2, 4], 3)), ("y", floats(&[2, 4], 4))]);
    [&function, &better].map(|function| {
        let mut engine = engine(&[floats(&[4, 4], 1), floats(&[4, 4], 2)]);
        let id = engine.add(plan(&differentiate(function, &[WeightId(0), WeightId(1)])));
        engine.gradients(id, &given, &draw(2)).expect("it runs")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn optimising_keeps_all_outputs_to_the_last_bit(choices in choices(14)) {
        let function = function(&choices);
        let better = optimize(&function);
        prop_assert_eq!(verify(&better.graph), Ok(()));
        prop_assert_eq!(shown(&better), shown(&function));
    }

    #[test]
    fn optimising_keeps_all_gradients(choices in choices(14)) {
        let [before, after] = gradients(&choices);
        prop_assert!((before.loss - after.loss).abs() <= 1e-6 * before.loss.abs());
        for ((_, before), (_, after)) in before.gradients.iter().zip(&after.gradients) {
            let [before, after] = [before, after].map(|g| g.as_ref().and_then(|g| g.as_floats()).unwrap_or(&[0.0; 16]));
            let largest = before.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
            let apart = before.iter().zip(after).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
            prop_assert!(apart <= 1e-4 * largest, "{apart} of {largest}");
        }
    }

    #[test]
    fn optimising_twice_is_optimising_once(choices in choices(14)) {
        let once = optimize(&function(&choices));
        prop_assert_eq!(optimize(&once), once);
    }

    #[test]
    fn each_pass_alone_keeps_all_outputs(choices in choices(10)) {
        let function = function(&choices);
        let before = shown(&function);
        for (name, pass) in PASSES {
            if let Some(graph) = run_pass(pass, &function.graph) {
                prop_assert_eq!(verify(&graph), Ok(()), "{}", name);
                let after = Function { graph, ..function.clone() };
                prop_assert_eq!(shown(&after), before.clone(), "{}", name);
            }
        }
    }
}
