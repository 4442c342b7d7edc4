//! NaN, infinities, zeros of both signs and tiny numbers, and how equal numbers share a gradient, as PyTorch and SciPy have it
//! (`tests/oracle/special.py`); and long sums against double precision.

use diadc::execute::HostTensor;
use diadc::fact::DType;
use diadc::op::{Binary, Comparison, Interpolation, Op, Pool, PoolKind, Reduction, Resize, Unary};
use serde_json::Value;

use super::device::Own;
use super::fixture::{gradients, run};
use crate::run::net;

fn numbers(list: &Value) -> Vec<f32> {
    let text = |text: &Value| text.as_str().and_then(|text| text.parse().ok()).expect("a number is written as text");
    list.as_array().expect("it is a list").iter().map(text).collect()
}

fn extents(list: &Value) -> Vec<usize> {
    let extent = |extent: &Value| extent.as_u64().expect("an extent is a whole number") as usize;
    list.as_array().expect("it is a list").iter().map(extent).collect()
}

/// The operation of a name in the script.
fn op(name: &str) -> Op {
    let mut words = name.split(' ');
    let word = words.next().expect("it has a name");
    let whole: Vec<usize> = words.clone().filter_map(|word| word.parse().ok()).collect();
    let reduced = |kind| Op::Reduce { kind, axes: whole.clone(), keep: true };
    let pooled = |kind| {
        let padding = whole.get(2).copied().unwrap_or(0);
        Op::Pool(Pool { kind, window: [whole[0]; 2], stride: [whole[1]; 2], padding: [padding; 2] })
    };
    let resized = |interpolation| {
        Op::Resize(Resize { size: [(whole[0] as i64).into(), (whole[0] as i64).into()], interpolation })
    };
    match word {
        "neg" => Op::Unary(Unary::Neg),
        "exp" => Op::Unary(Unary::Exp),
        "log" => Op::Unary(Unary::Log),
        "sqrt" => Op::Unary(Unary::Sqrt),
        "abs" => Op::Unary(Unary::Abs),
        "sin" => Op::Unary(Unary::Sin),
        "cos" => Op::Unary(Unary::Cos),
        "tanh" => Op::Unary(Unary::Tanh),
        "sigmoid" => Op::Unary(Unary::Sigmoid),
        "relu" => Op::Unary(Unary::Relu),
        "leaky_relu" => Op::Unary(Unary::LeakyRelu(0.1)),
        "silu" => Op::Unary(Unary::Silu),
        "gelu" => Op::Unary(Unary::Gelu),
        "gelu_tanh" => Op::Unary(Unary::GeluTanh),
        "add" => Op::Unary(Unary::AddScalar(2.0)),
        "mul" => Op::Unary(Unary::MulScalar(2.0)),
        "square" => Op::Unary(Unary::PowScalar(2.0)),
        "reciprocal" => Op::Unary(Unary::PowScalar(-1.0)),
        "clamp" => Op::Unary(Unary::Clamp(-1.0, 1.0)),
        "softplus" => Op::Unary(Unary::Softplus),
        "floor" => Op::Unary(Unary::Floor),
        "round" => Op::Unary(Unary::Round),
        "sign" => Op::Unary(Unary::Sign),
        "a^b" => Op::Binary(Binary::Pow),
        "a+b" => Op::Binary(Binary::Add),
        "a-b" => Op::Binary(Binary::Sub),
        "a*b" => Op::Binary(Binary::Mul),
        "a/b" => Op::Binary(Binary::Div),
        "maximum" => Op::Binary(Binary::Max),
        "minimum" => Op::Binary(Binary::Min),
        "a<b" => Op::Compare(Comparison::Less),
        "a<=b" => Op::Compare(Comparison::LessEqual),
        "a==b" => Op::Compare(Comparison::Equal),
        "sum" => reduced(Reduction::Sum),
        "mean" => reduced(Reduction::Mean),
        "max" => reduced(Reduction::Max),
        "min" => reduced(Reduction::Min),
        "softmax" => Op::Softmax { axis: whole[0] },
        "max_pool" => pooled(PoolKind::Max),
        "avg_pool" => pooled(PoolKind::Average),
        "bilinear" => resized(Interpolation::Bilinear),
        "aligned" => resized(Interpolation::BilinearAligned),
        "nearest" => resized(Interpolation::Nearest),
        "blur" => Op::GaussianBlur { sigma: 0.5, truncate: 2.0 },
        other => panic!("{other} is no operation of the script"),
    }
}

/// Whether a number is that of PyTorch: NaN or infinite where it is, else close. Below the smallest normal number anything
/// that small will do.
fn agrees(ours: f32, theirs: f32) -> bool {
    match (ours.is_nan(), theirs.is_nan()) {
        (false, false) => ours == theirs || (ours - theirs).abs() <= 1e-5 * theirs.abs() + 2.0 * f32::MIN_POSITIVE,
        (nan, other) => nan == other,
    }
}

fn differences(what: &str, ours: &HostTensor, theirs: &[f32]) -> Vec<String> {
    let ours = match ours.as_floats() {
        Some(floats) => floats.to_vec(),
        None => ours.as_bools().expect("an output is floats or truth values").iter().map(|x| f32::from(*x)).collect(),
    };
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let places = ours.iter().zip(theirs).enumerate().filter(|(_, (a, b))| !agrees(**a, **b));
    places.map(|(at, (a, b))| format!("{what}, place {at}: {a} instead of {b}")).collect()
}

/// What is less exact on some devices, or does not pass NaN on.
const OF_THE_DEVICE: [&str; 6] = ["log", "sin", "cos", "tanh", "sign", "a^b"];

