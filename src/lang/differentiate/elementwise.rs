//! Rules of functions of single numbers, and of reductions.

use diadc_core::fact::{DType, Dim};
use diadc_core::graph::ValueId;
use diadc_core::op::{Binary, Comparison, Gradient, Op, Reduction, Unary};

use super::build::{Applied, Builder};

/// The gradient of the input; none if the function is constant.
pub(super) fn unary(b: &mut Builder<'_>, unary: Unary, at: &Applied<'_>) -> Option<ValueId> {
    let (x, y, g) = (at.inputs[0], at.outputs[0], at.gradient());
    Some(match unary {
        Unary::Neg => b.neg(g),
        Unary::Exp => b.mul(g, y),
        Unary::Log => b.div(g, x),
        Unary::Sqrt => {
            let half = b.scaled(g, 0.5);
            b.div(half, y)
        }
        Unary::Abs => {
            // At 0 there is none; NaN stays NaN.
            let zero = b.number(0.0);
            let (below, above) = (b.compare(Comparison::Less, x, zero), b.compare(Comparison::Less, zero, x));
            let (negative, neither) = (b.neg(g), b.mul(g, x));
            let rest = b.select(above, g, neither);
            b.select(below, negative, rest)
        }
        Unary::Sin => {
            let slope = b.unary(Unary::Cos, x);
            b.mul(g, slope)
        }
        Unary::Cos => {
            let slope = b.unary(Unary::Sin, x);
            let product = b.mul(g, slope);
            b.neg(product)
        }
        Unary::Tanh => {
            let square = b.mul(y, y);
            let rest = b.neg(square);
            let slope = b.plus(rest, 1.0);
            b.mul(g, slope)
        }
        Unary::Sigmoid | Unary::Relu | Unary::LeakyRelu(_) | Unary::Silu | Unary::Gelu | Unary::GeluTanh => {
            b.gradient(Gradient::Unary(unary), &[x, g])
        }
        Unary::GuidedRelu => {
            let raised = b.unary(Unary::Relu, g);
            b.gradient(Gradient::Unary(Unary::Relu), &[x, raised])
        }
        Unary::Softplus => {
            let slope = b.unary(Unary::Sigmoid, x);
            b.mul(g, slope)
        }
        Unary::Floor | Unary::Round | Unary::Sign => return None,
        Unary::AddScalar(_) => g,
        Unary::MulScalar(c) => b.scaled(g, c),
        Unary::PowScalar(0.0) => return None,
        Unary::PowScalar(c) => {
            let power = if c == 2.0 { x } else { b.unary(Unary::PowScalar(c - 1.0), x) };
            let slope = b.scaled(power, c);
            b.mul(g, slope)
        }
        Unary::Clamp(low, high) => {
            let zero = b.number(0.0);
            let mut passed = g;
            if low.is_finite() {
                let limit = b.number(low);
                let is_low = b.compare(Comparison::LessEqual, x, limit);
                passed = b.select(is_low, zero, passed);
            }
            if high.is_finite() {
                let limit = b.number(high);
                let is_high = b.compare(Comparison::LessEqual, limit, x);
                passed = b.select(is_high, zero, passed);
            }
            passed
        }
    })
}

pub(super) fn binary(b: &mut Builder<'_>, binary: Binary, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let (x, y, g) = (at.inputs[0], at.inputs[1], at.gradient());
    let part = |b: &mut Builder<'_>, port: usize| {
        let (own, other) = (at.inputs[port], at.inputs[1 - port]);
        let gradient = match (binary, port) {
            (Binary::Add, _) | (Binary::Sub, 0) => g,
            (Binary::Sub, _) => b.neg(g),
            (Binary::Mul, _) => b.mul(g, other),
            (Binary::Div, 0) => b.div(g, y),
            (Binary::Div, _) => {
                let slope = b.div(at.outputs[0], y);
                let product = b.mul(g, slope);
                b.neg(product)
            }
            (Binary::Rem, 0) => g,
            (Binary::Rem, _) => {
                let multiple = b.sub(x, at.outputs[0]);
                let count = b.div(multiple, y);
                let product = b.mul(g, count);
                b.neg(product)
            }
            // Where torch has none there is none: `x ^ 0`, and exponents of 0.
            (Binary::Pow, 0) => {
                let (lower, zero) = (b.plus(y, -1.0), b.number(0.0));
                let power = b.op(Op::Binary(Binary::Pow), &[x, lower]);
                let slope = b.mul(y, power);
                let (product, is_zero) = (b.mul(g, slope), b.compare(Comparison::Equal, y, zero));
                b.select(is_zero, zero, product)
            }
            (Binary::Pow, _) => {
                let (logarithm, zero) = (b.unary(Unary::Log, x), b.number(0.0));
                let slope = b.mul(at.outputs[0], logarithm);
                let product = b.mul(g, slope);
                let (is_zero, is_power) =
                    (b.compare(Comparison::Equal, x, zero), b.compare(Comparison::LessEqual, zero, y));
                let without = b.select(is_power, zero, product);
                b.select(is_zero, without, product)
            }
            (Binary::Max | Binary::Min, _) => {
                let (low, high) = if binary == Binary::Max { (own, other) } else { (other, own) };
                let is_equal = b.compare(Comparison::Equal, x, y);
                let loses = b.compare(Comparison::Less, low, high);
                let (half, zero) = (b.scaled(g, 0.5), b.number(0.0));
                let shared = b.select(is_equal, half, g);
                b.select(loses, zero, shared)
            }
        };
        let shape = b.shape(own);
        b.sum_to(gradient, &shape)
    };
    (0..2).map(|port| at.wanted[port].then(|| part(b, port))).collect()
}

pub(super) fn select(b: &mut Builder<'_>, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let (condition, g, zero) = (at.inputs[0], at.gradient(), b.number(0.0));
    let part = |b: &mut Builder<'_>, port: usize| {
        let (first, second) = if port == 1 { (g, zero) } else { (zero, g) };
        let gradient = b.select(condition, first, second);
        let shape = b.shape(at.inputs[port]);
        b.sum_to(gradient, &shape)
    };
    (0..3).map(|port| (port > 0 && at.wanted[port]).then(|| part(b, port))).collect()
}

/// The gradient of what was reduced over axes. Equal extremes share it evenly.
pub(super) fn reduce(b: &mut Builder<'_>, kind: Reduction, axes: &[usize], at: &Applied<'_>) -> ValueId {
    let x = at.inputs[0];
    let shape = b.shape(x);
    let mut kept = shape.clone();
    axes.iter().for_each(|axis| kept.0[*axis] = Dim::from(1));
    let g = b.reshape(at.gradient(), &kept);
    match kind {
        Reduction::Sum => b.expand(g, &shape),
        Reduction::Mean => {
            let count = Dim::product(axes.iter().map(|axis| &shape.0[*axis]));
            let share = b.divided_by(g, &count);
            b.expand(share, &shape)
        }
        Reduction::Max | Reduction::Min => {
            let extreme = b.reshape(at.outputs[0], &kept);
            let is_extreme = b.compare(Comparison::Equal, x, extreme);
            let share = b.op(Op::Cast(DType::Float), &[is_extreme]);
            let count = b.sum(share, axes);
            let each = b.div(g, count);
            b.mul(share, each)
        }
    }
}
