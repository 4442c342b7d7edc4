//! What each launch of a kernel needs: where its result lies, how many cubes there are, and how wide its addresses are.
//!
//! Kernels read their operands through views, whatever gaps lie between rows, and write results without gaps, so that no
//! reshape has to copy them.

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use cubecl::server::CubeCountSelection;
use cubecl::zspace::metadata::Metadata;
use cubecl::zspace::striding::has_pitched_row_major_strides;

/// Units of a cube in kernels that look at each element by itself.
const UNITS: u32 = 256;

/// Units of a cube that works on one row, at most.
const MOST_UNITS: usize = 256;

/// A tensor of these extents, of the type and on the device of another, without values and without gaps.
pub(super) fn fresh<R: CubeRuntime>(like: &CubeTensor<R>, shape: Shape) -> CubeTensor<R> {
    let handle = like.client.empty(shape.num_elements() * like.dtype.size());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, handle, like.dtype)
}

/// How many cubes, and of which size, have a unit for each of `count` elements.
pub(super) fn elements<R: CubeRuntime>(client: &ComputeClient<R>, count: usize) -> (CubeCount, CubeDim) {
    (cubes(client, count.div_ceil(UNITS as usize)), CubeDim::new_1d(UNITS))
}

/// At least `count` cubes, spread over several axes where a device counts only so far along one.
pub(super) fn cubes<R: CubeRuntime>(client: &ComputeClient<R>, count: usize) -> CubeCount {
    let count = u32::try_from(count).expect("a device has no memory for so many rows");
    CubeCountSelection::new(client, count).cube_count()
}

/// Units that work on a row of this length: a power of two.
pub(super) fn units(length: usize) -> usize {
    length.div_ceil(4).next_power_of_two().clamp(32, MOST_UNITS)
}

/// The width of addresses within these tensors.
pub(super) fn addresses<R: CubeRuntime>(tensors: &[&CubeTensor<R>]) -> AddressType {
    tensors.iter().map(|tensor| tensor.required_address_type()).max().unwrap_or_default()
}

/// The same numbers in other extents. What can't be seen so is copied.
pub(super) fn reshaped<R: CubeRuntime>(mut x: CubeTensor<R>, shape: Shape) -> CubeTensor<R> {
    if x.shape() == shape {
        return x;
    }
    // Axes of extent 1 come and go whatever lies between the others.
    let long = |extents: &[usize]| extents.iter().copied().filter(|&extent| extent != 1).collect::<Vec<_>>();
    if long(&shape) != long(&x.shape()) {
        return burn_cubecl::ops::reshape(x, shape);
    }
    let mut apart: Vec<usize> = Vec::new();
    for (&extent, &stride) in x.shape().iter().zip(x.meta.strides().iter()) {
        if extent != 1 {
            apart.push(stride);
        }
    }
    let mut strides = vec![1; shape.len()];
    let mut beyond = 1;
    for (axis, &extent) in shape.iter().enumerate().rev() {
        strides[axis] = if extent == 1 { beyond } else { apart.pop().unwrap_or(beyond) };
        beyond = strides[axis] * extent;
    }
    *x.meta = Metadata::new(shape, strides);
    x
}

/// A tensor as rows, `[n, width]`, which may lie apart. One whose numbers lie in another order is copied.
pub(super) fn rows<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    let mut x = if has_pitched_row_major_strides(x.meta.shape(), x.meta.strides()) { x } else { dense(x) };
    let (shape, strides) = (x.shape(), x.meta.strides().to_vec());
    let width = shape.last().copied().unwrap_or(1);
    let apart = strides.iter().rev().nth(1).copied().unwrap_or(width);
    *x.meta = Metadata::new(Shape::new([shape.num_elements() / width.max(1), width]), vec![apart, 1]);
    x
}

/// The same tensor without gaps.
pub(super) fn dense<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    burn_cubecl::kernel::into_contiguous(x)
}

/// Whether a tensor has no elements, so that there is nothing to launch.
pub(super) fn is_empty<R: CubeRuntime>(x: &CubeTensor<R>) -> bool {
    x.shape().num_elements() == 0
}
