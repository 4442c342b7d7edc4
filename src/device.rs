//! The devices that this program was built with, opened here and nowhere else, and the number of threads that compute.

use diadc_core::engine::{DeviceChoice, DeviceChoiceError, Engine};
use diadc_core::fact::Precision;

/// An engine on a device that multiplies in a precision.
///
/// # Errors
/// If the device is not there or this program was built without it.
pub fn open(choice: DeviceChoice, precision: Precision) -> Result<Box<dyn Engine>, DeviceChoiceError> {
    let name = match precision {
        Precision::F32 => choice.to_string(),
        Precision::Bf16 => format!("{choice} in {precision}"),
    };
    match choice {
        DeviceChoice::Cpu => Ok(diadc_cpu::open(name, precision)),
        DeviceChoice::Cuda(index) => open_cuda(index, name, precision),
    }
}

/// The bytes of memory that are free on the graphics processor with a number; none if it does not say.
#[cfg(feature = "cuda")]
#[must_use]
pub fn cuda_memory_left(index: usize) -> Option<u64> {
    diadc_cuda::memory_left(index)
}

/// The bytes of memory that are free on a graphics processor: unknown, as this program was built without CUDA.
#[cfg(not(feature = "cuda"))]
#[must_use]
pub fn cuda_memory_left(_index: usize) -> Option<u64> {
    None
}

/// The number of threads that compute: those of the pool on which kernels share out their work. The variable
/// `RAYON_NUM_THREADS` sets it; without it there is one for each core that the process may use.
#[must_use]
pub fn threads() -> usize {
    rayon::current_num_threads()
}

#[cfg(feature = "cuda")]
fn open_cuda(index: usize, name: String, precision: Precision) -> Result<Box<dyn Engine>, DeviceChoiceError> {
    diadc_cuda::open(index, name, precision)
}

#[cfg(not(feature = "cuda"))]
fn open_cuda(_index: usize, _name: String, _precision: Precision) -> Result<Box<dyn Engine>, DeviceChoiceError> {
    Err(DeviceChoiceError::NotBuilt)
}
