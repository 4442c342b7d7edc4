//! Whatever tensors a file of `call` holds, there is a result or an error. Integers beyond 32 bits are errors.

use std::path::Path;

use diadc::compile::compile_call;
use diadc::execute::{Draw, HostTensor, NamedTensors};
use diadc::fact::{Dim, Fact, Shape};
use diadc::graph::program::plan_function;
use diadc::resolve::Location;
use diadc::weight;

use super::harness::Bench;
use crate::run::net::engine;

/// All types of the format, and the bytes of an element.
const TYPES: &[(&str, usize)] = &[
    ("BOOL", 1),
    ("U8", 1),
    ("I8", 1),
    ("F8_E4M3", 1),
    ("I16", 2),
    ("U16", 2),
    ("F16", 2),
    ("BF16", 2),
    ("I32", 4),
    ("U32", 4),
    ("F32", 4),
    ("I64", 8),
    ("U64", 8),
    ("F64", 8),
];
const SHAPES: &[&[usize]] = &[&[], &[0], &[3], &[2, 3, 4, 4], &[0, 3, 4, 4], &[1, 2, 0, 4], &[1; 9]];
/// Zeros; NaN or -1; the last byte of the largest integer, and that of the smallest, after ones and zeros.
const PATTERNS: &[(u8, u8)] = &[(0, 0), (0xFF, 0xFF), (0xFF, 0x7F), (0, 0x80)];
const CALLS: &[&str] = &[
    "x",
    "x * 2 + 1",
    "-x * x",
    "to_int(x)",
    "to_float(x) + abs(to_float(x))",
    "where(x > 0, x, maximum(x, x))",
    "gather([1.0, 2.0, 3.0], x)",
    "concat([x, reshape(x, [-1])])",
    "softmax(x, axis: -1) + mean(x)",
    "x |> resize([3, 5]) |> gaussian_blur(1.0)",
    "x |> conv(3, out: 2) @ \"c\" |> group_norm(2) @ \"g\" |> max_pool(2)",
    "x |> pad([1, 0, 2, 0], mode: \"reflect\")",
    "loop z = x over t in [1, 2] { z + t }",
];

/// A file with one tensor `x`, whose elements all are these bytes.
fn write(path: &Path, (dtype, width): (&str, usize), shape: &[usize], (first, last): (u8, u8)) {
    let count: usize = shape.iter().product();
    let mut element = vec![first; width];
    element[width - 1] = last;
    let bytes = width * count;
    let header = format!("{{\"x\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[0,{bytes}]}}}}");
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend(element.repeat(count));
    std::fs::write(path, file).expect("a file can be written");
}

fn fact(tensor: &HostTensor) -> Fact {
    Fact { dtype: tensor.data.dtype(), shape: Shape(tensor.shape.iter().map(|&n| Dim::from(n as i64)).collect()) }
}

/// Whether a function runs on the tensor of a file.
fn runs(spec: &Path, function: &str, x: &HostTensor) -> bool {
    let facts = [("x".to_owned(), fact(x))];
    let Ok((compiled, function)) = compile_call(&Location::File(spec.to_owned()), &[], function, &facts) else {
        return false;
    };
    let weights = compiled
        .program
        .weights
        .iter()
        .map(|weight| HostTensor::floats(&weight.shape, vec![0.5; weight.shape.iter().product()]));
    let mut engine = engine(&weights.collect::<Vec<_>>());
    let id = engine.add(plan_function(&function, &[]));
    let inputs = NamedTensors::from([("x".to_owned(), x.clone())]);
    engine.evaluate(id, &inputs, &Draw { seed: 1, step: 0, samples: vec![0] }).is_ok()
}

#[test]
fn no_tensor_of_a_file_makes_a_call_panic() {
    let bench = Bench::new();
    bench.write("empty.diad", b"model M {}\n");
    let (spec, path) = (bench.path("empty.diad"), bench.path("x.safetensors"));
    let (mut ran, mut refused) = (0, 0);
    for &dtype in TYPES {
        for shape in SHAPES {
            for &pattern in PATTERNS {
                write(&path, dtype, shape, pattern);
                let Ok(x) = weight::File::open(&path).and_then(|file| file.read("x")) else {
                    refused += CALLS.len();
                    continue;
                };
                for function in CALLS {
                    if runs(&spec, function, &x) { ran += 1 } else { refused += 1 }
                }
            }
        }
    }
    assert!(ran > 500 && refused > 500, "{ran} ran, {refused} were refused");
}

