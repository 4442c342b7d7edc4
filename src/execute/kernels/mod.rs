//! Operations that are computed here and not by burn's own kernels, because most of those are several times slower on the
//! CPU.
//!
//! Each kind of device has a type that implements [`Kernels`] for its backend, with kernels of its own. [`Composed`] uses only
//! what every backend has: what a device has no kernel for is computed so, and its kernels are tested beside it. These types are
//! not the backends themselves, so that each device can be a crate of its own.
//!
//! `interface` says what there is to implement; `convolution`, `linear`, `matmul`, `normalize`, `activation`, `arithmetic`,
//! `reduce`, `resample`, `join` and `adam` compose it of what burn has; `composed` is made of those. `taps` are the weights of
//! sums along an axis.

mod activation;
mod adam;
mod arithmetic;
mod composed;
mod convolution;
mod interface;
mod join;
mod linear;
mod matmul;
mod normalize;
mod reduce;
mod resample;
mod taps;

pub use adam::scaled;
pub use arithmetic::arithmetic as composed_arithmetic;
pub use composed::Composed;
pub use convolution::{
    back as composed_back, convolution as composed_convolution, weight_gradient as composed_weight_gradient,
};
pub use interface::{Activation, AdamFactors, AdamWeight, Arithmetic, Floats, Kernels};
pub use join::{activated, added};
pub use linear::{
    attention as composed_attention, attention_gradients as composed_attention_gradients, linear as composed_linear,
};
pub use matmul::matmul as composed_matmul;
pub use reduce::{kept, runs};
pub use taps::Taps;

pub(crate) use adam::held;
pub(crate) use convolution::transposed_convolution;
