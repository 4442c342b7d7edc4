//! Rules of gradients themselves.
//!
//! Most of them are sums of products of the gradient that they are given, and their rule is the operation that they belong
//! to. The others are written in plain operations, which have rules.

use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2};

use diadc_core::fact::{Dim, Shape};
use diadc_core::graph::{NodeId, ValueId};
use diadc_core::op::{Attention, Comparison, Constant, Elements, Gradient, Op, Pool, Reduction, Resize, Sight, Unary};

use super::build::{Applied, Builder, Rule};
use super::product::{plane, weight_gradient};
use super::sweep::sweep;

/// The factor of the cube in the tanh approximation of GELU.
const CUBE: f64 = 0.044_715;

/// The rule of a gradient; `all` is that of any operation.
pub(super) fn rule(b: &mut Builder<'_>, gradient: &Gradient, at: &Applied<'_>, all: Rule) -> Vec<Option<ValueId>> {
    let inputs = at.inputs;
    let only = |value: ValueId| vec![Some(value)];
    match gradient {
        Gradient::ConvolutionInput { conv, .. } => {
            let (weight, g, h) = (inputs[0], inputs[1], at.gradient());
            let of_weight = at.wanted[0].then(|| weight_gradient(b, *conv, h, weight, g));
            vec![of_weight, at.wanted[1].then(|| b.op(Op::Conv2d(*conv), &[h, weight]))]
        }
        Gradient::ConvolutionWeight { conv, .. } => {
            let (x, g, h) = (inputs[0], inputs[1], at.gradient());
            let of_x = at.wanted[0].then(|| {
                let size = plane(b, x);
                b.gradient(Gradient::ConvolutionInput { conv: *conv, size }, &[h, g])
            });
            vec![of_x, at.wanted[1].then(|| b.op(Op::Conv2d(*conv), &[x, h]))]
        }
        Gradient::AveragePool { pool, .. } => only(b.op(Op::Pool(*pool), &[at.gradient()])),
        Gradient::Resize { interpolation, .. } => {
            let resize = Resize { size: plane(b, inputs[0]), interpolation: *interpolation };
            only(b.op(Op::Resize(resize), &[at.gradient()]))
        }
        Gradient::GaussianBlur { sigma, truncate } => {
            only(b.op(Op::GaussianBlur { sigma: *sigma, truncate: *truncate }, &[at.gradient()]))
        }
        Gradient::Pad { sides, mode } => only(b.op(Op::Pad { sides: *sides, mode: *mode }, &[at.gradient()])),
        Gradient::Gather { .. } => vec![None, Some(b.op(Op::Gather, &[at.gradient(), inputs[0]]))],
        Gradient::Take { axis, .. } => vec![None, Some(b.op(Op::Take { axis: *axis }, &[at.gradient(), inputs[0]]))],
        Gradient::Slice { axis, before, .. } => {
            let extent = b.fact(inputs[0]).shape.0[*axis].clone();
            only(b.gradient(Gradient::Concat { axis: *axis, from: before.clone(), extent }, &[at.gradient()]))
        }
        Gradient::Concat { axis, from, extent } => {
            let after = b.fact(inputs[0]).shape.0[*axis].minus(from).minus(extent);
            only(b.gradient(Gradient::Slice { axis: *axis, before: from.clone(), after }, &[at.gradient()]))
        }
        Gradient::MaxPool(pool) => {
            vec![None, Some(b.gradient(Gradient::MaxPoolOther(*pool), &[inputs[0], at.gradient()]))]
        }
        Gradient::MaxPoolOther(pool) => {
            vec![None, Some(b.gradient(Gradient::MaxPool(Pool { ..*pool }), &[inputs[0], at.gradient()]))]
        }
        Gradient::Quantile(quantile) => {
            vec![None, Some(b.gradient(Gradient::QuantileOther(quantile.clone()), &[inputs[0], at.gradient()]))]
        }
        Gradient::QuantileOther(quantile) => {
            vec![None, Some(b.gradient(Gradient::Quantile(quantile.clone()), &[inputs[0], at.gradient()]))]
        }
        Gradient::Unary(unary) => {
            let (x, g, h) = (inputs[0], inputs[1], at.gradient());
            let of_x = if at.wanted[0] { bend(b, *unary, x, g, h) } else { None };
            vec![of_x, at.wanted[1].then(|| b.gradient(Gradient::Unary(*unary), &[x, h]))]
        }
        Gradient::Softmax { axis } => through(b, at, all, |b, inputs| {
            let (y, g) = (inputs[0], inputs[1]);
            let product = b.mul(y, g);
            let sum = b.sum(product, &[*axis]);
            let rest = b.sub(g, sum);
            vec![b.mul(y, rest)]
        }),
        Gradient::Attention(attention) => through_forward(b, at, all, |b, x| attend(b, *attention, x)),
        Gradient::GroupNorm { groups, epsilon } => {
            through_forward(b, at, all, |b, x| normalize(b, Some(*groups), *epsilon, x))
        }
        Gradient::LayerNorm { epsilon } => through_forward(b, at, all, |b, x| normalize(b, None, *epsilon, x)),
        Gradient::Nearest { count } => through_forward(b, at, all, |b, x| nearest(b, *count, x)),
    }
}

