//! The choice of a device, as the user writes it.

use std::fmt;
use std::str::FromStr;

/// A device as the user writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// `cpu`.
    #[default]
    Cpu,
    /// `cuda` or `cuda:N`: the graphics processor with that number.
    Cuda(usize),
}

/// Why a device can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceChoiceError {
    /// No device has this name.
    #[error("there is no device `{0}`; devices are `cpu`, `cuda` and `cuda:N`")]
    Unknown(String),
    /// The program can't use this kind of device.
    #[error("this program was built without CUDA; use `cpu`, or build it with the feature `cuda`")]
    NotBuilt,
    /// There are fewer devices of this kind.
    #[error("there is no device `{device}`; this machine has {}", present(*count))]
    Absent {
        /// The device.
        device: DeviceChoice,
        /// How many graphics processors the driver lists.
        count: usize,
    },
    /// The device does not answer.
    #[error(
        "`{device}` can't be used: {reason}; use `cpu`, or check that the driver is installed and lists the device"
    )]
    Unavailable {
        /// The device.
        device: String,
        /// What the driver or its loader says.
        reason: String,
    },
}

/// The devices of a machine, in words. `count` is the number of its graphics processors.
fn present(count: usize) -> String {
    match count {
        0 => "only `cpu`, and its driver lists no other".to_owned(),
        1 => "`cpu` and `cuda:0`".to_owned(),
        _ => format!("`cpu` and `cuda:0` to `cuda:{}`", count - 1),
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceChoiceError;

    fn from_str(text: &str) -> Result<DeviceChoice, DeviceChoiceError> {
        let unknown = || DeviceChoiceError::Unknown(text.to_owned());
        match text.split_once(':') {
            None if text == "cpu" => Ok(DeviceChoice::Cpu),
            None if text == "cuda" => Ok(DeviceChoice::Cuda(0)),
            Some(("cuda", index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
                index.parse().map(DeviceChoice::Cuda).map_err(|_| unknown())
            }
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Cpu => f.write_str("cpu"),
            DeviceChoice::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_is_answered_with_those_that_are() {
        let told = |count| DeviceChoiceError::Absent { device: DeviceChoice::Cuda(9), count }.to_string();
        assert_eq!(told(0), "there is no device `cuda:9`; this machine has only `cpu`, and its driver lists no other");
        assert_eq!(told(1), "there is no device `cuda:9`; this machine has `cpu` and `cuda:0`");
        assert_eq!(told(4), "there is no device `cuda:9`; this machine has `cpu` and `cuda:0` to `cuda:3`");
    }
}
