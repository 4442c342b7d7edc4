//! Sums along rows and columns, composed of what every backend has.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::engine::HostTensor;

use super::interface::{Floats, Kernels};
use super::taps::Taps;
use crate::layout::expand;
use crate::tensor::Tensor;

/// Sums along the rows and the columns of `[B, C, H, W]`, as products with matrices. Here a number that is not finite spreads
/// over its row and column.
pub(super) fn by_products<K: Kernels>([rows, columns]: &[Taps; 2], x: Floats<K>) -> Floats<K> {
    let [batch, channels, h, w] = x.shape().dims();
    let (images, height, width) = (batch * channels, rows.outputs().len(), columns.outputs().len());
    let (left, right) = (matrix::<K::Backend>(rows, &x), matrix::<K::Backend>(columns, &x));
    let x = K::Backend::float_reshape(x, Shape::new([images * h, w]));
    let x = K::multiply(x, K::Backend::float_swap_dims(right, 0, 1));
    let x = K::Backend::float_reshape(x, Shape::new([images, h, width]));
    let left = expand(Tensor::<K::Backend>::Float(left), &[images, height, h]).float();
    let x = K::multiply(left, x);
    K::Backend::float_reshape(x, Shape::new([batch, channels, height, width]))
}

/// Taps as a matrix of outputs by inputs.
fn matrix<B: Backend>(taps: &Taps, like: &FloatTensor<B>) -> FloatTensor<B> {
    let mut elements = vec![0.0_f64; taps.outputs().len() * taps.inputs()];
    for (at, of_output) in taps.outputs().iter().enumerate() {
        of_output.iter().for_each(|(place, weight)| elements[at * taps.inputs() + place] += f64::from(*weight));
    }
    let elements = elements.into_iter().map(|x| x as f32).collect();
    let host = HostTensor::floats(&[taps.outputs().len(), taps.inputs()], elements);
    Tensor::<B>::from_host(host, &B::float_device(like)).float()
}
