//! What the driver says of a graphics processor.

#![allow(unsafe_code, reason = "two versions are asked for that have no safe function")]

use std::sync::Arc;

use cudarc::driver::{CudaContext, DriverError, sys};
use cudarc::nvrtc;

/// A graphics processor.
pub(crate) struct Card(Arc<CudaContext>);

impl Card {
    /// The one with a number. Panics if the driver is not there.
    ///
    /// # Errors
    /// If the driver does not give it.
    pub(crate) fn open(index: usize) -> Result<Card, DriverError> {
        CudaContext::new(index).map(Card)
    }

    /// Bytes of its memory that nobody has taken.
    ///
    /// # Errors
    /// If the driver does not answer.
    pub(crate) fn memory_left(&self) -> Result<usize, DriverError> {
        self.0.mem_get_info().map(|(free, _)| free)
    }

    /// What compiled kernels depend on besides the program that makes them: the processor, the driver, and the run-time
    /// compiler with the folder of its headers. Panics if the compiler is not there.
    ///
    /// # Errors
    /// If the driver or the compiler does not answer.
    pub(crate) fn kind(&self) -> Result<Vec<String>, String> {
        let of_driver = |error: DriverError| error.to_string();
        let name = self.0.name().map_err(of_driver)?;
        let (major, minor) = self.0.compute_capability().map_err(of_driver)?;
        let mut driver = 0;
        // SAFETY: the driver is loaded, as there is a context, and writes one number.
        unsafe { sys::cuDriverGetVersion(&raw mut driver) }.result().map_err(of_driver)?;
        let (mut release, mut revision) = (0, 0);
        // SAFETY: the compiler is loaded here or there is a panic, and writes two numbers.
        let answer = unsafe { nvrtc::sys::nvrtcVersion(&raw mut release, &raw mut revision) };
        answer.result().map_err(|error| error.to_string())?;
        let headers = cubecl::cuda::install::cuda_path().unwrap_or_default();
        Ok(vec![
            name,
            format!("sm{major}{minor}"),
            format!("driver{driver}"),
            format!("nvrtc{release}.{revision}"),
            headers.display().to_string(),
        ])
    }
}
