//! The path of a graphics processor without one: lavapipe, a Vulkan device that computes on the processor, runs the same
//! session as such a device. So indexing, bounds and sums of its kernels are tested on any machine.
//!
//! Only tests use it. It has neither bf16 nor tensor cores, and leaves a loop after 65,536 turns, so that one unit adds no
//! more numbers than that. To the tests that it shares with the main suite, it has the name
//! and the rooms of `diadc`, of which only what they need is built.

use burn_wgpu::{WgpuDevice, WgpuRuntime};
use cubecl::Runtime;

use diadc_core::fact::Precision;
pub use diadc_core::{fact, op, span};
pub use diadc_lang::{compile, diagnostic, resolve, source};

use diadc_cube::Cube;
use diadc_execute::watch_devices;
use execute::{Engine, Session};

/// Graphs, their gradients, and the programs that they belong to.
pub mod graph {
    pub use diadc_core::graph::*;
    pub use diadc_lang::differentiate::{By, Rules, descend, differentiate, gradients};
    pub use diadc_lang::program;
}

/// Plans.
pub mod plan {
    pub use diadc_core::plan::*;
}

/// What runs plans.
pub mod execute {
    pub use diadc_core::engine::*;
    pub use diadc_execute::{AdamFactors, AdamWeight, Composed, Kernels, Session, Tensor, apply};
}

/// A session on lavapipe.
///
/// # Panics
/// If it is not installed.
#[must_use]
pub fn open() -> Box<dyn Engine> {
    watch_devices();
    let device = WgpuDevice::Cpu;
    let memory = WgpuRuntime::client(&device).properties().memory.max_page_size;
    let largest = usize::try_from(memory).unwrap_or(usize::MAX);
    let session = Session::<Cube<WgpuRuntime, u32>>::new("lavapipe".to_owned(), device, Precision::F32);
    Box::new(session.with_largest(largest))
}
