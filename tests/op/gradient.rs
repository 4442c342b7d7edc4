//! The gradients of every operation: those of the processor's own kernels beside composed ones, both beside differences of
//! the operation's own values; and gradients of gradients beside differences of gradients.
//!
//! The cases are made for each of some seeds, which set extents and numbers. That no operation is left out is read from
//! the enums themselves.

use std::collections::BTreeSet;

use diadc::execute::{Composed, Engine, HostData, HostTensor, Kernels, NamedTensors, Session};
use diadc::fact::{DType, Dim, Fact, Precision, Shape};
use diadc::graph::{By, Graph, Task, ValueId, gradients};
use diadc::op::{
    Attention, Binary, Comparison, Constant, Conv2d, ConvTranspose2d, Elements, Interpolation, Op, PadMode, Pool,
    PoolKind, Quantile, Rank, Ranking, Reduction, Resize, Sight, Unary,
};
use diadc::plan::plan;

use super::device::{GRADIENT_TOLERANCE, Own, Plain, device};
use super::fixture::{fact, gradients as gradients_of, run};
use crate::run::net::{self, Net};

/// An operation and operands for it.
type Case = (Op, Vec<HostTensor>);

/// Operations without a kernel here: their numbers are supplied by others, they stand in graphs of gradients, or come after
/// these.
const ELSEWHERE: [&str; 8] = ["Input", "Weight", "Random", "Coreset", "Gradient", "State", "Squares", "Descent"];

/// All cases of all seeds that give floats.
fn all() -> impl Iterator<Item = (u64, Op, Vec<HostTensor>)> {
    (0..net::SEEDS).flat_map(|seed| cases(seed).into_iter().map(move |(op, inputs)| (seed, op, inputs))).filter(
        |(seed, op, inputs)| {
            let facts: Vec<Fact> = inputs.iter().map(fact).collect();
            let inferred = op.infer(&facts.iter().collect::<Vec<_>>());
            let inferred = inferred.unwrap_or_else(|error| panic!("seed {seed}, {op}: {}", error.message));
            inferred.dtype == DType::Float
        },
    )
}

fn slopes(op: &Op, inputs: &[HostTensor]) -> HostTensor {
    let facts: Vec<Fact> = inputs.iter().map(fact).collect();
    let inferred =
        op.infer(&facts.iter().collect::<Vec<_>>()).unwrap_or_else(|error| panic!("{op}: {}", error.message));
    net::floats(&inferred.shape.known().expect("all extents are known"), 77)
}

