//! The CUDA device, which is looked for when a user asks for it.
//!
//! The driver and its run-time compiler are loaded at the first operation, and CubeCL panics when they are not there, on a
//! thread of its own from which no error arrives. So the devices are counted and one small operation runs here, where panics
//! are heard and become an error with the driver's own words.

#![deny(clippy::wildcard_enum_match_arm)]

mod cache;
mod card;
mod kernels;

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::Cuda;
use burn::backend::cuda::CudaDevice;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensorOps;
use cubecl::Runtime;
use cubecl::cuda::CudaRuntime;

use diadc_core::engine::{DeviceChoice, DeviceChoiceError, Engine, HostTensor};
use diadc_core::fact::Precision;
use diadc_cube::Cube;
use diadc_execute::{Session, Tensor, check_devices, watch_devices};

use cache::KernelCache;
use card::Card;
use kernels::keep;

/// A session of this name on the graphics processor with a number.
///
/// # Errors
/// If the driver, its run-time compiler or the device is not there.
pub fn open(index: usize, name: String, precision: Precision) -> Result<Box<dyn Engine>, DeviceChoiceError> {
    let unavailable = |reason| DeviceChoiceError::Unavailable { device: DeviceChoice::Cuda(index).to_string(), reason };
    let count = quietly(|| CudaRuntime::enumerate_all_devices(&()).len()).map_err(unavailable)?;
    if index >= count {
        return Err(DeviceChoiceError::Absent { device: DeviceChoice::Cuda(index), count });
    }
    let device = CudaDevice::new(index);
    let begin = || {
        let keeping = keep(Card::open(index).map_err(|error| error.to_string()).and_then(|card| card.kind()));
        let one = Tensor::<Cuda>::from_host(HostTensor::floats(&[1], vec![1.0]), &device).float();
        (keeping, Tensor::<Cuda>::Float(<Cuda>::float_add(one.clone(), one)).into_host())
    };
    let (keeping, sum) = quietly(begin).map_err(unavailable)?;
    let sum = sum.map_err(|error| unavailable(error.to_string()))?;
    if sum.as_floats() != Some(&[2.0]) {
        return Err(unavailable("it computes wrong numbers".to_owned()));
    }
    watch_devices();
    let largest = CudaRuntime::client(&device).properties().memory.max_page_size;
    let session = Session::<Cube<CudaRuntime, u8>>::new(name, device.clone(), precision)
        .with_largest(usize::try_from(largest).unwrap_or(usize::MAX))
        .with_remark(keeping.remark);
    Ok(match keeping.cache {
        Some(cache) => Box::new(session.with_companion(Box::new(Sealing { cache, device }))),
        None => Box::new(session),
    })
}

/// The bytes of memory that are free on the graphics processor with a number; none if it does not say.
#[must_use]
pub fn memory_left(index: usize) -> Option<u64> {
    let free = quietly(|| Card::open(index).and_then(|card| card.memory_left()));
    u64::try_from(free.ok()?.ok()?).ok()
}

/// Seals the kernels of a device when a session ends.
struct Sealing {
    cache: Arc<KernelCache>,
    device: CudaDevice,
}

impl Drop for Sealing {
    fn drop(&mut self) {
        let is_at_rest = <Cuda as Backend>::sync(&self.device).is_ok() && check_devices().is_ok();
        if is_at_rest {
            // If this fails, the next process compiles again what this one has compiled.
            let _ = self.cache.seal();
        }
    }
}

/// Runs a function. If there is a panic meanwhile, on whatever thread, the message of the first is the error and is not printed.
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
    let words = words.lock().ok().and_then(|mut words| words.take());
    match (result, words) {
        (Ok(value), None) => Ok(value),
        (Ok(_) | Err(_), Some(words)) => Err(words),
        (Err(_), None) => Err("it does not answer".to_owned()),
    }
}

/// One sentence in place of the dozens of file names that the loader lists; anything else is cut to its first line.
fn in_brief(text: &str) -> String {
    if !text.contains("dynamically load") {
        return text.lines().next().unwrap_or_default().chars().take(200).collect();
    }
    let library = if text.contains("nvrtc") { "run-time compiler `libnvrtc`" } else { "library `libcuda`" };
    format!("the driver's {library} is not there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_another_thread_is_an_error() {
        let panics = || {
            let other = std::thread::spawn(|| {
                panic!("Unable to dynamically load the \"nvrtc\" shared library - searched for ...")
            });
            other.join().is_err()
        };
        assert_eq!(quietly(panics), Err("the driver's run-time compiler `libnvrtc` is not there".to_owned()));
        assert_eq!(quietly(|| 1), Ok(1));
    }

    #[test]
    fn what_the_loader_and_the_driver_say_is_told_in_brief() {
        assert_eq!(
            in_brief("Unable to dynamically load the \"cuda\" shared library"),
            "the driver's library `libcuda` is not there"
        );
        assert_eq!(in_brief("invalid device ordinal\nmore"), "invalid device ordinal");
    }

    #[test]
    fn what_is_not_there_is_refused_before_anything_runs() {
        assert_eq!(memory_left(usize::MAX), None);
        let Err(error) = open(usize::MAX, "cuda".to_owned(), Precision::F32) else { panic!("no machine has so many") };
        assert!(matches!(error, DeviceChoiceError::Absent { .. } | DeviceChoiceError::Unavailable { .. }), "{error}");
    }
}
