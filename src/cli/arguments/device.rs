//! What a command computes on.

use clap::Args;

use crate::cli::failure::Failure;
use crate::execute::{DeviceChoice, threads};
use crate::experiment::{Config, Setup, Target};
use crate::fact::Precision;

/// The device, and the precision of products on it.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct DeviceArguments {
    /// Device: cpu, cuda, cuda:1
    #[arg(long, value_name = "DEVICE")]
    pub(in crate::cli) device: Option<String>,

    /// Precision of products: f32 (on NVIDIA devices TF32), or bf16, as automatic mixed precision [default: f32]
    #[arg(long, value_name = "PRECISION")]
    pub(in crate::cli) precision: Option<Precision>,
}

impl DeviceArguments {
    /// A setup on this device: the one that is named, or else that of the machine's settings file. The precision of a setup
    /// that is kept from a run stays, unless another one is named.
    pub(in crate::cli) fn over(&self, setup: Setup, is_kept: bool, config: &Config) -> Result<Setup, Failure> {
        let name = self.device.clone().or_else(|| config.device.clone()).unwrap_or(setup.device);
        let device: DeviceChoice = name.parse()?;
        let usual = config.precision.filter(|_| !is_kept).unwrap_or(setup.precision);
        Ok(Setup { device: device.to_string(), precision: self.precision.unwrap_or(usual), ..setup })
    }

    pub(in crate::cli) fn choose(&self, config: &Config) -> Result<Target, Failure> {
        let name = self.device.clone().or_else(|| config.device.clone());
        let device = name.as_deref().unwrap_or("cpu").parse()?;
        let precision = self.precision.or(config.precision).unwrap_or_default();
        Ok(Target { device, precision, threads: threads() })
    }
}
