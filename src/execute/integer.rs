//! Integers that 32 bits do not hold, before a device wraps them around or aborts.
//!
//! In: an operation whose output is an integer tensor, and its inputs. Out: the first number that it would give which no
//! tensor holds, in words. Integer tensors are small: steps, classes and numbers of tokens. So the host looks at them.

use burn::tensor::backend::Backend;

use diadc_core::engine::{DeviceError, HostData};
use diadc_core::fact::DType;
use diadc_core::op::{INTS, Op, Unary};

use super::layout::expand;
use super::tensor::Tensor;

/// The first number of the output, which has this shape, that a tensor can't hold; none if all fit.
///
/// # Errors
/// If the device failed.
pub(super) fn beyond<B: Backend>(
    op: &Op,
    inputs: &[Tensor<B>],
    shape: &[usize],
) -> Result<Option<String>, DeviceError> {
    if let (Op::Cast(DType::Int), [x @ Tensor::Float(_)]) = (op, inputs)
        && let HostData::Float(numbers) = host(x, shape)?
    {
        let fits = |x: &f32| !x.is_nan() && INTS.contains(&(f64::from(*x).trunc() as i64));
        return Ok(numbers.into_iter().find(|x| !fits(x)).map(|x| x.to_string()));
    }
    // Between limits that a tensor holds are only numbers that it holds.
    if let (Op::Unary(Unary::Clamp(..)), _) = (op, inputs) {
        return Ok(None);
    }
    if let (Op::Unary(unary), [x @ Tensor::Int(_)]) = (op, inputs)
        && let (Some(integer), HostData::Int(numbers)) = (unary.record().integer, host(x, shape)?)
    {
        return Ok(first(numbers.into_iter().map(integer)));
    }
    if let (Op::Binary(binary), [a @ Tensor::Int(_), b @ Tensor::Int(_)]) = (op, inputs)
        && let (Some(integer), HostData::Int(a), HostData::Int(b)) =
            (binary.record().integer, host(a, shape)?, host(b, shape)?)
    {
        return Ok(first(a.into_iter().zip(b).map(|(a, b)| integer(a, b))));
    }
    Ok(None)
}

/// The elements of a tensor, repeated to a shape.
fn host<B: Backend>(x: &Tensor<B>, shape: &[usize]) -> Result<HostData, DeviceError> {
    Ok(expand(x.clone(), shape).into_host()?.data)
}

/// The first result that is too large. Inputs have 32 bits, so that none is too large for 64.
fn first(mut results: impl Iterator<Item = Option<i64>>) -> Option<String> {
    let found = results.find(|n| !n.is_some_and(|n| INTS.contains(&n)))?;
    Some(found.map_or_else(|| "a number of more than 64 bits".to_owned(), |n| n.to_string()))
}
