//! Tensors one after the other on the CPU.

use burn::backend::Flex;
use burn::backend::flex::{FlexDevice, FlexTensor};
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use rayon::prelude::*;

use super::{CHUNK, Flexible, zeros};

/// Tensors in f32 along an axis, in which alone they may differ.
pub(super) fn concat(parts: &[Flexible], axis: usize) -> Flexible {
    let parts: Vec<Flexible> = parts.iter().map(FlexTensor::to_contiguous).collect();
    let mut shape = parts[0].shape();
    shape[axis] = parts.iter().map(|part| part.shape()[axis]).sum();
    let outer: usize = shape[..axis].iter().product();
    let mut result = zeros(shape.num_elements());
    let mut pieces = Vec::new();
    let mut left = result.as_mut_slice();
    for row in 0..outer {
        for part in &parts {
            let numbers: &[f32] = part.storage();
            let width = numbers.len() / outer;
            let (to, others) = left.split_at_mut(width);
            left = others;
            pieces.extend(to.chunks_mut(CHUNK).zip(numbers[row * width..][..width].chunks(CHUNK)));
        }
    }
    let least = (CHUNK * pieces.len() / shape.num_elements().max(1)).max(1);
    pieces.into_par_iter().with_min_len(least).for_each(|(to, from)| to.copy_from_slice(from));
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}
