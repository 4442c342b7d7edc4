//! Computes operations on a device, with burn. Files have the names of those in `diadc_core::op`.
//!
//! In: an operation, tensors that fit its shape rule, and the concrete shape of its output. Out: that output.
//! Everything is generic over the backend. Ranks are values here, not types, so burn's primitives are called, never its `Tensor<B, D>`.
//!
//! `neighbour` computes on the host, for all devices: what is far from, and what is near.
//!
//! A [`Session`] is the engine for one backend. Only the crates of the devices make one, so that a change to one device
//! does not rebuild the others.

#![deny(clippy::wildcard_enum_match_arm)]

mod apply;
mod bind;
mod clock;
mod descend;
mod elementwise;
mod fault;
mod gradient;
mod integer;
mod inverse;
mod join;
mod kernels;
mod layout;
mod linear;
mod neighbour;
mod normalize;
mod order;
mod places;
mod pool;
mod resample;
mod run;
mod search;
mod session;
mod source;
mod tensor;
mod weights;

pub use apply::apply;
pub use fault::{check as check_devices, watch_devices};
pub use inverse::invert;
pub use kernels::{
    Activation, AdamFactors, AdamWeight, Arithmetic, Composed, Floats, Kernels, Taps, activated, added,
    composed_arithmetic, composed_attention, composed_attention_gradients, composed_back, composed_convolution,
    composed_linear, composed_matmul, composed_weight_gradient, kept, runs, scaled,
};
pub use neighbour::{Coreset, CoresetError, CoresetSettings, Seen, farthest_first};
pub use session::Session;
pub use tensor::Tensor;
