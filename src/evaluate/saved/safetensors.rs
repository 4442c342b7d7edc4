//! Arrays of a safetensors file.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use super::{Array, Values};

/// The arrays of a safetensors file, by name.
pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let array = |(name, tensor): (String, safetensors::tensor::TensorView<'_>)| {
        let data = tensor.data();
        let numbers: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => each(data, f32::from_le_bytes),
            Dtype::F64 => each(data, |bytes| f64::from_le_bytes(bytes) as f32),
            Dtype::F16 => each(data, |bytes| f16::from_le_bytes(bytes).to_f32()),
            Dtype::BF16 => each(data, |bytes| bf16::from_le_bytes(bytes).to_f32()),
            Dtype::U8 | Dtype::BOOL => each(data, |[byte]: [u8; 1]| f32::from(byte)),
            Dtype::I32 => each(data, |bytes| i32::from_le_bytes(bytes) as f32),
            Dtype::I64 => each(data, |bytes| i64::from_le_bytes(bytes) as f32),
            other => return Err(format!("`{name}` is of the type {other:?}, which is not read; save it as F32")),
        };
        Ok((name, Array { shape: tensor.shape().to_vec(), values: Values::Numbers(numbers) }))
    };
    file.tensors().into_iter().map(array).collect()
}

fn each<const N: usize>(data: &[u8], of: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.as_chunks::<N>().0.iter().map(|bytes| of(*bytes)).collect()
}
