//! The device under test: lavapipe.

use burn::tensor::ops::Device;
use burn_wgpu::{Wgpu, WgpuDevice, WgpuRuntime};
use diadc::execute::Engine;
use diadc::fact::Precision;
use diadc_cube::Cube;

/// The kernels that are tested by themselves.
pub(crate) type Own = Cube<WgpuRuntime, u32>;

/// Their backend.
pub(crate) type Plain = Wgpu;

/// Where those kernels run.
pub(crate) fn place() -> Device<Plain> {
    WgpuDevice::Cpu
}

/// The device under test, with nothing on it.
pub(crate) fn open(_precision: Precision) -> Box<dyn Engine> {
    diadc::open()
}

/// Why the device under test can't multiply in a precision.
pub(crate) fn lacks(precision: Precision) -> Option<&'static str> {
    (precision == Precision::Bf16).then_some("lavapipe has no numbers of 16 bits")
}

/// The precision in which tests multiply.
pub(crate) fn precision() -> Precision {
    Precision::F32
}

/// Whether tests run on the processor's own kernels.
pub(crate) fn is_exact() -> bool {
    false
}

/// Whether [`Own`] is under test, so that its kernels are compared with composed ones.
pub(crate) fn has_own_kernels() -> bool {
    true
}

/// How many kinds of cases are made of each operation: few, since each kernel is compiled here.
pub(crate) const SEEDS: u64 = 2;

/// How many units in the last place a mean of many numbers may be off.
pub(crate) const UNITS: f64 = 3.0;

/// The tolerance for f32, which factors keep here.
pub(crate) fn tolerance_in(_precision: Precision, of_f32: f64) -> f64 {
    of_f32
}
