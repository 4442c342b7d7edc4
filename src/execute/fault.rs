//! Panics on the threads of devices. CubeCL catches them there and goes on with what it was asked for next, so that a kernel
//! that can't be made leaves wrong numbers without a word. So these panics are kept, and whoever waits for numbers asks here.

use std::sync::{Mutex, Once, PoisonError};
use std::{panic, thread};

use diadc_core::engine::DeviceError;

/// What the names of those threads begin with.
const DEVICE: &str = "DSD-";

/// What the first panic said.
static FAULT: Mutex<Option<String>> = Mutex::new(None);

/// Has panics on the threads of devices end whatever waits for a device from now on. They are not printed.
pub fn watch_devices() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !thread::current().name().is_some_and(|name| name.starts_with(DEVICE)) {
                return others(info);
            }
            let words = info.payload_as_str().unwrap_or("a panic without words");
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            FAULT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(words);
        }));
    });
}

/// Checks that there was no such panic.
///
/// # Errors
/// If there was one.
pub fn check() -> Result<(), DeviceError> {
    match &*FAULT.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(words) => Err(DeviceError(words.clone())),
        None => Ok(()),
    }
}
