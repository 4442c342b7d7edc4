//! A device's own kernels beside composed ones, in extents at which the ways through them change: a single element, more rows
//! than a device counts along one axis, the widest heads, and operands that lie with gaps between them.

use diadc::execute::{Composed, HostTensor};
use diadc::op::{Attention, Conv2d, ConvTranspose2d, Op, Reduction, Sight};

use super::device::{Own, Plain};
use super::fixture::{fact, gradients};
use crate::run::net;

/// More than 65,535, which is all that some devices count along one axis.
const MANY: usize = 70_001;

fn cases() -> Vec<(Op, Vec<Vec<usize>>)> {
    let sum = |axes: &[usize]| Op::Reduce { kind: Reduction::Sum, axes: axes.to_vec(), keep: true };
    let most = |axes: &[usize]| Op::Reduce { kind: Reduction::Max, axes: axes.to_vec(), keep: true };
    let norm = |groups| Op::GroupNorm { groups, epsilon: 1e-5 };
    let attention = |sight| Op::Attention(Attention { scale: 0.3, sight });
    let conv = Conv2d { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
    let transposed =
        ConvTranspose2d { stride: [3, 2], padding: [0, 0], output_padding: [2, 1], dilation: [1, 1], groups: 1 };
    vec![
        (Op::Softmax { axis: 1 }, vec![vec![MANY, 3]]),
        (Op::Softmax { axis: 0 }, vec![vec![3, MANY]]),
        (Op::Softmax { axis: 1 }, vec![vec![2, 5000, 3]]),
        (Op::Softmax { axis: 0 }, vec![vec![1]]),
        (Op::LayerNorm { epsilon: 1e-5 }, vec![vec![MANY, 5], vec![5], vec![5]]),
        (norm(1), vec![vec![1, 1, 1, 1], vec![1], vec![1]]),
        (norm(2), vec![vec![1, 2, 300, 257], vec![2], vec![2]]),
        (sum(&[1]), vec![vec![MANY, 2]]),
        (sum(&[0]), vec![vec![60_000, 2]]),
        (sum(&[0, 2]), vec![vec![3, 4, 5]]),
        (most(&[0, 1, 2]), vec![vec![3, 4, 5000]]),
        (attention(Sight::All), vec![vec![1, 2, 65, 40], vec![1, 2, 77, 40], vec![1, 2, 77, 40]]),
        (attention(Sight::All), vec![vec![2, 1, 3, 160], vec![2, 1, 1, 160], vec![2, 1, 1, 160]]),
        (attention(Sight::All), vec![vec![1, 1, 5, 512], vec![1, 1, 33, 512], vec![1, 1, 33, 512]]),
        (attention(Sight::Earlier), vec![vec![1, 3, 130, 64], vec![1, 3, 130, 64], vec![1, 3, 130, 64]]),
        (Op::Conv2d(conv), vec![vec![1, 1, 1, 1], vec![1, 1, 1, 1], vec![1]]),
        (Op::Conv2d(Conv2d { padding: [4, 4], ..conv }), vec![vec![1, 2, 1, 1], vec![3, 2, 2, 3]]),
        (Op::ConvTranspose2d(transposed), vec![vec![1, 2, 3, 4], vec![2, 3, 2, 2], vec![3]]),
    ]
}

#[test]
fn own_kernels_give_what_composed_ones_give_in_unusual_extents() {
    if !net::has_own_kernels() {
        return;
    }
    for (op, shapes) in cases() {
        let inputs: Vec<HostTensor> = (1..).zip(&shapes).map(|(seed, shape)| net::floats(shape, seed)).collect();
        let facts: Vec<_> = inputs.iter().map(fact).collect();
        let inferred = op.infer(&facts.iter().collect::<Vec<_>>()).unwrap_or_else(|error| panic!("{}", error.message));
        let factors = net::floats(&inferred.shape.known().expect("all extents are known"), 9);
        let (own, own_gradients) = gradients::<Own>(&op, &inputs, &factors);
        let (composed, composed_gradients) = gradients::<Composed<Plain>>(&op, &inputs, &factors);
        let what = format!("{op} of {shapes:?}");
        is_near(&what, &own, &composed, 2e-5);
        // Composed sums end after 65,536 numbers on some devices.
        if shapes[0].contains(&MANY) && !net::is_exact() {
            continue;
        }
        for ((place, own), (_, composed)) in own_gradients.iter().zip(&composed_gradients) {
            is_near(&format!("{what}, the gradient of operand {place}"), own, composed, 1e-4);
        }
    }
}

fn is_near(what: &str, own: &HostTensor, composed: &HostTensor, near: f32) {
    let [own, composed] = [own, composed].map(|x| x.as_floats().expect("outputs are floats"));
    let largest = composed.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let off = own.iter().zip(composed).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    // What cancels to nothing is left with the rounding of numbers of about size 1.
    assert!(own.len() == composed.len() && off <= near * largest + 1e-6, "{what}: off by {off} of {largest}");
}
