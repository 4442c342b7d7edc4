//! Products of matrices, by kernels of cubek. A fixed table of extents, type and device chooses among them, and no trial run
//! does, so that the same run always uses the same kernels.
//!
//! In: factors that may be transposed and have gaps between rows. Out: their product, without gaps.

use burn::tensor::{DType, Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::{ElemType, FloatKind, StorageType};
use cubecl::prelude::*;
use cubek::matmul::components::tile::TileMatmulKind;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::{Strategy, launch_ref};
use cubek::matmul::routines::BlueprintStrategy;
use cubek::matmul::routines::simple::SimpleArgs;
use cubek::std::InputBinding;

use super::launch::{fresh, is_empty};

/// How a kernel shares a product out among the units of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Tensor cores: a plane computes several rows of tiles, and reads a tile of the right factor once for all of them.
    ManyRows,
    /// Tensor cores: a plane computes one row of tiles.
    OneRow,
    /// A unit computes small tiles in its registers.
    Tiles,
    /// A unit computes one number. This is slow, takes at most 65,535 batches, and needs the least of a device.
    Numbers,
}

impl Sharing {
    /// All of them.
    pub const ALL: [Sharing; 4] = [Sharing::ManyRows, Sharing::OneRow, Sharing::Tiles, Sharing::Numbers];

    /// The kernel of cubek.
    fn strategy(self) -> Strategy {
        let on_tensor_cores =
            |multi_rows| BlueprintStrategy::Inferred(SimpleArgs { tile_matmul: TileMatmulKind::Cmma, multi_rows });
        match self {
            Sharing::ManyRows => Strategy::SimpleCyclicCmma(on_tensor_cores(true)),
            Sharing::OneRow => Strategy::SimpleCyclicCmma(on_tensor_cores(false)),
            Sharing::Tiles => Strategy::SimpleUnit(BlueprintStrategy::default()),
            Sharing::Numbers => Strategy::Naive,
        }
    }
}

/// The kernels for a product, in the order in which they are tried: one is taken if all before it refuse. Rows and columns are
/// those of the product, the type is that of its factors.
///
/// Type and device alone decide about tensor cores, which may round factors, so that a row has the same factors alone and
/// among others. With bf16, `ManyRows` reads shared memory about half as often as `OneRow`. It computes blocks of 128 rows
/// and columns, and `OneRow` takes smaller ones where there are at most 64 of either.
///
/// The other kernels of cubek 0.2 are left out:
/// * `DoubleUnit` gave wrong numbers on lavapipe where the right factor is transposed and the inner extent is 1 or 1000. As
///   all of `Double*` and `OrderedDouble*`, it takes steps in pairs along that extent, and reads beyond it where they are whole
///   and of an odd number (cubek, issue 441). So do `Specialized*` (cubek, issue 434).
/// * `SimpleVecMat` and `DoubleVecMat` are reported to give wrong numbers where the right factor is transposed (burn, issue
///   5264).
/// * `Gemv*`, `SimpleTma*`, `SimpleAsync*` and `SimpleCyclicMma` need what lavapipe lacks, so that no test here has run them.
///   `SimpleStrided*` and `SimpleTilewise*` differ from `SimpleCyclic*` in how they copy, and take fewer extents.
/// * `Auto` is `OneRow`, or `Tiles` for want of tensor cores, and panics where `OneRow` refuses for another reason.
#[must_use]
pub fn sharings(rows: usize, columns: usize, dtype: DType, has_tensor_cores: bool) -> &'static [Sharing] {
    if !has_tensor_cores {
        &Sharing::ALL[2..]
    } else if dtype == DType::BF16 && rows.min(columns) > 64 {
        &Sharing::ALL
    } else {
        &Sharing::ALL[1..]
    }
}

/// `[.., n, k]` and `[.., k, m]`, with the same leading extents, to `[.., n, m]`.
pub(super) fn multiply<R: CubeRuntime>(left: CubeTensor<R>, right: CubeTensor<R>) -> CubeTensor<R> {
    let (rows, columns) = extents(&left, &right);
    let mut refusals = String::new();
    for &sharing in sharings(rows, columns, left.dtype, has_tensor_cores(&left.client, left.dtype)) {
        match multiply_by(sharing, left.clone(), right.clone()) {
            Ok(product) => return product,
            Err(refusal) => refusals = format!("{refusals} {sharing:?}: {refusal}"),
        }
    }
    panic!("no kernel multiplies {} and {}:{refusals}", left.shape(), right.shape())
}

/// The same by one kernel.
///
/// # Errors
/// If the device or the kernel does not take it, with the reason.
pub fn multiply_by<R: CubeRuntime>(
    sharing: Sharing,
    left: CubeTensor<R>,
    right: CubeTensor<R>,
) -> Result<CubeTensor<R>, String> {
    let (rows, columns) = extents(&left, &right);
    let mut shape = left.shape().to_vec();
    let rank = shape.len();
    shape[rank - 2..].copy_from_slice(&[rows, columns]);
    let product = fresh(&left, Shape::from(shape));
    if is_empty(&product) {
        return Ok(product);
    }
    let dtype: StorageType = left.dtype.into();
    let mut types = MatmulElems::from_globals(&MatmulGlobalElems { lhs: dtype, rhs: dtype, out: dtype });
    let client = left.client.clone();
    let [left, right] = [left, right].map(|factor| InputBinding::new(factor.binding(), dtype));
    launch_ref(&sharing.strategy(), &client, left, right, product.clone().binding(), &mut types)
        .map_err(|refusal| refusal.to_string())?;
    Ok(product)
}

/// The rows of the left factor and the columns of the right one.
fn extents<R: CubeRuntime>(left: &CubeTensor<R>, right: &CubeTensor<R>) -> (usize, usize) {
    let (left, right) = (left.shape(), right.shape());
    (left[left.len() - 2], right[right.len() - 1])
}

/// Whether a device has tensor cores for factors of a type; to them f32 is TF32.
#[must_use]
pub fn has_tensor_cores<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> bool {
    let tf32 = ElemType::Float(FloatKind::TF32);
    let factor: StorageType = if dtype == DType::F32 { tf32.into() } else { dtype.into() };
    client.properties().features.matmul.cmma.iter().any(|config| config.a_type == factor)
}

#[cfg(test)]
mod tests {
    use super::Sharing::{ManyRows, Numbers, OneRow, Tiles};
    use super::*;

    #[test]
    fn extents_type_and_device_choose_the_kernel() {
        let table: [(usize, usize, DType, bool, &[Sharing]); 9] = [
            (4096, 320, DType::F32, true, &[OneRow, Tiles, Numbers]),
            (1, 1280, DType::F32, true, &[OneRow, Tiles, Numbers]),
            (4096, 320, DType::BF16, true, &[ManyRows, OneRow, Tiles, Numbers]),
            (65, 65, DType::BF16, true, &[ManyRows, OneRow, Tiles, Numbers]),
            (64, 1280, DType::BF16, true, &[OneRow, Tiles, Numbers]),
            (1280, 64, DType::BF16, true, &[OneRow, Tiles, Numbers]),
            (1, 1, DType::BF16, true, &[OneRow, Tiles, Numbers]),
            (4096, 320, DType::F32, false, &[Tiles, Numbers]),
            (4096, 320, DType::BF16, false, &[Tiles, Numbers]),
        ];
        for (rows, columns, dtype, has_tensor_cores, expected) in table {
            let what = format!("{rows} rows, {columns} columns, {dtype:?}, tensor cores: {has_tensor_cores}");
            assert_eq!(sharings(rows, columns, dtype, has_tensor_cores), expected, "{what}");
        }
    }
}
