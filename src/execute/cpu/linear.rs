//! Rows times a weight, on the CPU.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{TensorData, TensorMetadata};
use gemm::Parallelism;

use diadc_core::plan::LinearChoice;

use super::product::{Matrix, multiply, multiply_rows};
use super::strided::dense;
use super::{Flexible, each_line, zeros};

/// `[n, in]`, `[out, in]` and perhaps `[out]`, all f32, to `[n, out]`.
pub(super) fn linear(x: Flexible, weight: Flexible, bias: Option<Flexible>, choice: LinearChoice) -> Flexible {
    let (x, weight) = (dense(x), dense(weight));
    let ([rows, inner], [out, _]) = (x.shape().dims(), weight.shape().dims());
    let (numbers, factors): (&[f32], &[f32]) = (x.storage(), weight.storage());
    let mut result = zeros(rows * out);
    if let Some(bias) = bias {
        let bias = dense(bias);
        let bias: &[f32] = bias.storage();
        each_line(&mut result, out, |_, line| line.copy_from_slice(bias));
    }
    match choice {
        LinearChoice::Rows => multiply_rows(numbers, factors, inner, &mut result),
        LinearChoice::Blocks => {
            let (left, right) = (Matrix::rows(numbers, rows, inner), Matrix::rows(factors, out, inner).turned());
            multiply(1.0, left, right, &mut result, out, Parallelism::Rayon(0));
        }
    }
    Flex::float_from_data(TensorData::new(result, [rows, out]), &FlexDevice)
}