#[test]
fn own_and_composed_kernels_give_the_same_gradients() {
    if !net::has_own_kernels() {
        return;
    }
    let mut wrong = Vec::new();
    for (seed, op, inputs) in all() {
        let slopes = slopes(&op, &inputs);
        let own = gradients_of::<Own>(&op, &inputs, &slopes).1;
        let composed = gradients_of::<Composed<Plain>>(&op, &inputs, &slopes).1;
        for ((place, own), (_, composed)) in own.iter().zip(&composed) {
            let [own, composed] = [own, composed].map(|x| x.as_floats().expect("gradients are floats"));
            let largest = composed.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            // Near 0 it is the terms that count, which are of about size 1.
            let near = 5.0 * GRADIENT_TOLERANCE * largest + 1e-5;
            let agrees = |(a, b): (&f32, &f32)| (a - b).abs() <= near || (a.is_nan() && b.is_nan());
            if own.len() != composed.len() || !own.iter().zip(composed).all(agrees) {
                wrong.push(format!("seed {seed}, {op}, operand {place}: {own:?}, composed {composed:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_operation_gives_the_same_bits_when_its_gradients_are_wanted() {
    if !net::has_own_kernels() {
        return;
    }
    let mut tried = BTreeSet::new();
    for (seed, op, inputs) in all() {
        let slopes = slopes(&op, &inputs);
        let scored = run::<Own>(&op, &inputs, &slopes.shape).into_host().expect("the device works");
        let trained = gradients_of::<Own>(&op, &inputs, &slopes).0;
        let [scored, trained] = [&scored, &trained].map(|x| x.as_floats().expect("outputs are floats"));
        assert_eq!(scored.len(), trained.len(), "seed {seed}, {op}");
        let same = scored.iter().zip(trained).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
        assert!(same, "seed {seed}, {op}: {scored:?} when scored, {trained:?} when trained");
        tried.insert(op.kind());
    }
    assert!(tried.len() > 50, "{tried:?}");
}

#[test]
fn every_operation_and_every_gradient_is_tried() {
    let given: Vec<Case> = cases(0);
    let mut text: Vec<String> = given.iter().map(|(op, _)| format!("{op:?}")).collect();
    for (op, inputs) in &given {
        let second = Second::of(op, inputs);
        let nodes = second.iter().flat_map(|second| second.graph.nodes());
        text.extend(nodes.filter_map(|(_, node)| match &node.task {
            Task::Op(Op::Gradient(gradient)) => Some(format!("{gradient:?}")),
            Task::Op(_) | Task::Loop(_) => None,
        }));
    }
    let elementwise = include_str!("../../src/core/op/elementwise/mod.rs");
    let enums = [
        ("Op", include_str!("../../src/core/op/mod.rs")),
        ("Unary", include_str!("../../src/core/op/elementwise/unary.rs")),
        ("Binary", include_str!("../../src/core/op/elementwise/binary.rs")),
        ("Comparison", elementwise),
        ("Reduction", include_str!("../../src/core/op/reduce.rs")),
        ("PoolKind", include_str!("../../src/core/op/pool.rs")),
        ("PadMode", include_str!("../../src/core/op/resample.rs")),
        ("Interpolation", include_str!("../../src/core/op/resample.rs")),
        ("Ranking", include_str!("../../src/core/op/order.rs")),
        ("Gradient", include_str!("../../src/core/op/gradient.rs")),
    ];
    let has = |case: &str, name: &str| case.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
    for (of, source) in enums {
        let variants = variants(of, source);
        assert!(variants.len() > 1, "{of} has variants");
        for name in variants.iter().filter(|name| !ELSEWHERE.contains(&name.as_str())) {
            assert!(text.iter().any(|case| has(case, name)), "no case for `{of}::{name}`");
        }
    }
}

/// How far operands are moved along a direction.
const STEP: f64 = 2e-3;

/// A case as smooth as it can be: of numbers up to 1, away from where the operation is not defined. None if it has kinks, at
/// which differences mean nothing: these are compared with PyTorch.
fn smooth(op: &Op, inputs: &[HostTensor]) -> Option<Vec<HostTensor>> {
    let away_from_zero = match op {
        Op::Unary(
            Unary::Relu
            | Unary::GuidedRelu
            | Unary::LeakyRelu(_)
            | Unary::Abs
            | Unary::Clamp(..)
            | Unary::Floor
            | Unary::Round
            | Unary::Sign,
        )
        | Op::Binary(Binary::Max | Binary::Min | Binary::Rem)
        | Op::Reduce { kind: Reduction::Max | Reduction::Min, .. }
        | Op::Pool(Pool { kind: PoolKind::Max, .. })
        | Op::Quantile(_)
        | Op::StopGradient => return None,
        Op::Unary(Unary::Log | Unary::Sqrt | Unary::PowScalar(_)) | Op::Binary(Binary::Div | Binary::Pow) => true,
        _ => false,
    };
    let moved = |(place, x): (usize, &HostTensor)| {
        let Some(numbers) = x.as_floats() else { return x.clone() };
        let largest = numbers.iter().fold(1e-6_f32, |most, x| most.max(x.abs()));
        let size = x.shape.last().copied().unwrap_or(1);
        let number = |(at, x): (usize, &f32)| match op {
            _ if away_from_zero => 0.5 + x.abs() / largest,
            Op::Inverse if at % size.pow(2) % (size + 1) == 0 => 2.0 * size as f32 + x / largest,
            // No two rows are equally far.
            Op::Nearest { .. } if place == 0 => x / largest + 0.4,
            Op::Nearest { .. } => x / largest + 3.0 * (at / size) as f32,
            _ => x / largest,
        };
        HostTensor::floats(&x.shape, numbers.iter().enumerate().map(number).collect())
    };
    Some(inputs.iter().enumerate().map(moved).collect())
}

#[test]
fn gradients_and_their_gradients_are_differences() {
    if !net::has_own_kernels() {
        return;
    }
    let mut wrong = Vec::new();
    let mut tried = BTreeSet::new();
    for (seed, op, inputs) in all() {
        let Some(inputs) = smooth(&op, &inputs) else { continue };
        let Some(second) = Second::of(&op, &inputs) else { continue };
        for place in second.floats.clone() {
            let found = second.run::<Own>(&inputs, place, 0.0);
            let ahead = second.run::<Own>(&inputs, place, STEP);
            let back = second.run::<Own>(&inputs, place, -STEP);
            let change = |of: fn(&Found) -> f64| (of(&ahead) - of(&back)) / (2.0 * STEP);
            // What the digits of the numbers leave uncertain.
            let noise = |size: f64| 1e-6 * size / STEP;
            let checks = [
                ("the gradient", found.slope, change(|found| found.value), noise(found.terms)),
                ("its gradient", found.bend, change(|found| found.slope), noise(found.slopes)),
            ];
            for (what, ours, differences, noise) in checks {
                let near = 0.02 * ours.abs().max(differences.abs()) + noise;
                if (ours - differences).abs() > near {
                    wrong.push(format!(
                        "seed {seed}, {op}, operand {place}: {what} is {ours:.5}, differences {differences:.5} ({near:.1e})"
                    ));
                }
            }
            tried.insert(op.kind());
        }
    }
    assert!(tried.len() > 30, "{tried:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A graph of `sum(output * slopes)`, of its gradients along a direction of each operand, and of the gradients of those.
struct Second {
    graph: Graph,
    /// The operands that are floats.
    floats: Vec<usize>,
    values: Vec<(String, ValueId)>,
    slopes: HostTensor,
}

/// What is found of an operand along its direction.
struct Found {
    value: f64,
    slope: f64,
    bend: f64,
    /// Sums of the sizes of what they are made of.
    terms: f64,
    slopes: f64,
}

impl Second {
    /// None if no gradient flows to any operand.
    fn of(op: &Op, inputs: &[HostTensor]) -> Option<Second> {
        let facts: Vec<Fact> = inputs.iter().map(fact).collect();
        let floats: Vec<usize> = (0..inputs.len()).filter(|i| facts[*i].dtype == DType::Float).collect();
        let mut net = Net::default();
        let given: Vec<ValueId> = (0..)
            .zip(&facts)
            .map(|(i, fact): (usize, _)| net.add(Op::Input { name: i.to_string(), fact: fact.clone() }, &[]))
            .collect();
        let output = net.add(op.clone(), &given);
        if net.graph.fact(output).dtype != DType::Float {
            return None;
        }
        let slopes = net.add(Op::Input { name: "slopes".to_owned(), fact: net.graph.fact(output).clone() }, &[]);
        let product = net.binary(Binary::Mul, output, slopes);
        let mut values = vec![("terms".to_owned(), product)];
        let by: Vec<By> = floats.iter().map(|i| By::Value(given[*i])).collect();
        let first = gradients(&mut net.graph, product, &by);
        let mut found = Vec::new();
        for (i, first) in floats.iter().zip(first) {
            let Some(first) = first else { continue };
            found.push(*i);
            values.push((format!("first {i}"), first));
            let direction = net.add(Op::Input { name: format!("direction {i}"), fact: facts[*i].clone() }, &[]);
            let along = net.binary(Binary::Mul, first, direction);
            if let [Some(second)] = gradients(&mut net.graph, along, &[By::Value(given[*i])])[..] {
                values.push((format!("second {i}"), second));
            }
        }
        (!found.is_empty()).then(|| {
            let slopes = self::slopes(op, inputs);
            Second { graph: net.graph, floats: found, values, slopes }
        })
    }

    /// With an operand moved along its direction.
    fn run<K: Kernels<Backend = Plain>>(&self, inputs: &[HostTensor], place: usize, by: f64) -> Found {
        let direction = net::floats(&inputs[place].shape, 99);
        let along = direction.as_floats().expect("floats");
        let numbers = inputs[place].as_floats().expect("floats");
        let moved = numbers.iter().zip(along).map(|(x, d)| (f64::from(*x) + by * f64::from(*d)) as f32).collect();
        let mut given: NamedTensors = (0..inputs.len()).map(|i| (i.to_string(), inputs[i].clone())).collect();
        given.insert(place.to_string(), HostTensor::floats(&inputs[place].shape, moved));
        given.insert("slopes".to_owned(), self.slopes.clone());
        for i in &self.floats {
            given.insert(format!("direction {i}"), net::floats(&inputs[*i].shape, 99));
        }
        let net = Net { graph: self.graph.clone() };
        let outputs: Vec<(&str, ValueId)> = self.values.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let mut session = Session::<K>::new("test".to_owned(), device(), Precision::F32);
        let id = session.add(plan(&net.function(&outputs)));
        let evaluation = session.evaluate(id, &given, &net::draw(0)).expect("it runs");
        let numbers = |name: &str| -> Vec<f64> {
            let found = evaluation.iter().find(|(own, _)| own == name);
            let floats = found.and_then(|(_, tensor)| tensor.as_floats()).unwrap_or_default();
            floats.iter().map(|x| f64::from(*x)).collect()
        };
        let (terms, first, second) =
            (numbers("terms"), numbers(&format!("first {place}")), numbers(&format!("second {place}")));
        let dot = |numbers: &[f64]| numbers.iter().zip(along).map(|(x, d)| x * f64::from(*d)).sum::<f64>();
        let norm = |numbers: &[f64]| numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
        Found {
            value: terms.iter().sum(),
            slope: dot(&first),
            bend: dot(&second),
            terms: norm(&terms),
            slopes: norm(&first),
        }
    }
}

/// The names of an enum's variants, in its source.
fn variants(name: &str, source: &str) -> Vec<String> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).expect("the file holds the enum");
    let (body, _) = body.split_once("\n}").expect("an enum ends");
    let words = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = words.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(|line| line.chars().take_while(|c| c.is_alphanumeric()).collect()).collect()
}

/// One case or more for each operation.
fn cases(seed: u64) -> Vec<Case> {
    let mut make = Maker { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1) };
    let first = [elementwise(&mut make), layout(&mut make), order(&mut make), products(&mut make), images(&mut make)];
    [first.concat(), rounded_and_masked(&mut make)].concat()
}

fn elementwise(make: &mut Maker) -> Vec<Case> {
    let unary = [
        Unary::Neg,
        Unary::Exp,
        Unary::Log,
        Unary::Sqrt,
        Unary::Abs,
        Unary::Sin,
        Unary::Cos,
        Unary::Tanh,
        Unary::Sigmoid,
        Unary::Relu,
        Unary::LeakyRelu(0.2),
        Unary::Silu,
        Unary::Gelu,
        Unary::GeluTanh,
        Unary::AddScalar(1.7),
        Unary::MulScalar(-0.3),
        Unary::PowScalar(3.0),
        Unary::PowScalar(-0.5),
        Unary::PowScalar(0.5),
        Unary::PowScalar(1.7),
        Unary::Clamp(-0.5, 0.7),
        Unary::Clamp(f64::NEG_INFINITY, 0.0),
    ];
    let binary = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min];
    let mut cases: Vec<Case> = Vec::new();
    for unary in unary {
        let shape = make.shape();
        cases.push((Op::Unary(unary), vec![make.floats(&shape)]));
    }
    for binary in binary {
        let shape = make.shape();
        let other = make.broadcast(&shape);
        let (a, b) = (make.floats(&shape), make.floats(&other));
        cases.push((Op::Binary(binary), vec![a.clone(), b.clone()]));
        cases.push((Op::Binary(binary), vec![b, a]));
    }
    for comparison in [Comparison::Less, Comparison::LessEqual, Comparison::Equal] {
        let shape = make.shape();
        let other = make.broadcast(&shape);
        cases.push((Op::Compare(comparison), vec![make.floats(&shape), make.floats(&other)]));
    }
    let shape = make.shape();
    let (condition, other) = (make.broadcast(&shape), make.broadcast(&shape));
    cases.push((Op::Select, vec![make.truths(&condition), make.floats(&shape), make.floats(&other)]));
    for dtype in [DType::Float, DType::Int, DType::Bool] {
        cases.push((Op::Cast(dtype), vec![make.floats(&shape)]));
    }
    cases.push((Op::StopGradient, vec![make.floats(&shape)]));
    cases
}

fn layout(make: &mut Maker) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let elements = Elements::Float([0.1, 0.2, 0.3, 0.7, 1.1, 1.3].into());
    cases.push((Op::Constant(Constant { elements, shape: Shape::of(&[2, 3]) }), Vec::new()));
    for kind in [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min] {
        let shape = make.shape();
        let axes: Vec<usize> = (0..shape.len()).filter(|_| make.up_to(2) == 1).collect();
        cases.push((Op::Reduce { kind, axes, keep: make.up_to(2) == 1 }, vec![make.floats(&shape)]));
        let all = (0..shape.len()).collect();
        cases.push((Op::Reduce { kind, axes: all, keep: false }, vec![make.floats(&shape)]));
    }
    for _ in 0..3 {
        let shape = make.shape();
        let axis = make.up_to(shape.len()) - 1;
        cases.push((Op::Softmax { axis }, vec![make.floats(&shape)]));
    }
    let [a, b, c] = [make.up_to(9), make.up_to(9), make.up_to(9)];
    cases.push((Op::Reshape(of(&[c, a * b])), vec![make.floats(&[a, b, c])]));
    cases.push((Op::Permute(vec![2, 0, 1]), vec![make.floats(&[a, b, c])]));
    cases.push((Op::Expand(of(&[a, b, c])), vec![make.floats(&[b, 1])]));
    cases.push((Op::Concat { axis: 1 }, vec![make.floats(&[a, b, c]), make.floats(&[a, c, c])]));
    cases.push((Op::Slice { axis: 2, start: 1, end: 1 + c as i64 }, vec![make.floats(&[a, b, c + 2])]));
    let index = HostTensor::ints(&[b, c], (0..b * c).map(|_| make.up_to(a) as i64 - 1).collect());
    cases.push((Op::Gather, vec![make.floats(&[a, c]), index]));
    cases
}

fn order(make: &mut Maker) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for ranking in [Ranking::Ascending, Ranking::Descending, Ranking::Least] {
        let shape = make.shape();
        let axis = make.up_to(shape.len()) - 1;
        let count = Some(make.up_to(shape[axis])).filter(|_| make.up_to(2) == 1);
        cases.push((Op::Rank(Rank { axis, count, ranking }), vec![make.floats(&shape)]));
        cases.push((Op::Cumulate { axis, from_end: make.up_to(2) == 1 }, vec![make.floats(&shape)]));
        let axes: Vec<usize> = (0..shape.len()).filter(|_| make.up_to(2) == 1).collect();
        let q = [0.0, 0.3, 0.5, 1.0][make.up_to(4) - 1];
        cases.push((Op::Quantile(Quantile { q, axes, keep: make.up_to(2) == 1 }), vec![make.floats(&shape)]));
        let mut of_index = shape.clone();
        of_index[axis] = make.up_to(9);
        let index = (0..of_index.iter().product()).map(|_| make.up_to(shape[axis]) as i64 - 1).collect();
        cases.push((Op::Take { axis }, vec![make.floats(&shape), HostTensor::ints(&of_index, index)]));
        let [rows, among, width] = [make.up_to(70), make.up_to(90), make.up_to(40)];
        let count = make.up_to(among);
        let operands = vec![make.floats(&[2, rows, width]), make.floats(&[among, width])];
        cases.push((Op::Nearest { count }, operands.clone()));
        cases.push((Op::NearestIndex { count }, operands));
        let size = make.up_to(20);
        cases.push((Op::Inverse, vec![make.floats(&[rows, size, size])]));
    }
    cases
}

fn products(make: &mut Maker) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for _ in 0..4 {
        let [batch, n, k, m] = [make.up_to(4), make.up_to(90), make.up_to(70), make.up_to(90)];
        cases.push((Op::MatMul, vec![make.floats(&[batch, n, k]), make.floats(&[k, m])]));
        cases.push((Op::MatMul, vec![make.floats(&[batch, n, k]), make.floats(&[batch, k, m])]));
        cases.push((Op::MatMul, vec![make.floats(&[n, k]), make.floats(&[batch, k, m])]));
        cases.push((Op::Linear, vec![make.floats(&[batch, n, k]), make.floats(&[m, k]), make.floats(&[m])]));
        cases.push((Op::Linear, vec![make.floats(&[n, k]), make.floats(&[m, k])]));
        let sight = if make.up_to(2) == 1 { Sight::Earlier } else { Sight::All };
        let keys = if sight == Sight::Earlier { n } else { m };
        let [q, k, v] = [[batch, 2, n, k], [batch, 2, keys, k], [batch, 2, keys, m]];
        let operands = vec![make.floats(&q), make.floats(&k), make.floats(&v)];
        cases.push((Op::Attention(Attention { scale: 0.3, sight }), operands));
    }
    cases
}

