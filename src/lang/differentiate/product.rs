//! Rules of products.

use diadc_core::fact::{Dim, Shape};
use diadc_core::graph::ValueId;
use diadc_core::op::{Conv2d, ConvTranspose2d, Gradient, Op};

use super::build::{Applied, Builder};

pub(super) fn matmul(b: &mut Builder<'_>, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let (left, right, g) = (at.inputs[0], at.inputs[1], at.gradient());
    let (of_left, of_right) = (b.shape(left), b.shape(right));
    let left_gradient = at.wanted[0].then(|| {
        let turned = b.turned(right);
        let product = b.matmul(g, turned);
        b.sum_to(product, &of_left)
    });
    let right_gradient = at.wanted[1].then(|| {
        let is_plain = of_right.0[..of_right.rank() - 2].iter().all(|extent| extent.known() == Some(1));
        if is_plain && of_left.rank() >= of_right.rank() {
            // One matrix for all: one product of all rows.
            let product = product_of_rows(b, left, g);
            return b.reshape(product, &of_right);
        }
        let turned = b.turned(left);
        let product = b.matmul(turned, g);
        b.sum_to(product, &of_right)
    });
    vec![left_gradient, right_gradient]
}

/// `x: [.., k]`, `y: [.., m]`: the sum over all rows of their products, `[k, m]`.
fn product_of_rows(b: &mut Builder<'_>, x: ValueId, y: ValueId) -> ValueId {
    let [x, y] = [x, y].map(|value| rows(b, value));
    let turned = b.turned(x);
    b.matmul(turned, y)
}

fn rows(b: &mut Builder<'_>, x: ValueId) -> ValueId {
    let shape = b.shape(x);
    let (last, leading) = shape.0.split_last().expect("rows have an axis");
    b.reshape(x, &Shape(vec![Dim::product(leading.iter()), last.clone()]))
}

pub(super) fn linear(b: &mut Builder<'_>, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let (x, weight, g) = (at.inputs[0], at.inputs[1], at.gradient());
    let of_weight = at.wanted[1].then(|| product_of_rows(b, g, x));
    let of_bias = at.wanted.get(2).is_some_and(|wanted| *wanted).then(|| {
        let rank = b.fact(g).shape.rank();
        b.sum_to_axis(g, rank - 1)
    });
    let of_x = at.wanted[0].then(|| {
        let shape = b.shape(x);
        if shape.rank() > 1 {
            return b.matmul(g, weight);
        }
        let row = rows(b, g);
        let product = b.matmul(row, weight);
        b.reshape(product, &shape)
    });
    [of_x, of_weight, of_bias].into_iter().take(at.inputs.len()).collect()
}

pub(super) fn inverse(b: &mut Builder<'_>, at: &Applied<'_>) -> ValueId {
    let turned = b.turned(at.outputs[0]);
    let left = b.matmul(turned, at.gradient());
    let product = b.matmul(left, turned);
    b.neg(product)
}

pub(super) fn convolution(b: &mut Builder<'_>, conv: Conv2d, at: &Applied<'_>) -> Vec<Option<ValueId>> {
    let (x, weight, g) = (at.inputs[0], at.inputs[1], at.gradient());
    let of_weight = at.wanted[1].then(|| weight_gradient(b, conv, x, weight, g));
    let of_bias = at.wanted.get(2).is_some_and(|wanted| *wanted).then(|| b.sum_to_axis(g, 1));
    let of_x = at.wanted[0].then(|| {
        let size = plane(b, x);
        b.gradient(Gradient::ConvolutionInput { conv, size }, &[weight, g])
    });
    [of_x, of_weight, of_bias].into_iter().take(at.inputs.len()).collect()
}

pub(super) fn weight_gradient(b: &mut Builder<'_>, conv: Conv2d, x: ValueId, weight: ValueId, g: ValueId) -> ValueId {
    let kernel = plane(b, weight);
    b.gradient(Gradient::ConvolutionWeight { conv, kernel }, &[x, g])
}

/// The extents of the last two of four axes.
pub(super) fn plane(b: &Builder<'_>, x: ValueId) -> [Dim; 2] {
    let shape = b.shape(x);
    [shape.0[2].clone(), shape.0[3].clone()]
}

/// A transposed convolution is the input's gradient of a convolution, so its own gradient is that convolution.
pub(super) fn transposed_convolution(
    b: &mut Builder<'_>,
    conv: ConvTranspose2d,
    at: &Applied<'_>,
) -> Vec<Option<ValueId>> {
    let (x, weight, g) = (at.inputs[0], at.inputs[1], at.gradient());
    let ConvTranspose2d { stride, padding, output_padding, dilation, groups } = conv;
    let forward = Conv2d { stride, padding, dilation, groups };
    let of_weight = at.wanted[1].then(|| {
        // Rows and columns at the end that lie beyond a whole step are windows of their own, of which nothing comes.
        let padded = (0..2).fold(x, |x, axis| match output_padding[axis] / stride[axis] {
            0 => x,
            more => {
                let after = Dim::from(i64::try_from(more).unwrap_or(i64::MAX));
                b.gradient(Gradient::Slice { axis: 2 + axis, before: Dim::from(0), after }, &[x])
            }
        });
        weight_gradient(b, forward, g, weight, padded)
    });
    let of_bias = at.wanted.get(2).is_some_and(|wanted| *wanted).then(|| b.sum_to_axis(g, 1));
    let of_x = at.wanted[0].then(|| {
        let all = b.op(Op::Conv2d(forward), &[g, weight]);
        let (have, want) = (plane(b, all), plane(b, x));
        (0..2).fold(all, |all, axis| {
            if have[axis] == want[axis] {
                return all;
            }
            let extent = want[axis].clone();
            b.gradient(Gradient::Concat { axis: 2 + axis, from: Dim::from(0), extent }, &[all])
        })
    });
    [of_x, of_weight, of_bias].into_iter().take(at.inputs.len()).collect()
}
