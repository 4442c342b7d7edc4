//! Each kernel of products by itself, beside sums in double precision. The extents fill no block, or are more than a device
//! counts along an axis, and factors lie transposed, with gaps between rows, and repeated.

use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{DType, Shape, TensorMetadata};
use burn_cubecl::tensor::CubeTensor;
use burn_wgpu::WgpuRuntime;
use cubecl::Runtime;
use diadc::execute::{HostTensor, Tensor};
use diadc_cube::{Sharing, has_tensor_cores, multiply_by, sharings};

use crate::device::{Plain, place};
use crate::run::net::floats;
use crate::skip;

/// More than 65,535, which is all that some devices count along one axis.
const MANY: usize = 70_001;

/// How a factor lies in memory.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Dense,
    Transposed,
    /// With gaps between rows.
    Pitched,
    /// One matrix for all batches.
    Repeated,
}

use Layout::{Dense, Pitched, Repeated, Transposed};

/// Batches, rows, inner extent and columns, and how the factors lie.
const CASES: [([usize; 4], Layout, Layout); 17] = [
    ([1, 1, 1, 1], Dense, Dense),
    ([3, 1, 77, 130], Dense, Dense),
    ([1, 1, 300, 1], Dense, Transposed),
    ([2, 130, 77, 1], Transposed, Pitched),
    ([1, 40, 1, 50], Pitched, Transposed),
    ([5, 3, 2, 3], Repeated, Dense),
    ([2, 0, 3, 4], Dense, Dense),
    ([1, 4, 0, 5], Dense, Dense),
    ([1, 65, 33, 67], Transposed, Transposed),
    ([1, 65, 33, 67], Pitched, Pitched),
    ([2, 64, 64, 64], Dense, Transposed),
    // Whole steps along the inner extent, of an odd number.
    ([1, 128, 96, 128], Transposed, Dense),
    ([1, 255, 1000, 63], Dense, Transposed),
    ([1, 7, 60_000, 5], Dense, Dense),
    ([MANY, 2, 3, 2], Repeated, Dense),
    ([1, MANY, 3, 5], Dense, Dense),
    ([1, 5, 3, MANY], Dense, Transposed),
];

/// A factor of these extents that lies so, and its numbers in order.
fn factor(layout: Layout, [batches, rows, columns]: [usize; 3], seed: u64) -> (CubeTensor<WgpuRuntime>, Vec<f64>) {
    let on_device = |shape: &[usize]| Tensor::<Plain>::from_host(floats(shape, seed), &place()).float();
    let tensor = match layout {
        Dense => on_device(&[batches, rows, columns]),
        Transposed => Plain::float_swap_dims(on_device(&[batches, columns, rows]), 1, 2),
        Pitched => {
            let wide = on_device(&[batches, rows, columns + 3]);
            Plain::float_slice(wide, &[(0..batches).into(), (0..rows).into(), (0..columns).into()])
        }
        Repeated => Plain::float_expand(on_device(&[1, rows, columns]), Shape::new([batches, rows, columns])),
    };
    let numbers = numbers(tensor.clone());
    (tensor, numbers)
}

fn numbers(tensor: CubeTensor<WgpuRuntime>) -> Vec<f64> {
    let host: HostTensor = Tensor::<Plain>::Float(tensor).into_host().expect("the device answers");
    host.as_floats().expect("it holds floats").iter().map(|x| f64::from(*x)).collect()
}

/// The numbers of a product, and for each the sum of the sizes of its terms.
fn expected(left: &[f64], right: &[f64], [batches, rows, inner, columns]: [usize; 4]) -> Vec<[f64; 2]> {
    let sum = |place: usize| {
        let (row, column) = (place / columns, place % columns);
        let terms = (0..inner).map(|at| left[row * inner + at] * right[(row / rows * inner + at) * columns + column]);
        terms.fold([0.0, 0.0], |[sum, size], term| [sum + term, size + term.abs()])
    };
    (0..batches * rows * columns).map(sum).collect()
}

/// How far a number may be off, relative to the sizes of its terms: TF32 keeps 10 bits of each factor.
fn near(sharing: Sharing) -> f64 {
    match sharing {
        Sharing::ManyRows | Sharing::OneRow => 1e-3,
        Sharing::Tiles | Sharing::Numbers => 1e-6,
    }
}

#[test]
fn each_kernel_of_products_gives_the_sums_in_double_precision() {
    let has_tensor_cores = has_tensor_cores(&WgpuRuntime::client(&place()), DType::F32);
    if !has_tensor_cores {
        skip::missing(
            "a device with tensor cores",
            "lavapipe has none: two of the kernels of products do not run there",
        );
    }
    // In bf16 the table lists all that the device runs.
    for sharing in sharings(MANY, MANY, DType::BF16, has_tensor_cores) {
        for (extents, of_left, of_right) in CASES {
            let [batches, rows, inner, columns] = extents;
            let (left, left_numbers) = factor(of_left, [batches, rows, inner], 1);
            let (right, right_numbers) = factor(of_right, [batches, inner, columns], 2);
            let what = format!("{sharing:?} of {extents:?}, {of_left:?} by {of_right:?}");
            let product = match multiply_by(*sharing, left, right) {
                Ok(product) => product,
                Err(reason) => {
                    assert!(*sharing == Sharing::Numbers && batches == MANY, "{what}: {reason}");
                    continue;
                }
            };
            assert_eq!(product.shape().to_vec(), [batches, rows, columns], "{what}");
            for (own, [sum, size]) in numbers(product).iter().zip(expected(&left_numbers, &right_numbers, extents)) {
                assert!((own - sum).abs() <= near(*sharing) * size, "{what}: {own} for {sum}");
            }
        }
    }
}
