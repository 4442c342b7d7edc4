//! One step of Adam, composed of what every backend has.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};

use super::interface::{AdamFactors, AdamWeight};
use crate::tensor::bool_type;

/// A gradient times a factor, `[1]`, if there is one.
pub fn scaled<B: Backend>(gradient: FloatTensor<B>, scale: Option<&FloatTensor<B>>) -> FloatTensor<B> {
    let Some(scale) = scale else { return gradient };
    let ones = Shape::from(vec![1; gradient.shape().len()]);
    B::float_mul(gradient, B::float_reshape(scale.clone(), ones))
}

/// A new value, or the old one if a loss, `[1]`, is not finite.
pub(crate) fn held<B: Backend>(loss: &FloatTensor<B>, new: FloatTensor<B>, old: FloatTensor<B>) -> FloatTensor<B> {
    let (shape, device) = (new.shape(), B::float_device(&new));
    // What is not finite is not zero, taken from itself.
    let nothing = B::float_sub(loss.clone(), loss.clone());
    let nothing = B::float_reshape(nothing, Shape::from(vec![1; shape.len()]));
    let holds = B::float_equal_elem(nothing, 0.0.into(), bool_type::<B>(&device));
    B::float_mask_where(old, B::bool_expand(holds, shape), new)
}

/// A weight after the step, and its moments.
pub(super) fn adam<B: Backend>(
    factors: &AdamFactors,
    scale: Option<&FloatTensor<B>>,
    loss: Option<&FloatTensor<B>>,
    AdamWeight { weight, gradient, moments }: AdamWeight<FloatTensor<B>>,
) -> [FloatTensor<B>; 3] {
    let before = loss.map(|loss| (loss, weight.clone(), moments.clone()));
    let gradient = scaled::<B>(gradient, scale);
    let square = B::float_mul(gradient.clone(), gradient.clone());
    let first = B::float_mul_scalar(gradient, (1.0 - factors.beta1).into());
    let second = B::float_mul_scalar(square, (1.0 - factors.beta2).into());
    let [old, old_second] = moments;
    let first = B::float_add(B::float_mul_scalar(old, factors.beta1.into()), first);
    let second = B::float_add(B::float_mul_scalar(old_second, factors.beta2.into()), second);
    let root = B::float_mul_scalar(B::float_sqrt(second.clone()), factors.root.into());
    let direction = B::float_div(first.clone(), B::float_add_scalar(root, factors.epsilon.into()));
    let change = B::float_mul_scalar(direction, factors.change.into());
    let weight = if factors.keep == 1.0 { weight } else { B::float_mul_scalar(weight, factors.keep.into()) };
    let weight = B::float_add(weight, change);
    let Some((loss, old_weight, [old, old_second])) = before else { return [weight, first, second] };
    [held::<B>(loss, weight, old_weight), held::<B>(loss, first, old), held::<B>(loss, second, old_second)]
}
