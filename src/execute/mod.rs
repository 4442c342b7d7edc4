//! What each operation does on a device, with burn; files have the names of those in `op`.
//!
//! In: an operation, tensors that fit its shape rule, and the concrete shape of its output. Out: that output.
//! Everything is generic over the backend: under autodiff the same code is differentiable with respect to every
//! float input. Ranks are values here, not types, so burn's primitives are called, never its `Tensor<B, D>`.

mod apply;
mod bind;
mod broadcast;
mod convolution;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod descend;
mod device;
mod draw;
mod elementwise;
mod engine;
mod error;
mod host;
mod kernels;
mod layout;
mod linear;
mod normalize;
mod pool;
pub mod random;
mod reduce;
mod resample;
mod run;
mod session;
mod source;
mod tensor;
mod value;

pub use apply::apply;
pub use bind::NamedTensors;
pub use descend::{AdamFactors, Descent};
pub use device::{DeviceChoice, DeviceChoiceError};
pub use draw::Draw;
pub use engine::{Engine, Evaluation, Gradients, Order, PlanId, open};
pub use error::RunError;
pub use host::{HostData, HostTensor};
pub use kernels::Kernels;
pub use session::Session;
pub use tensor::{DeviceError, Tensor};
