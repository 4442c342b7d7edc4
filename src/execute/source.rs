//! Constants on a device.

use burn::tensor::backend::Backend;
use burn::tensor::ops::Device;

use diadc_core::engine::HostTensor;
use diadc_core::op::{Constant, Elements};

use super::layout::expand;
use super::tensor::Tensor;

/// The constant. A single element fills the whole shape, without copies where the backend can do that.
pub(super) fn constant<B: Backend>(constant: &Constant, shape: &[usize], device: &Device<B>) -> Tensor<B> {
    let count = match &constant.elements {
        Elements::Float(v) => v.len(),
        Elements::Int(v) => v.len(),
    };
    let stored = if count == 1 { vec![1; shape.len()] } else { shape.to_vec() };
    let host = match &constant.elements {
        Elements::Float(v) => HostTensor::floats(&stored, v.iter().map(|&x| x as f32).collect()),
        Elements::Int(v) => HostTensor::ints(&stored, v.to_vec()),
    };
    expand(Tensor::from_host(host, device), shape)
}