/// The gradient of `x` where `gradient` goes through the slope of an activation: `g h` times its second derivative. None if
/// that is 0.
fn bend(b: &mut Builder<'_>, unary: Unary, x: ValueId, g: ValueId, h: ValueId) -> Option<ValueId> {
    let second = if let Unary::Relu | Unary::LeakyRelu(_) = unary {
        return None;
    } else if let Unary::Gelu = unary {
        // density (2 - x^2)
        let square = b.mul(x, x);
        let exponent = b.scaled(square, -0.5);
        let power = b.unary(Unary::Exp, exponent);
        let density = b.scaled(power, (2.0 * PI).sqrt().recip());
        let negative = b.neg(square);
        let factor = b.plus(negative, 2.0);
        b.mul(density, factor)
    } else if let Unary::Sigmoid = unary {
        let s = b.unary(Unary::Sigmoid, x);
        let (slope, rest) = logistic(b, s);
        b.mul(slope, rest)
    } else if let Unary::Silu = unary {
        // s' (2 + x (1 - 2 s))
        let s = b.unary(Unary::Sigmoid, x);
        let (slope, rest) = logistic(b, s);
        let product = b.mul(x, rest);
        let factor = b.plus(product, 2.0);
        b.mul(slope, factor)
    } else if let Unary::GeluTanh = unary {
        // With x s(u): s' (2 u' + x u'' + x u'^2 (1 - 2 s))
        let double = FRAC_2_SQRT_PI * SQRT_2;
        let square = b.mul(x, x);
        let scaled = b.scaled(square, CUBE * double);
        let factor = b.plus(scaled, double);
        let u = b.mul(x, factor);
        let scaled = b.scaled(square, 3.0 * CUBE * double);
        let steepness = b.plus(scaled, double);
        let s = b.unary(Unary::Sigmoid, u);
        let (slope, rest) = logistic(b, s);
        let (first, second) = (b.scaled(steepness, 2.0), b.scaled(square, 6.0 * CUBE * double));
        let steep = b.mul(steepness, steepness);
        let bent = b.mul(steep, rest);
        let third = b.mul(x, bent);
        let sum = b.add(first, second);
        let sum = b.add(sum, third);
        b.mul(slope, sum)
    } else {
        unreachable!("only activations have a gradient of their own")
    };
    let product = b.mul(g, h);
    Some(b.mul(product, second))
}

/// `s (1 - s)`, the slope of the sigmoid `s`, and `1 - 2 s`.
fn logistic(b: &mut Builder<'_>, s: ValueId) -> (ValueId, ValueId) {
    let negative = b.neg(s);
    let rest = b.plus(negative, 1.0);
    let slope = b.mul(s, rest);
    let twice = b.scaled(s, -2.0);
    (slope, b.plus(twice, 1.0))
}

/// The gradients of the inputs of an operation, through operations that give the same.
fn through(
    b: &mut Builder<'_>,
    at: &Applied<'_>,
    all: Rule,
    same: impl Fn(&mut Builder<'_>, &[ValueId]) -> Vec<ValueId>,
) -> Vec<Option<ValueId>> {
    // Each input by itself, since one value may be several of them.
    let own = |b: &mut Builder<'_>, value: ValueId| {
        let shape = b.shape(value);
        b.op(Op::Reshape(shape), &[value])
    };
    let inputs: Vec<ValueId> = at.inputs.iter().map(|value| own(b, *value)).collect();
    let after = last(b);
    let outputs = same(b, &inputs);
    let results: Vec<_> = outputs.iter().zip(at.gradients).filter_map(|(value, own)| Some((*value, (*own)?))).collect();
    sweep(b.graph, after, &results, &inputs, all)
}

