//! What a model runs on: a device, a precision, and the threads that compute.

use crate::execute::{DeviceChoice, DeviceChoiceError, Engine, open};
use crate::fact::Precision;
use crate::plan::memory::Circumstances;

use super::observer::Observer;

/// What a model runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The device.
    pub device: DeviceChoice,
    /// The precision of products.
    pub precision: Precision,
    /// Threads that compute and that read images: what [`threads`](crate::execute::threads) says.
    pub threads: usize,
}

impl Target {
    /// Opens the device, and tells the observer what the device has to say.
    ///
    /// # Errors
    /// If the device is not there or this program was built without it.
    pub fn open(self, observer: &mut dyn Observer) -> Result<Box<dyn Engine>, DeviceChoiceError> {
        let engine = open(self.device, self.precision)?;
        engine.remark().into_iter().for_each(|remark| observer.on_remark(remark));
        Ok(engine)
    }

    /// Cores of this machine that hold scratch memory of their own; none if a graphics processor computes.
    #[must_use]
    pub fn cores(self) -> usize {
        match self.device {
            DeviceChoice::Cpu => self.threads,
            DeviceChoice::Cuda(_) => 0,
        }
    }

    /// How memory is estimated for a batch of so many images.
    #[must_use]
    pub fn circumstances(self, batch: usize) -> Circumstances {
        Circumstances { batch, precision: self.precision, cores: self.cores() }
    }
}
