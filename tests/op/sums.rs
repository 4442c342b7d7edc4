//! Gradients of operands that are repeated: sums of four million terms, against those of PyTorch in double precision;
//! `tests/oracle/sums.py` makes the fixture.

use diadc::execute::HostTensor;
use diadc::fact::Shape;
use diadc::op::{Binary, Op};
use serde_json::Value;

use super::device::Own;
use super::fixture::gradients;
use crate::run::net;

fn extents(list: &Value) -> Vec<usize> {
    list.as_array().expect("a shape").iter().map(|n| n.as_u64().expect("an extent") as usize).collect()
}

fn numbers(shape: &[usize], number: impl Fn(usize) -> f32) -> HostTensor {
    HostTensor::floats(shape, (0..shape.iter().product()).map(number).collect())
}

/// The operation of a case, and whether the repeated operand comes first.
fn operation(name: &str, shape: &[usize]) -> (Op, bool) {
    let (binary, is_first) = match name {
        "a+b" => (Binary::Add, false),
        "b+a" => (Binary::Add, true),
        "a-b" => (Binary::Sub, false),
        "b-a" => (Binary::Sub, true),
        "a*b" => (Binary::Mul, false),
        "b*a" => (Binary::Mul, true),
        "a/b" => (Binary::Div, false),
        "b/a" => (Binary::Div, true),
        "expand" => return (Op::Expand(Shape::of(&shape.iter().map(|&n| n as i64).collect::<Vec<_>>())), true),
        other => panic!("{other} is no operation of the script"),
    };
    (Op::Binary(binary), is_first)
}

#[test]
fn the_gradient_of_what_is_repeated_four_million_times_is_that_of_double_precision() {
    // Others add in single precision.
    if !net::is_exact() {
        return;
    }
    let fixture: Value = serde_json::from_str(include_str!("sums.json")).expect("the fixture is JSON");
    let shape = extents(&fixture["shape"]);
    let a = numbers(&shape, |i| 1.0 + (i * 31 % 4093) as f32 / 4096.0);
    let gradient = numbers(&shape, |i| 10000.0 + (i * 7919 % 10007) as f32 / 1024.0);
    for case in fixture["cases"].as_array().expect("the fixture lists cases") {
        let name = case["name"].as_str().expect("a case has a name");
        let small = extents(&case["shape"]);
        let (op, is_first) = operation(name, &shape);
        let b = numbers(&small, |i| 1.0 + (i % 64) as f32 / 8.0);
        let inputs = match (&op, is_first) {
            (Op::Expand(_), _) => vec![b],
            (_, true) => vec![b, a.clone()],
            (_, false) => vec![a.clone(), b],
        };
        let (_, found) = gradients::<Own>(&op, &inputs, &gradient);
        let (_, found) = &found[usize::from(!is_first)];
        let found = found.as_floats().expect("a gradient is floats");
        let expected = case["gradient"].as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number"));
        assert_eq!(found.len(), expected.len(), "{name} {small:?}");
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let off = (f64::from(*found) - expected).abs() / expected.abs();
            assert!(off <= 2e-7, "{name} {small:?}, number {at}: {found} instead of {expected}, off by {off:e}");
        }
    }
}