/// Cases that came later, so that those before have the numbers that they always had.
fn rounded_and_masked(make: &mut Maker) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for unary in [Unary::GuidedRelu, Unary::Softplus, Unary::Floor, Unary::Round, Unary::Sign] {
        let shape = make.shape();
        cases.push((Op::Unary(unary), vec![make.floats(&shape)]));
    }
    for binary in [Binary::Rem, Binary::Pow] {
        let shape = make.shape();
        let other = make.broadcast(&shape);
        let (mut a, mut b) = (make.floats(&shape), make.floats(&other));
        if binary == Binary::Pow {
            // Others overflow.
            (a, b) = (near_one(&a), near_one(&b));
        }
        cases.push((Op::Binary(binary), vec![a.clone(), b.clone()]));
        cases.push((Op::Binary(binary), vec![b, a]));
    }
    for _ in 0..2 {
        let [batch, n, k, m] = [make.up_to(4), make.up_to(90), make.up_to(70), make.up_to(90)];
        let [q, k, v] = [[batch, 2, n, k], [batch, 2, m, k], [batch, 2, m, k]];
        // Each query sees one key at least.
        let seen = (0..n * m).map(|place| place % m == place / m % m || make.up_to(2) == 1).collect();
        let mask = HostTensor::new(vec![n, m], HostData::Bool(seen));
        let operands = vec![make.floats(&q), make.floats(&k), make.floats(&v), mask];
        cases.push((Op::Attention(Attention { scale: 0.3, sight: Sight::Chosen }), operands));
    }
    let x = [make.up_to(3), make.up_to(4), make.up_to(9), make.up_to(9)];
    let x = make.floats(&x);
    let size = [make.up_to(20), make.up_to(20)].map(extent);
    for interpolation in [Interpolation::Bicubic, Interpolation::BicubicAligned] {
        cases.push((Op::Resize(Resize { size: size.clone(), interpolation }), vec![x.clone()]));
    }
    cases.push((Op::Pad { sides: [1, 12, 0, 3], mode: PadMode::Edge }, vec![x]));
    cases
}

