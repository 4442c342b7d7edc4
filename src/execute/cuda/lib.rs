//! The CUDA device, which is looked for when a user asks for it.
//!
//! The driver is loaded at the first operation, and burn panics when it is not there. So one small operation runs here,
//! where the panic is caught and becomes an error with the driver's own words.

#![deny(clippy::wildcard_enum_match_arm)]

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::Cuda;
use burn::backend::cuda::CudaDevice;
use cubecl::cuda::CudaRuntime;

use diadc_core::engine::{DeviceChoice, DeviceChoiceError, Engine, HostTensor};
use diadc_core::fact::Precision;
use diadc_cube::Cube;
use diadc_execute::{Session, Tensor};

/// A session of this name on the graphics processor with a number.
///
/// # Errors
/// If the driver or the device is not there.
pub fn open(index: usize, name: String, precision: Precision) -> Result<Box<dyn Engine>, DeviceChoiceError> {
    let unavailable = |reason| DeviceChoiceError::Unavailable { device: DeviceChoice::Cuda(index).to_string(), reason };
    let device = CudaDevice::new(index);
    let answer = quietly(|| Tensor::<Cuda>::from_host(HostTensor::floats(&[1], vec![1.0]), &device).into_host());
    match answer {
        Ok(Ok(_)) => Ok(Box::new(Session::<Cube<CudaRuntime, u8>>::new(name, device, precision))),
        Ok(Err(error)) => Err(unavailable(error.to_string())),
        Err(words) => Err(unavailable(words)),
    }
}

/// Runs a function that may panic. The message of the first panic, on whatever thread, is returned and not printed.
fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // The hook is one for all threads: two that exchange it at once would leave it exchanged.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let words = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&words);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Ok(mut words) = heard.lock() {
            words.get_or_insert_with(|| in_brief(info.payload_as_str().unwrap_or("it does not answer")));
        }
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    panic::set_hook(hook);
    result.map_err(|_| {
        words.lock().ok().and_then(|mut words| words.take()).unwrap_or_else(|| "it does not answer".to_owned())
    })
}

/// One sentence in place of the dozens of file names that the loader lists; anything else is cut to its first line.
fn in_brief(text: &str) -> String {
    if text.contains("dynamically load") {
        return "the driver's library `libcuda` is not there".to_owned();
    }
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}
