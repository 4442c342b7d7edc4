//! What each operation does on a device, with burn; files have the names of those in `diadc_core::op`.
//!
//! In: an operation, tensors that fit its shape rule, and the concrete shape of its output. Out: that output.
//! Everything is generic over the backend: under autodiff the same code is differentiable with respect to every
//! float input. Ranks are values here, not types, so burn's primitives are called, never its `Tensor<B, D>`.
//!
//! A [`Session`] is the engine for one backend. It is only made in the crates of the devices, so that a change to one
//! device does not build the others again.

#![deny(clippy::wildcard_enum_match_arm)]

mod apply;
mod bind;
mod broadcast;
mod descend;
mod elementwise;
mod kernels;
mod layout;
mod linear;
mod matmul;
mod normalize;
mod pool;
mod reduce;
mod resample;
mod run;
mod session;
mod source;
mod tensor;
mod value;

pub use apply::apply;
pub use kernels::{
    AdamFactors, Composed, Floats, Kernels, Recorded, TrainingKernels, composed_attention, composed_input_gradient,
};
pub use session::Session;
pub use tensor::Tensor;
