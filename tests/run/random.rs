//! Which streams random sources draw from.

use diadc::execute::{Draw, HostTensor};
use diadc::graph::Loop;
use diadc::graph::program::Function;
use diadc::op::Binary;
use diadc::plan::plan;

use super::net::{Net, engine, evaluate, inputs};

fn noise(shape: &str) -> Function {
    let mut net = Net::default();
    let x = net.normal("noise", shape);
    net.function(&[("noise", x)])
}

fn drawn(function: &Function, draw: &Draw) -> HostTensor {
    let mut engine = engine(&[]);
    let id = engine.add(plan(function));
    engine.evaluate(id, &inputs([]), draw).expect("it runs").remove(0).1
}

#[test]
fn a_sample_has_the_same_noise_in_every_batch() {
    let both = drawn(&noise("B 2 2"), &Draw { seed: 1, step: 3, samples: vec![10, 11] });
    let alone = drawn(&noise("B 2 2"), &Draw { seed: 1, step: 3, samples: vec![11] });
    assert_eq!(both.shape, [2, 2, 2]);
    assert_eq!(both.as_floats().map(|v| &v[4..]), alone.as_floats());
    let later = drawn(&noise("B 2 2"), &Draw { seed: 1, step: 4, samples: vec![11] });
    assert_ne!(alone, later);
}

#[test]
fn rows_of_a_known_number_belong_to_no_sample() {
    let two = drawn(&noise("3 2"), &Draw { seed: 1, step: 0, samples: vec![10, 11] });
    let one = drawn(&noise("3 2"), &Draw { seed: 1, step: 0, samples: vec![4] });
    assert_eq!(two, one);
}

/// The values of `x <- x + noise` after so many turns, each of which has so many turns of its own.
fn walk(turns: usize, inner: usize) -> Vec<f32> {
    let mut body = Net::default();
    let before = body.input("x", "B 2");
    let noise = body.normal("step", "B 2");
    let after = body.binary(Binary::Add, before, noise);
    body.graph.set_output("x", after);
    let mut outer = Net::default();
    let before = outer.input("x", "B 2");
    let run = Loop { body: body.graph, carried: 1, stepped: Vec::new(), steps: inner };
    let after = outer.run_loop(run, &[before])[0];
    outer.graph.set_output("x", after);
    let mut net = Net::default();
    let start = net.input("start", "B 2");
    let run = Loop { body: outer.graph, carried: 1, stepped: Vec::new(), steps: turns };
    let end = net.run_loop(run, &[start])[0];
    let function = net.function(&[("end", end)]);
    let given = inputs([("start", HostTensor::floats(&[1, 2], vec![0.0; 2]))]);
    let end = evaluate(&function, &[], &given, 1).remove(0).1;
    end.as_floats().expect("it is float").to_vec()
}

#[test]
fn each_turn_of_a_loop_draws_anew() {
    let doubled: Vec<f32> = walk(1, 1).iter().map(|x| 2.0 * x).collect();
    assert_ne!(walk(1, 2), doubled);
    assert_ne!(walk(2, 1), doubled);
}

#[test]
fn turns_of_nested_loops_are_counted_through() {
    assert_eq!(walk(2, 3), walk(1, 6));
    assert_eq!(walk(3, 2), walk(6, 1));
}
