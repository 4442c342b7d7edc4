//! Reads the oracle's numbers, runs an operation on them and compares.

use std::sync::LazyLock;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::FloatTensorOps;
use diadc::execute::{HostData, HostTensor, Kernels, Recorded, Tensor, apply};
use diadc::fact::{Fact, Precision, Shape};
use diadc::op::Op;
use diadc::plan::Choice;
use safetensors::{Dtype, SafeTensors};

use super::Case;
use super::device::{GRADIENT_TOLERANCE, OUTPUT_TOLERANCE, Own, Plain, Trained, device};
use crate::run::net;
use crate::skip;

static NUMBERS: LazyLock<SafeTensors<'static>> =
    LazyLock::new(|| SafeTensors::deserialize(include_bytes!("fixture.safetensors")).expect("the fixture is whole"));

/// Names of all cases, sorted.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> =
        NUMBERS.names().iter().filter_map(|name| name.strip_suffix("/out")).map(str::to_owned).collect();
    names.sort();
    names
}

/// Fails with a list of all differences from the oracle.
pub(super) fn agree(cases: Vec<Case>) {
    let wrong: Vec<String> = cases.into_iter().flat_map(|(name, op)| differences(name, &op)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same with factors of products rounded to bf16.
pub(super) fn agree_in_bf16(cases: Vec<Case>) {
    if let Some(reason) = crate::device::lacks(Precision::Bf16) {
        return skip::missing("bf16", reason);
    }
    let wrong = cases.into_iter().flat_map(|(name, op)| {
        let inputs: Vec<HostTensor> = (0..).map_while(|i| find(&format!("{name}/in{i}"))).collect();
        let expected = find(&format!("{name}/out")).unwrap_or_else(|| panic!("no case `{name}`"));
        named(name, elsewhere(Precision::Bf16, name, &op, &inputs, &expected))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(name: &str, op: &Op) -> Vec<String> {
    let inputs: Vec<HostTensor> = (0..).map_while(|i| find(&format!("{name}/in{i}"))).collect();
    let expected = find(&format!("{name}/out")).unwrap_or_else(|| panic!("no case `{name}`"));
    let facts: Vec<Fact> = inputs.iter().map(fact).collect();
    match op.infer(&facts.iter().collect::<Vec<_>>()) {
        Ok(inferred) if inferred == fact(&expected) => {}
        Ok(inferred) => return vec![format!("{name}: inferred {inferred}, expected {}", fact(&expected))],
        Err(error) => return vec![format!("{name}: {}", error.message)],
    }
    if !net::is_exact() {
        return named(name, elsewhere(net::precision(), name, op, &inputs, &expected));
    }
    let plain = run::<Own>(op, &inputs, &expected.shape).into_host().expect("the device works");
    let mut wrong: Vec<String> = difference(&plain, &expected, OUTPUT_TOLERANCE).into_iter().collect();
    let Some(weights) = find(&format!("{name}/weights")) else {
        return named(name, wrong);
    };
    let (output, gradients) = gradients(op, &inputs, &weights);
    wrong.extend(difference(&output, &expected, OUTPUT_TOLERANCE).map(|text| format!("under autodiff: {text}")));
    for (i, gradient) in gradients {
        let expected = find(&format!("{name}/grad{i}")).expect("each float input has a gradient");
        wrong.extend(difference(&gradient, &expected, GRADIENT_TOLERANCE).map(|text| format!("gradient {i}: {text}")));
    }
    named(name, wrong)
}

/// What differs on another device than the processor, or in another precision.
fn elsewhere(precision: Precision, name: &str, op: &Op, inputs: &[HostTensor], expected: &HostTensor) -> Vec<String> {
    let scaled = |tolerance: f32| net::tolerance_in(precision, f64::from(tolerance)) as f32;
    let output = super::elsewhere::run(precision, op, inputs);
    let mut wrong: Vec<String> = difference(&output, expected, scaled(OUTPUT_TOLERANCE)).into_iter().collect();
    if let Some(weights) = find(&format!("{name}/weights")) {
        for (i, gradient) in super::elsewhere::gradients(precision, op, inputs, &weights) {
            let expected = find(&format!("{name}/grad{i}")).expect("each float input has a gradient");
            let text = difference(&gradient, &expected, scaled(GRADIENT_TOLERANCE));
            wrong.extend(text.map(|text| format!("gradient {i}: {text}")));
        }
    }
    wrong
}

fn named(name: &str, wrong: Vec<String>) -> Vec<String> {
    wrong.into_iter().map(|text| format!("{name}: {text}")).collect()
}

/// The output of an operation on a backend.
pub(super) fn run<K: Kernels<Backend: Backend<Device = burn::tensor::ops::Device<Plain>>>>(
    op: &Op,
    inputs: &[HostTensor],
    shape: &[usize],
) -> Tensor<K::Backend> {
    let inputs: Vec<Tensor<K::Backend>> = inputs.iter().map(|x| Tensor::from_host(x.clone(), &device())).collect();
    apply::<K>(op, choice(op, inputs.iter().map(Tensor::shape), shape), inputs, shape, &device())
}

/// The output of an operation that is computed in a certain way.
pub(super) fn run_by<K: Kernels<Backend = Plain>>(
    op: &Op,
    choice: Choice,
    inputs: &[HostTensor],
    shape: &[usize],
) -> HostTensor {
    let inputs = inputs.iter().map(|x| Tensor::from_host(x.clone(), &device())).collect();
    apply::<K>(op, choice, inputs, shape, &device()).into_host().expect("the device works")
}

/// What a plan chooses for an operation on operands of these shapes.
pub(super) fn choice(op: &Op, inputs: impl Iterator<Item = Vec<usize>>, output: &[usize]) -> Choice {
    let of = |extents: &[usize]| Shape(extents.iter().map(|&n| (n as i64).into()).collect());
    let inputs: Vec<Shape> = inputs.map(|extents| of(&extents)).collect();
    Choice::of(op, &inputs.iter().collect::<Vec<_>>(), &of(output))
}

/// The output, and the gradient of `sum(output * weights)` by each float input, zeros where there is none.
pub(super) fn gradients(
    op: &Op,
    inputs: &[HostTensor],
    weights: &HostTensor,
) -> (HostTensor, Vec<(usize, HostTensor)>) {
    gradients_by(op, choice(op, inputs.iter().map(|x| x.shape.clone()), &weights.shape), inputs, weights)
}

/// The same of an operation that is computed in a certain way.
pub(super) fn gradients_by(
    op: &Op,
    choice: Choice,
    inputs: &[HostTensor],
    weights: &HostTensor,
) -> (HostTensor, Vec<(usize, HostTensor)>) {
    let device = device();
    let inputs: Vec<Tensor<Trained>> = inputs
        .iter()
        .map(|x| match Tensor::from_host(x.clone(), &device) {
            Tensor::Float(x) => Tensor::Float(Trained::float_set_require_grad(x, true)),
            x @ (Tensor::Int(_) | Tensor::Bool(_)) => x,
        })
        .collect();
    let output = apply::<Recorded<Own>>(op, choice, inputs.clone(), &weights.shape, &device);
    let weights = Tensor::<Trained>::from_host(weights.clone(), &device).float();
    // The weights want a gradient as well, so that there is something to derive by even if no input is reached.
    let weights = Trained::float_set_require_grad(weights, true);
    let sum = Trained::float_sum(Trained::float_mul(output.clone().float(), weights));
    let all = Trained::backward(sum);
    let gradients = inputs.into_iter().enumerate().filter_map(|(i, x)| {
        let shape = x.shape();
        let Tensor::Float(x) = x else { return None };
        let zeros = HostTensor::floats(&shape, vec![0.0; shape.iter().product()]);
        let gradient =
            Trained::grad(&x, &all).map(|g| Tensor::<Plain>::Float(g).into_host().expect("the device works"));
        Some((i, gradient.unwrap_or(zeros)))
    });
    let gradients = gradients.collect();
    (output.into_host().expect("the device works"), gradients)
}

/// What differs, in words. A number without axes may have the shape `[1]`.
pub(super) fn difference(found: &HostTensor, expected: &HostTensor, tolerance: f32) -> Option<String> {
    let of = |x: &HostTensor| if x.shape.is_empty() { vec![1] } else { x.shape.clone() };
    let shape = of(expected);
    if of(found) != shape {
        return Some(format!("shape {:?}, expected {shape:?}", found.shape));
    }
    let (HostData::Float(a), HostData::Float(b)) = (&found.data, &expected.data) else {
        return (found.data != expected.data).then(|| format!("{:?}, expected {:?}", found.data, expected.data));
    };
    let largest = b.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    let (at, off) = a
        .iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .enumerate()
        .fold((0, 0.0), |worst, (i, off)| if off.is_nan() || off > worst.1 { (i, off) } else { worst });
    (off.is_nan() || off > tolerance * largest.max(1e-30))
        .then(|| format!("element {at} is {}, expected {}: off by {:.1e} of the largest", a[at], b[at], off / largest))
}

pub(super) fn fact(x: &HostTensor) -> Fact {
    let dims: Vec<i64> = x.shape.iter().map(|&n| i64::try_from(n).expect("a small extent")).collect();
    Fact { dtype: x.data.dtype(), shape: Shape::of(&dims) }
}

/// A tensor of the fixture.
pub(super) fn find(name: &str) -> Option<HostTensor> {
    let view = NUMBERS.tensor(name).ok()?;
    let bytes = view.data();
    let data = if view.dtype() == Dtype::F32 {
        HostData::Float(words(bytes).map(f32::from_le_bytes).collect())
    } else if view.dtype() == Dtype::I64 {
        HostData::Int(words(bytes).map(i64::from_le_bytes).collect())
    } else {
        assert_eq!(view.dtype(), Dtype::BOOL, "the oracle writes nothing else");
        HostData::Bool(bytes.iter().map(|&byte| byte != 0).collect())
    };
    Some(HostTensor::new(view.shape().to_vec(), data))
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}
