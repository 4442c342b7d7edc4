//! Rows of a table on the CPU.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::{FloatTensorOps, IntTensor, IntTensorOps};
use burn::tensor::{IntDType, TensorData, TensorMetadata};

use super::matmul::forward;
use super::{Flexible, each_line, zeros};

/// `[n, ..]` in f32 and `[m]` to `[m, ..]`. The table may lie in any order: only the rows that are taken are read.
pub(super) fn gather(table: Flexible, index: IntTensor<Flex>) -> Flexible {
    let table = forward(table);
    let index = Flex::int_cast(index, IntDType::I64).to_contiguous();
    let (numbers, places): (&[f32], &[i64]) = (table.storage(), index.storage());
    let mut shape = table.shape();
    shape[0] = places.len();
    let width = shape[1..].iter().product();
    let mut result = zeros(places.len() * width);
    each_line(&mut result, width, |line, row| {
        let place = usize::try_from(places[line]).expect("an index is at least 0");
        let source = table.layout().narrow(0, place, 1);
        let blocks = source.strided_blocks();
        let length = blocks.block_len();
        for (to, start) in row.chunks_exact_mut(length).zip(blocks.block_starts()) {
            to.copy_from_slice(&numbers[start..][..length]);
        }
    });
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}