/// From 0.5 to 1.5.
fn near_one(x: &HostTensor) -> HostTensor {
    let numbers = x.as_floats().expect("they are floats");
    let largest = numbers.iter().fold(1e-6_f32, |most, x| most.max(x.abs()));
    HostTensor::floats(&x.shape, numbers.iter().map(|x| 1.0 + 0.5 * x / largest).collect())
}

fn images(make: &mut Maker) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for groups in [1, 1, 2, 3] {
        let [batch, height, width] = [make.up_to(3), 4 + make.up_to(14), 4 + make.up_to(14)];
        let [channels, out] = [groups * make.up_to(8), groups * make.up_to(8)];
        let [kernel, stride, padding] = [make.up_to(3), make.up_to(2), make.up_to(2) - 1];
        let x = make.floats(&[batch, channels, height, width]);
        let (stride, padding, dilation) = ([stride, 1], [padding, 1], [1, make.up_to(2)]);
        let conv = Conv2d { stride, padding, dilation, groups };
        let weight = make.floats(&[out, channels / groups, kernel, 2]);
        cases.push((Op::Conv2d(conv), vec![x.clone(), weight.clone(), make.floats(&[out])]));
        cases.push((Op::Conv2d(conv), vec![x.clone(), weight]));
        let conv = ConvTranspose2d { stride, padding: [0, 0], output_padding: [0, 0], dilation, groups };
        let weight = make.floats(&[channels, out / groups, kernel, 2]);
        cases.push((Op::ConvTranspose2d(conv), vec![x, weight, make.floats(&[out])]));

        let channels = 2 * groups * make.up_to(5);
        let scales = [make.floats(&[channels]), make.floats(&[channels])];
        let x = make.floats(&[batch, channels, height, width]);
        for groups in [groups, channels] {
            let op = Op::GroupNorm { groups, epsilon: 1e-5 };
            cases.push((op, [vec![x.clone()], scales.to_vec()].concat()));
        }
        let rows = make.floats(&[batch, height, channels]);
        cases.push((Op::LayerNorm { epsilon: 1e-6 }, [vec![rows], scales.to_vec()].concat()));

        let resized = [make.up_to(20), make.up_to(20)].map(extent);
        for interpolation in
            [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::BilinearAligned, Interpolation::Average]
        {
            cases.push((Op::Resize(Resize { size: resized.clone(), interpolation }), vec![x.clone()]));
        }
        for kind in [PoolKind::Average, PoolKind::Max] {
            let pool = Pool { kind, window: [2, 3], stride, padding: [padding[0], 1] };
            cases.push((Op::Pool(pool), vec![x.clone()]));
        }
        for mode in [PadMode::Zero, PadMode::Reflect] {
            cases.push((Op::Pad { sides: [1, 2, 0, 3], mode }, vec![x.clone()]));
        }
        cases.push((Op::GaussianBlur { sigma: 1.3, truncate: 4.0 }, vec![x]));
    }
    cases
}