#[test]
fn what_is_not_finite_and_what_is_equal_goes_as_in_pytorch_on_both_paths() {
    if !net::has_own_kernels() {
        return;
    }
    let fixture: Value = serde_json::from_str(include_str!("special.json")).expect("the fixture is JSON");
    let mut wrong = Vec::new();
    for case in fixture["cases"].as_array().expect("the fixture lists cases") {
        let name = case["name"].as_str().expect("a case has a name");
        // Other devices have functions of their own for these.
        if !net::is_exact() && OF_THE_DEVICE.contains(&name) {
            continue;
        }
        let op = op(name);
        let given = case["inputs"].as_array().expect("a case has inputs").iter();
        let inputs: Vec<HostTensor> =
            given.map(|input| HostTensor::floats(&extents(&input[0]), numbers(&input[1]))).collect();
        let (shape, expected) = (extents(&case["shape"]), numbers(&case["out"]));
        let output = run::<Own>(&op, &inputs, &shape).into_host().expect("the device works");
        wrong.extend(differences(name, &output, &expected));
        if output.data.dtype() != DType::Float {
            continue;
        }
        let weights = case.get("weights").map_or_else(|| vec![1.0; expected.len()], numbers);
        let (output, found) = gradients::<Own>(&op, &inputs, &HostTensor::floats(&shape, weights));
        wrong.extend(differences(&format!("{name} beside its gradient"), &output, &expected));
        let lists = case.get("gradients").and_then(Value::as_array).into_iter().flatten();
        for ((_, ours), theirs) in found.iter().zip(lists) {
            wrong.extend(differences(&format!("gradient of {name}"), ours, &numbers(theirs)));
        }
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn long_sums_have_the_digits_of_double_precision() {
    if !net::has_own_kernels() {
        return;
    }
    let count = 1 << 20;
    let tables: [fn(usize) -> f32; 4] =
        [|_| 10000.7, |_| 0.1, |i| 1.0 + (i % 1000) as f32 * 1e-6, |i| ((i * 7919) % 10007) as f32 - 5003.0];
    let shapes = [([1, count, 1], 1), ([count, 1, 1], 0), ([16, count / 16, 1], 1), ([4, 64, count / 256], 1)];
    for (table, number) in tables.iter().enumerate() {
        let numbers: Vec<f32> = (0..count).map(number).collect();
        for (shape, axis) in shapes {
            let op = Op::Reduce { kind: Reduction::Mean, axes: vec![axis], keep: true };
            let mut reduced = shape;
            reduced[axis] = 1;
            let x = HostTensor::floats(&shape, numbers.clone());
            let found = run::<Own>(&op, &[x], &reduced).into_host().expect("the device works");
            let found = found.as_floats().expect("a mean is a float").to_vec();
            let [outer, inner] = [shape[..axis].iter().product::<usize>(), shape[axis + 1..].iter().product()];
            for (at, mean) in found.iter().enumerate() {
                let (row, column) = (at / inner, at % inner);
                let places = (0..shape[axis]).map(|i| (row * shape[axis] + i) * inner + column);
                let exact = places.map(|place| f64::from(numbers[place])).sum::<f64>() / shape[axis] as f64;
                let unit = net::UNITS * f64::from(f32::EPSILON) * exact.abs();
                assert!(
                    (f64::from(*mean) - exact).abs() <= unit,
                    "table {table}, {shape:?} over {axis}: {mean}, not {exact}"
                );
            }
            assert_eq!(found.len(), outer * inner);
        }
    }
}

#[test]
fn the_mean_of_a_large_window_has_the_digits_of_double_precision() {
    let [height, width] = [1100, 1000];
    let x = HostTensor::floats(&[1, 1, height, width], vec![10000.7; height * width]);
    let pool = Pool { kind: PoolKind::Average, window: [1000, 1000], stride: [100, 1], padding: [0, 0] };
    let found = run::<Own>(&Op::Pool(pool), &[x], &[1, 1, 2, 1]).into_host().expect("the device works");
    let near = if net::is_exact() { 1e-7 } else { 1e-3 };
    for mean in found.as_floats().expect("means are floats") {
        assert!((mean / 10000.7 - 1.0).abs() <= near, "{mean}");
    }
}

#[test]
fn integers_beyond_the_digits_of_floats_are_compared_exactly() {
    let near = [1 << 24, (1 << 24) + 1, i64::from(i32::MAX) - 1, i64::from(i32::MAX), i64::from(i32::MIN)];
    let pairs: Vec<(i64, i64)> = near.iter().flat_map(|&a| near.map(|b| (a, b))).collect();
    let [a, b] = [pairs.iter().map(|pair| pair.0).collect(), pairs.iter().map(|pair| pair.1).collect()];
    let operands: [Vec<i64>; 2] = [a, b];
    let inputs = operands.map(|numbers| HostTensor::ints(&[pairs.len()], numbers));
    let result = |op: Op| run::<Own>(&op, &inputs, &[pairs.len()]).into_host().expect("the device works");
    let truths = |of: fn(&(i64, i64)) -> bool| pairs.iter().map(of).collect::<Vec<_>>();
    let numbers = |of: fn(&(i64, i64)) -> i64| HostTensor::ints(&[pairs.len()], pairs.iter().map(of).collect());
    let compared = |comparison| result(Op::Compare(comparison)).as_bools().expect("truth values").to_vec();
    assert_eq!(compared(Comparison::Less), truths(|(a, b)| a < b));
    assert_eq!(compared(Comparison::LessEqual), truths(|(a, b)| a <= b));
    assert_eq!(compared(Comparison::Equal), truths(|(a, b)| a == b));
    assert_eq!(result(Op::Binary(Binary::Max)), numbers(|&(a, b)| a.max(b)));
    assert_eq!(result(Op::Binary(Binary::Min)), numbers(|&(a, b)| a.min(b)));
}
