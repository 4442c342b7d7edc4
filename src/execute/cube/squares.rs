//! The sum of the squares of many tensors: of their pieces first, those of a group of tensors in one launch, and then of what
//! these give. Its order is fixed.

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{addresses, cubes, fresh, rows, units};
use super::reduce::{PIECE, add_numbers};
use super::sum::{Exact, total};

/// Tensors that one launch takes: some devices give a kernel no more than 32.
const GROUP: usize = 28;

/// A number, `[1]`, and the squares of all numbers of at least one tensor, added up.
pub(super) fn add_squares<R: CubeRuntime>(sum: CubeTensor<R>, xs: Vec<CubeTensor<R>>) -> CubeTensor<R> {
    let pieces = |xs: &[CubeTensor<R>]| xs.iter().map(|x| x.shape().num_elements().div_ceil(PIECE)).sum::<usize>();
    let parts = fresh(&xs[0], Shape::new([pieces(&xs)]));
    let units = units(PIECE);
    let mut begin = 0;
    for group in xs.chunks(GROUP) {
        let count = pieces(group);
        if count > 0 {
            let group: Vec<_> = group.iter().cloned().map(rows).collect();
            sum_squares::launch::<R>(
                &parts.client,
                cubes(&parts.client, count),
                CubeDim::new_1d(units as u32),
                addresses(&group.iter().collect::<Vec<_>>()),
                group.into_iter().map(CubeTensor::into_tensor_arg).collect(),
                parts.clone().into_array_arg(),
                begin,
                units,
            );
        }
        begin += count;
    }
    add_numbers(sum, parts)
}

/// A cube for each piece of the tensors, whose pieces follow each other and give `parts` from `first` on.
#[cube(launch, address_type = "dynamic")]
fn sum_squares(xs: &Sequence<Tensor<f32>>, parts: &mut Array<f32>, first: usize, #[comptime] units: usize) {
    let unit = UNIT_POS as usize;
    let mut shared = SharedMemory::<f32>::new(units);
    let mut sum = Exact::nothing();
    let mut begin = 0usize.runtime();
    #[unroll]
    for i in 0..xs.len() {
        let x = xs.index(i);
        let width = x.shape(1);
        let length = x.shape(0) * width;
        let end = begin + length.div_ceil(PIECE);
        if CUBE_POS >= begin && CUBE_POS < end {
            let start = (CUBE_POS - begin) * PIECE;
            let mut stop = start + PIECE;
            if stop > length {
                stop = length;
            }
            for place in range_stepped(start + unit, stop, units) {
                let value = x[place / width * x.stride(0) + place % width];
                sum.add(value * value);
            }
        }
        begin = end;
    }
    let sum = total(sum.whole(), &mut shared, units);
    if unit == 0 && CUBE_POS < begin {
        parts[first + CUBE_POS] = sum;
    }
}