fn of(shape: &[usize]) -> Shape {
    Shape(shape.iter().map(|&n| extent(n)).collect())
}

fn extent(n: usize) -> Dim {
    Dim::from(i64::try_from(n).expect("a small extent"))
}

/// Makes extents and operands.
struct Maker {
    state: u64,
}

impl Maker {
    /// A number from 1 to `most`.
    fn up_to(&mut self, most: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (self.state >> 33) as usize % most
    }

    /// One to four axes.
    fn shape(&mut self) -> Vec<usize> {
        let rank = self.up_to(4);
        (0..rank).map(|_| self.up_to(13)).collect()
    }

    /// A shape with extents of 1 here and there, and perhaps without the first axes.
    fn broadcast(&mut self, shape: &[usize]) -> Vec<usize> {
        let from = self.up_to(shape.len()) - 1;
        shape[from..].iter().map(|&n| if self.up_to(2) == 1 { 1 } else { n }).collect()
    }

    /// Numbers on both sides of 0, small or large.
    fn floats(&mut self, shape: &[usize]) -> HostTensor {
        let HostTensor { shape, data } = net::floats(shape, self.up_to(1 << 20) as u64);
        let size = [0.1, 1.0, 20.0][self.up_to(3) - 1];
        let HostData::Float(numbers) = data else { unreachable!("they are floats") };
        HostTensor::floats(&shape, numbers.into_iter().map(|x| x * size).collect())
    }

    fn truths(&mut self, shape: &[usize]) -> HostTensor {
        let count = shape.iter().product();
        HostTensor::new(shape.to_vec(), HostData::Bool((0..count).map(|_| self.up_to(2) == 1).collect()))
    }
}
