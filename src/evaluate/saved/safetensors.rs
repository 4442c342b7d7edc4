//! Arrays of a safetensors file.

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::array::{Array, Values};

/// The names of the arrays of a safetensors file.
pub(super) fn names(bytes: &[u8]) -> Result<Vec<String>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    Ok(file.names().into_iter().map(str::to_owned).collect())
}

/// One array of a safetensors file.
pub(super) fn array(bytes: &[u8], name: &str) -> Result<Array, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let tensor: TensorView<'_> = file.tensor(name).map_err(|error| error.to_string())?;
    let data = tensor.data();
    let values = match tensor.dtype() {
        Dtype::F32 => Values::Numbers(each(data, f32::from_le_bytes)),
        Dtype::F64 => Values::narrowed(each(data, f64::from_le_bytes)),
        Dtype::F16 => Values::Numbers(each(data, |bytes| f16::from_le_bytes(bytes).to_f32())),
        Dtype::BF16 => Values::Numbers(each(data, |bytes| bf16::from_le_bytes(bytes).to_f32())),
        Dtype::U8 | Dtype::BOOL => Values::Numbers(each(data, |[byte]| f32::from(byte))),
        Dtype::I8 => Values::Numbers(each(data, |bytes| f32::from(i8::from_le_bytes(bytes)))),
        Dtype::U16 => Values::Numbers(each(data, |bytes| f32::from(u16::from_le_bytes(bytes)))),
        Dtype::I16 => Values::Numbers(each(data, |bytes| f32::from(i16::from_le_bytes(bytes)))),
        Dtype::U32 => Values::narrowed(each(data, |bytes| f64::from(u32::from_le_bytes(bytes)))),
        Dtype::I32 => Values::narrowed(each(data, |bytes| f64::from(i32::from_le_bytes(bytes)))),
        Dtype::U64 => Values::integers(each(data, |bytes| i128::from(u64::from_le_bytes(bytes))))?,
        Dtype::I64 => Values::integers(each(data, |bytes| i128::from(i64::from_le_bytes(bytes))))?,
        other => return Err(format!("it is of the type {other:?}, which is not read; save it as F32")),
    };
    Ok(Array { shape: tensor.shape().to_vec(), values })
}

fn each<const N: usize, T>(data: &[u8], of: impl Fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks::<N>().0.iter().map(|bytes| of(*bytes)).collect()
}
