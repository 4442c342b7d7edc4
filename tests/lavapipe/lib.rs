//! The path of a graphics processor without one: lavapipe, a Vulkan device that computes on the processor, runs the same
//! session as such a device. So indexing, bounds and sums of its kernels are tested on any machine.
//!
//! Only tests use it. It has neither bf16 nor tensor cores.

use burn_wgpu::{Wgpu, WgpuDevice};

use diadc_core::engine::Engine;
use diadc_core::fact::Precision;
use diadc_execute::{Composed, Session};

/// A session on lavapipe.
///
/// # Panics
/// If it is not installed.
#[must_use]
pub fn open() -> Box<dyn Engine> {
    Box::new(Session::<Composed<Wgpu>>::new("lavapipe".to_owned(), WgpuDevice::Cpu, Precision::F32))
}
