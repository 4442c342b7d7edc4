//! Operations that are computed here and not by burn's own kernels or rules for gradients, because most of those are
//! several times slower on the CPU.
//!
//! A device takes part by a type that implements [`Kernels`] and [`TrainingKernels`] for its backend: [`Composed`] with
//! what every backend has, which is what graphics processors run, the CPU's with kernels of its own. [`Recorded`] is
//! either of them under autodiff: it records which of them to call on the way back. They are types beside the backend,
//! and not the backend itself, so that each device can be a crate of its own.
//!
//! `interface` says what there is to implement; `convolution`, `linear`, `normalize`, `activation` and `adam` compose
//! it of what burn has; `composed` and `recorded` are made of those.

mod activation;
mod adam;
mod composed;
mod convolution;
mod interface;
mod linear;
mod normalize;
mod recorded;

pub use composed::Composed;
pub use convolution::input_gradient as composed_input_gradient;
pub use interface::{AdamFactors, Floats, Kernels, TrainingKernels};
pub use linear::attention as composed_attention;
pub use recorded::Recorded;

pub(crate) use convolution::transposed_convolution;
