//! Reads the oracle's numbers, runs an operation on them and compares.

use std::sync::LazyLock;

use burn::tensor::backend::Backend;
use diadc::execute::{Engine, HostData, HostTensor, Kernels, NamedTensors, Session, Tensor, apply};
use diadc::fact::{DType, Fact, Precision, Shape};
use diadc::graph::{By, ValueId};
use diadc::op::{Binary, Op};
use diadc::plan::{Choice, plan};
use safetensors::{Dtype, SafeTensors};

use super::Case;
use super::device::{GRADIENT_TOLERANCE, OUTPUT_TOLERANCE, Own, Plain, device};
use crate::run::net::{self, Net};
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
    let (output, gradients) = gradients::<Own>(op, &inputs, &weights);
    wrong.extend(difference(&output, &expected, OUTPUT_TOLERANCE).map(|text| format!("beside its gradients: {text}")));
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
    let choice = choice(op, inputs.iter().map(Tensor::shape), shape);
    apply::<K>(op, choice, inputs, shape, &device()).swap_remove(0)
}

/// The output of an operation that is computed in a certain way.
pub(super) fn run_by<K: Kernels<Backend = Plain>>(
    op: &Op,
    choice: Choice,
    inputs: &[HostTensor],
    shape: &[usize],
) -> HostTensor {
    let inputs = inputs.iter().map(|x| Tensor::from_host(x.clone(), &device())).collect();
    apply::<K>(op, choice, inputs, shape, &device()).swap_remove(0).into_host().expect("the device works")
}

/// What a plan chooses for an operation on operands of these shapes.
pub(super) fn choice(op: &Op, inputs: impl Iterator<Item = Vec<usize>>, output: &[usize]) -> Choice {
    let of = |extents: &[usize]| Shape(extents.iter().map(|&n| (n as i64).into()).collect());
    let inputs: Vec<Shape> = inputs.map(|extents| of(&extents)).collect();
    Choice::of(op, &inputs.iter().collect::<Vec<_>>(), &of(output))
}

/// The output, and the gradient of `sum(output * weights)` by each float input, zeros where there is none.
pub(super) fn gradients<K: Kernels<Backend: Backend<Device = burn::tensor::ops::Device<Plain>>>>(
    op: &Op,
    inputs: &[HostTensor],
    weights: &HostTensor,
) -> (HostTensor, Vec<(usize, HostTensor)>) {
    let facts: Vec<Fact> = inputs.iter().map(fact).collect();
    gradients_of::<K>(op, &facts, inputs, weights)
}

/// The same, where a plan knows no more of the inputs than these facts.
pub(super) fn gradients_of<K: Kernels<Backend: Backend<Device = burn::tensor::ops::Device<Plain>>>>(
    op: &Op,
    facts: &[Fact],
    inputs: &[HostTensor],
    weights: &HostTensor,
) -> (HostTensor, Vec<(usize, HostTensor)>) {
    let mut net = Net::default();
    let names: Vec<String> = (0..inputs.len()).map(|i| i.to_string()).collect();
    let values: Vec<ValueId> = names
        .iter()
        .zip(facts)
        .map(|(name, fact)| net.add(Op::Input { name: name.clone(), fact: fact.clone() }, &[]))
        .collect();
    let output = net.add(op.clone(), &values);
    let of_output = net.graph.fact(output).clone();
    let slopes = net.add(Op::Input { name: "slopes".to_owned(), fact: of_output }, &[]);
    let product = net.binary(Binary::Mul, output, slopes);
    let floats: Vec<usize> = (0..inputs.len()).filter(|i| facts[*i].dtype == DType::Float).collect();
    let by: Vec<By> = floats.iter().map(|i| By::Value(values[*i])).collect();
    let found = diadc::graph::gradients(&mut net.graph, product, &by);
    let known: Vec<(&str, ValueId)> =
        floats.iter().zip(&found).filter_map(|(i, gradient)| Some((names[*i].as_str(), (*gradient)?))).collect();
    let function = net.function(&[vec![("output", output)], known].concat());
    let mut session = Session::<K>::new("test".to_owned(), device(), Precision::F32);
    let id = session.add(plan(&function));
    let mut given: NamedTensors = names.iter().cloned().zip(inputs.iter().cloned()).collect();
    let shape: Vec<usize> = if facts.iter().all(|fact| fact.shape.known().is_some()) {
        function.graph.fact(output).shape.known().expect("all extents are known")
    } else {
        weights.shape.clone()
    };
    given.insert("slopes".to_owned(), HostTensor::new(shape, weights.data.clone()));
    let evaluation = session.evaluate(id, &given, &net::draw(0)).expect("it runs");
    let named = |name: &str| evaluation.iter().find(|(own, _)| own == name).map(|(_, tensor)| tensor.clone());
    let zeros = |i: usize| HostTensor::floats(&inputs[i].shape, vec![0.0; inputs[i].shape.iter().product()]);
    let gradients = floats.iter().map(|i| (*i, named(&names[*i]).unwrap_or_else(|| zeros(*i)))).collect();
    (named("output").expect("it is an output"), gradients)
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