fn ints(bench: &Bench, numbers: &[i64]) {
    let x = HostTensor::ints(&[numbers.len()], numbers.to_vec());
    weight::write(&bench.path("x.safetensors"), &[("x", &x)], &std::collections::BTreeMap::new())
        .expect("it is written");
}

fn call(function: &str) -> [&str; 7] {
    ["call", "small.diad", function, "--inputs", "x.safetensors", "--weights", "init"]
}

#[test]
fn an_integer_beyond_32_bits_is_refused_with_its_place() {
    let bench = Bench::new();
    for (numbers, large) in [([0, 5_000_000_000], "5000000000"), ([1 << 32, 0], "4294967296"), ([i64::MIN, 0], "-9223")]
    {
        ints(&bench, &numbers);
        for function in ["x", "x * 2", "to_float(x)", "gather([1.0, 2.0], x)"] {
            bench.run(&call(function)).fails(1, &["`x`", large, "from -2147483648 to 2147483647"]);
        }
    }
    ints(&bench, &[2, 100_000, -2_147_483_648]);
    let overflows = [
        ("x * x", "10000000000"),
        ("x * 100000", "10000000000"),
        ("(-x)", "2147483648"),
        ("abs(x)", "2147483648"),
        ("x - 1", "-2147483649"),
    ];
    for (function, large) in overflows {
        bench.run(&call(function)).fails(1, &["overflow", large, "to_float", &format!("| {function}")]);
    }
    for function in
        ["loop z = x over t in [1, 2] { z * t * x }", "3000000000", "x + 3000000000", "x + constant(4294967296)"]
    {
        bench.run(&call(function)).fails(1, &["from -2147483648 to 2147483647"]);
    }
    bench.run(&call("{sum: x + 2, product: to_float(x) * 1e10}")).success();
}

#[test]
fn a_float_that_is_no_integer_of_32_bits_is_not_made_one() {
    let bench = Bench::new();
    for (number, shown) in
        [(1e10, "10000000000"), (f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf"), (2_147_483_648.0, "2147483600")]
    {
        let x = HostTensor::floats(&[2], vec![1.5, number]);
        weight::write(&bench.path("x.safetensors"), &[("x", &x)], &std::collections::BTreeMap::new())
            .expect("it is written");
        bench.run(&call("to_int(x)")).fails(1, &["overflow", "cast int", shown]);
    }
    let x = HostTensor::floats(&[2], vec![-2_147_483_648.0, 2_147_483_520.0]);
    weight::write(&bench.path("x.safetensors"), &[("x", &x)], &std::collections::BTreeMap::new())
        .expect("it is written");
    bench.run(&call("to_int(x)")).success();
}

#[test]
fn a_matrix_without_an_inverse_is_named_with_its_place_in_the_spec() {
    let bench = Bench::new();
    let write = |numbers: Vec<f32>| {
        let x = HostTensor::floats(&[2, 2, 2], numbers);
        weight::write(&bench.path("x.safetensors"), &[("x", &x)], &std::collections::BTreeMap::new())
            .expect("it is written");
    };
    write(vec![1.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 4.0]);
    bench.run(&call("inverse(x)")).fails(1, &["singular", "number 1", "eye(..)", "| inverse(x)"]);
    write(vec![1.0, 0.0, 0.0, f32::NAN, 1.0, 2.0, 2.0, 5.0]);
    bench.run(&call("inverse(x)")).fails(1, &["not finite", "number 0", "| inverse(x)"]);
    write(vec![1.0, 0.0, 0.0, 3.0, 1.0, 2.0, 2.0, 5.0]);
    bench.run(&call("inverse(x)")).success();
}

#[test]
fn a_place_beyond_an_axis_is_no_element() {
    let bench = Bench::new();
    let x = HostTensor::floats(&[2, 3], vec![0.0, 1.0, 2.0, 0.0, 1.0, 3.0]);
    weight::write(&bench.path("x.safetensors"), &[("x", &x)], &std::collections::BTreeMap::new())
        .expect("it is written");
    bench.run(&call("take(x, to_int(x))")).fails(1, &["number 3", "table of 3"]);
    bench.run(&call("take(x, to_int(x) - 1)")).fails(1, &["number -1"]);
    bench.run(&call("take(x, minimum(to_int(x), 2))")).success();
}
