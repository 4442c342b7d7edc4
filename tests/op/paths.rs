//! Every operation gives the same bits whether it is scored or trained: on the bare backend, and under autodiff with a
//! gradient wanted for each of its float inputs.
//!
//! The cases are made for each of some seeds, which set extents and numbers. That no operation is left out is read from
//! the enums themselves.

use burn::tensor::ops::FloatTensorOps;
use diadc::execute::{Composed, HostData, HostTensor, Recorded, Tensor, TrainingKernels, apply};
use diadc::fact::{DType, Dim, Fact, Shape};
use diadc::op::{
    Attention, Binary, Comparison, Constant, Conv2d, ConvTranspose2d, Elements, Interpolation, Op, PadMode, Pool,
    PoolKind, Quantile, Rank, Ranking, Reduction, Resize, Unary,
};

use super::device::{Own, Plain, Trained, device};
use super::fixture::{choice, fact, run};
use crate::run::net;

/// An operation and operands for it.
type Case = (Op, Vec<HostTensor>);

/// Seeds of extents and numbers.
const SEEDS: u64 = 8;

/// Operations whose numbers the caller supplies: they have no kernel that could differ.
const SUPPLIED: [&str; 4] = ["Input", "Weight", "Random", "Coreset"];

#[test]
fn scoring_and_training_give_the_same_bits() {
    let mut wrong = Vec::new();
    for (seed, (op, inputs)) in (0..SEEDS).flat_map(|seed| cases(seed).into_iter().map(move |case| (seed, case))) {
        let facts: Vec<Fact> = inputs.iter().map(fact).collect();
        let inferred = op.infer(&facts.iter().collect::<Vec<_>>());
        let inferred = inferred.unwrap_or_else(|error| panic!("seed {seed}, {op}: {}", error.message));
        let shape = inferred.shape.known().expect("all extents are known");
        let own = bits(&run::<Own>(&op, &inputs, &shape).into_host().expect("the device works"));
        if own != bits(&trained::<Own>(&op, &inputs, &shape)) {
            wrong.push(format!("seed {seed}, {op} on the processor: {facts:?}"));
        }
        let composed = run::<Composed<Plain>>(&op, &inputs, &shape).into_host().expect("the device works");
        if bits(&composed) != bits(&trained::<Composed<Plain>>(&op, &inputs, &shape)) {
            wrong.push(format!("seed {seed}, {op}, composed: {facts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_operation_is_scored_and_trained() {
    let cases: Vec<String> = cases(0).iter().map(|(op, _)| format!("{op:?}")).collect();
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
    ];
    let has = |case: &str, name: &str| case.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
    for (of, source) in enums {
        let variants = variants(of, source);
        assert!(variants.len() > 1, "{of} has variants");
        for name in variants.iter().filter(|name| !SUPPLIED.contains(&name.as_str())) {
            assert!(cases.iter().any(|case| has(case, name)), "no case for `{of}::{name}`");
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

/// The output under autodiff, with a gradient wanted for each float input.
fn trained<K: TrainingKernels<Backend = Plain>>(op: &Op, inputs: &[HostTensor], shape: &[usize]) -> HostTensor {
    let tracked = |x: &HostTensor| match Tensor::<Trained>::from_host(x.clone(), &device()) {
        Tensor::Float(x) => Tensor::Float(Trained::float_set_require_grad(x, true)),
        x @ (Tensor::Int(_) | Tensor::Bool(_)) => x,
    };
    let choice = choice(op, inputs.iter().map(|x| x.shape.clone()), shape);
    let inputs = inputs.iter().map(tracked).collect();
    apply::<Recorded<K>>(op, choice, inputs, shape, &device()).into_host().expect("the device works")
}

/// Numbers as they are stored. Two that are not numbers count as the same.
fn bits(x: &HostTensor) -> Vec<i64> {
    match &x.data {
        HostData::Float(v) => v.iter().map(|x| if x.is_nan() { i64::MAX } else { x.to_bits().into() }).collect(),
        HostData::Int(v) => v.clone(),
        HostData::Bool(v) => v.iter().map(|&x| x.into()).collect(),
    }
}

/// One case or more for each operation.
fn cases(seed: u64) -> Vec<Case> {
    let mut make = Maker { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1) };
    [elementwise(&mut make), layout(&mut make), order(&mut make), products(&mut make), images(&mut make)].concat()
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
        cases.push((Op::Cumulate { axis }, vec![make.floats(&shape)]));
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
        let causal = make.up_to(2) == 1;
        let keys = if causal { n } else { m };
        let [q, k, v] = [[batch, 2, n, k], [batch, 2, keys, k], [batch, 2, keys, m]];
        let operands = vec![make.floats(&q), make.floats(&k), make.floats(&v)];
        cases.push((Op::Attention(Attention { scale: 0.3, causal }), operands));
    }
    cases
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