/// The same where an operation gives the gradients of all inputs of another, which is written in operations. Its last input
/// is the gradient of that.
fn through_forward(
    b: &mut Builder<'_>,
    at: &Applied<'_>,
    all: Rule,
    forward: impl Fn(&mut Builder<'_>, &[ValueId]) -> ValueId,
) -> Vec<Option<ValueId>> {
    through(b, at, all, |b, inputs| {
        let (gradient, given) = inputs.split_last().expect("the gradient comes last");
        let after = last(b);
        // A normalisation is the same for every bias.
        let mut given = given.to_vec();
        if at.outputs.len() > given.len() {
            let (zero, shape) = (b.number(0.0), b.shape(given[1]));
            given.push(b.op(Op::Expand(shape), &[zero]));
        }
        let after = given.last().map(|value| value.node).max(after);
        let output = forward(b, &given);
        let found = sweep(b.graph, after, &[(output, *gradient)], &given, all);
        // None through a mask.
        found.into_iter().flatten().collect()
    })
}

fn last(b: &Builder<'_>) -> Option<NodeId> {
    b.graph.nodes().last().map(|(id, _)| id)
}

/// Attention as it is defined.
fn attend(b: &mut Builder<'_>, attention: Attention, inputs: &[ValueId]) -> ValueId {
    let (q, k, v) = (inputs[0], inputs[1], inputs[2]);
    let (scaled, turned) = (b.scaled(q, attention.scale), b.turned(k));
    let mut scores = b.matmul(scaled, turned);
    if attention.sight != Sight::All {
        let is_seen = inputs.get(3).copied().unwrap_or_else(|| earlier(b, scores));
        let hidden = Elements::Float(vec![f64::NEG_INFINITY].into());
        let hidden = b.op(Op::Constant(Constant { elements: hidden, shape: Shape::default() }), &[]);
        scores = b.select(is_seen, scores, hidden);
    }
    let shares = b.op(Op::Softmax { axis: 3 }, &[scores]);
    b.matmul(shares, v)
}

/// For each query and each key whether the key comes no later.
fn earlier(b: &mut Builder<'_>, scores: ValueId) -> ValueId {
    let shape = b.shape(scores);
    let count = |b: &mut Builder<'_>, axis: usize| {
        let mut extents = vec![Dim::from(1); 2];
        extents[axis] = shape.0[2 + axis].clone();
        let one = b.number(1.0);
        let ones = b.op(Op::Expand(Shape(extents)), &[one]);
        b.op(Op::Cumulate { axis, from_end: false }, &[ones])
    };
    let (row, column) = (count(b, 0), count(b, 1));
    b.compare(Comparison::LessEqual, column, row)
}

/// A normalisation over groups of channels, or over the last axis.
fn normalize(b: &mut Builder<'_>, groups: Option<usize>, epsilon: f64, inputs: &[ValueId]) -> ValueId {
    let (x, weight, bias) = (inputs[0], inputs[1], inputs[2]);
    let shape = b.shape(x);
    let axis = if groups.is_some() { 1 } else { shape.rank() - 1 };
    let seen = match groups {
        Some(groups) => {
            let groups = Dim::from(i64::try_from(groups).unwrap_or(i64::MAX));
            let all = Dim::product(shape.0[1..].iter());
            let each = all.divided_exactly(&groups).expect("the shape rule splits channels into groups");
            Shape(vec![shape.0[0].clone(), groups, each])
        }
        None => shape.clone(),
    };
    let rows = b.reshape(x, &seen);
    let over = [seen.rank() - 1];
    let mean = b.reduced(Reduction::Mean, rows, &over);
    let centred = b.sub(rows, mean);
    let square = b.mul(centred, centred);
    let variance = b.reduced(Reduction::Mean, square, &over);
    let variance = b.plus(variance, epsilon);
    let deviation = b.unary(Unary::Sqrt, variance);
    let normal = b.div(centred, deviation);
    let normal = b.reshape(normal, &shape);
    let mut along = vec![Dim::from(1); shape.rank()];
    along[axis] = shape.0[axis].clone();
    let [weight, bias] = [weight, bias].map(|value| b.reshape(value, &Shape(along.clone())));
    let scaled = b.mul(normal, weight);
    b.add(scaled, bias)
}

/// The distances of rows from the nearest of others.
fn nearest(b: &mut Builder<'_>, count: usize, inputs: &[ValueId]) -> ValueId {
    let (x, rows) = (inputs[0], inputs[1]);
    let places = b.op(Op::NearestIndex { count }, &[x, rows]);
    let found = b.op(Op::Gather, &[rows, places]);
    let mut beside = b.shape(x);
    beside.0.insert(beside.rank() - 1, Dim::from(1));
    let x = b.reshape(x, &beside);
    let difference = b.sub(x, found);
    let square = b.mul(difference, difference);
    let last = b.fact(square).shape.rank() - 1;
    let sum = b.op(Op::Reduce { kind: Reduction::Sum, axes: vec![last], keep: false }, &[square]);
    b.unary(Unary::Sqrt, sum)
}
