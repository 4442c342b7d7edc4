//! Weighted sums along an axis: which numbers of the input each number of the output is made of.
//!
//! Resizing and blurring are such sums along columns and rows. Only what has a tap enters a sum, so that a number that is not
//! finite stays within reach of its taps, as in PyTorch and SciPy.

use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::engine::HostTensor;

use super::interface::{Floats, Kernels};
use crate::layout::expand;
use crate::tensor::Tensor;

/// For each place of the output the places of the input and their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    inputs: usize,
    outputs: Arc<[Vec<(usize, f32)>]>,
}

impl Taps {
    /// Taps on so many places of an input.
    ///
    /// # Panics
    /// If a tap lies outside.
    #[must_use]
    pub fn new(inputs: usize, outputs: Vec<Vec<(usize, f32)>>) -> Taps {
        assert!(outputs.iter().flatten().all(|(place, _)| *place < inputs), "taps lie on the input");
        Taps { inputs, outputs: outputs.into() }
    }

    /// Places of the input.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The taps of each place of the output.
    #[must_use]
    pub fn outputs(&self) -> &[Vec<(usize, f32)>] {
        &self.outputs
    }

    /// Those of the gradient: from outputs to inputs.
    #[must_use]
    pub fn transposed(&self) -> Taps {
        let mut outputs = vec![Vec::new(); self.inputs];
        for (at, taps) in self.outputs.iter().enumerate() {
            taps.iter().for_each(|&(place, weight)| outputs[place].push((at, weight)));
        }
        Taps::new(self.outputs.len(), outputs)
    }

    /// As a matrix of outputs by inputs.
    fn matrix<B: Backend>(&self, like: &FloatTensor<B>) -> FloatTensor<B> {
        let mut elements = vec![0.0_f64; self.outputs.len() * self.inputs];
        for (at, taps) in self.outputs.iter().enumerate() {
            taps.iter().for_each(|(place, weight)| elements[at * self.inputs + place] += f64::from(*weight));
        }
        let elements = elements.into_iter().map(|x| x as f32).collect();
        let host = HostTensor::floats(&[self.outputs.len(), self.inputs], elements);
        Tensor::<B>::from_host(host, &B::float_device(like)).float()
    }
}

/// Sums along the rows and the columns of `[B, C, H, W]`, as products with matrices. Here a number that is not finite spreads
/// over its row and column.
pub(super) fn by_products<K: Kernels>([rows, columns]: &[Taps; 2], x: Floats<K>) -> Floats<K> {
    let [batch, channels, h, w] = x.shape().dims();
    let (images, height, width) = (batch * channels, rows.outputs.len(), columns.outputs.len());
    let (left, right) = (rows.matrix::<K::Backend>(&x), columns.matrix::<K::Backend>(&x));
    let x = K::Backend::float_reshape(x, Shape::new([images * h, w]));
    let x = K::multiply(x, K::Backend::float_swap_dims(right, 0, 1));
    let x = K::Backend::float_reshape(x, Shape::new([images, h, width]));
    let left = expand(Tensor::<K::Backend>::Float(left), &[images, height, h]).float();
    let x = K::multiply(left, x);
    K::Backend::float_reshape(x, Shape::new([batch, channels, height, width]))
}
