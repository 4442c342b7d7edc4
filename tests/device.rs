//! The device under test: the processor, or what the environment names. Tests that run elsewhere bring a file of the same
//! functions in the place of this one.

use burn::backend::Flex;
use burn::tensor::ops::Device;
use diadc::execute::{Cpu, DeviceChoice, Engine};
use diadc::fact::Precision;

/// The kernels that are tested by themselves.
pub(crate) type Own = Cpu;

/// Their backend.
pub(crate) type Plain = Flex;

/// Where those kernels run.
pub(crate) fn place() -> Device<Plain> {
    Device::<Plain>::default()
}

/// Where tests run: `DIADC_TEST_DEVICE`, as in `DIADC_TEST_DEVICE=cuda:0 cargo test`, or else the processor.
fn device() -> DeviceChoice {
    match std::env::var("DIADC_TEST_DEVICE") {
        Ok(name) => name.parse().expect("DIADC_TEST_DEVICE names a device"),
        Err(_) => DeviceChoice::Cpu,
    }
}

/// The device under test, with nothing on it.
pub(crate) fn open(precision: Precision) -> Box<dyn Engine> {
    diadc::execute::open(device(), precision).expect("the device under test can be used")
}

/// Why the device under test can't multiply in a precision.
pub(crate) fn lacks(_precision: Precision) -> Option<&'static str> {
    None
}

/// The precision in which tests multiply: `DIADC_TEST_PRECISION`, as in `DIADC_TEST_PRECISION=bf16 cargo test`, or else
/// f32.
pub(crate) fn precision() -> Precision {
    match std::env::var("DIADC_TEST_PRECISION") {
        Ok(name) => name.parse().expect("DIADC_TEST_PRECISION names a precision"),
        Err(_) => Precision::F32,
    }
}

/// Whether tests run on the processor, and factors of products are multiplied as they are.
pub(crate) fn is_exact() -> bool {
    (precision(), device()) == (Precision::F32, DeviceChoice::Cpu)
}

/// Whether [`Own`] is under test, so that its kernels are compared with composed ones.
pub(crate) fn has_own_kernels() -> bool {
    is_exact()
}

/// How many kinds of cases are made of each operation.
pub(crate) const SEEDS: u64 = 8;

/// How many units in the last place a mean of many numbers may be off.
pub(crate) const UNITS: f64 = 1.0;

/// A tolerance for f32, made wider for what a precision keeps of each factor: bf16 keeps 7 bits and TF32, as which tensor cores
/// multiply f32, 10, where f32 keeps 23. Deep networks lose about as many bits more in each.
pub(crate) fn tolerance_in(precision: Precision, of_f32: f64) -> f64 {
    match (precision, device()) {
        (Precision::Bf16, _) => (1000.0 * of_f32).min(0.25),
        (Precision::F32, DeviceChoice::Cuda(_)) => (100.0 * of_f32).min(0.05),
        (Precision::F32, DeviceChoice::Cpu) => of_f32,
    }
}
