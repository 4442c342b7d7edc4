//! What a user wants to run.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::dataset::{Request, Unmarked};
use crate::execute::{DeviceChoiceError, threads};
use crate::experiment::target::Target;
use crate::fact::Precision;
use crate::measure::ProtocolName;
use crate::resolve::Location;
use crate::weight::Place;

/// What a user wants to run.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Setup {
    /// The spec: a path, or the name of one that comes with the program.
    pub spec: String,
    /// `name=value` pairs for its params.
    pub settings: Vec<(String, String)>,
    /// Name of the data set.
    pub dataset: String,
    /// The directory of the data set.
    pub data: Option<PathBuf>,
    /// The classes; `None` takes all.
    pub classes: Option<Vec<String>>,
    /// What defective images without a mask count as; `None` for what the data set does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmarked: Option<Unmarked>,
    /// The folders of sources of the model; those that are not here are drawn.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, PathBuf>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// How many draws of the random numbers of its score each image has.
    pub draws: NonZeroU64,
    /// The device: `cpu`, `cuda`, `cuda:1`.
    pub device: String,
    /// Precision of products.
    pub precision: Precision,
    /// Weights to start from.
    pub weights: Option<PathBuf>,
    /// Where in that file they lie, if the user says so.
    pub within: Option<String>,
    /// Whether the model is scored after training.
    pub scores: bool,
    /// Protocols to measure by; if empty, that of the spec.
    pub protocols: Vec<ProtocolName>,
    /// The source of published numbers that are shown beside those of the run.
    pub compare: Option<String>,
    /// The words of the command line; empty if there was none.
    pub command: Vec<String>,
}

impl Setup {
    /// Where the spec lies.
    #[must_use]
    pub fn location(&self) -> Location {
        Location::of(&self.spec)
    }

    /// Which images take part.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            name: self.dataset.clone(),
            root: self.data.clone(),
            classes: self.classes.clone(),
            unmarked: self.unmarked,
        }
    }

    /// The same, which means the same from any working directory. A directory that can't be named so stays as it is.
    #[must_use]
    pub fn absolute(&self) -> Setup {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Setup {
            data: self.data.as_ref().map(absolute),
            sources: self.sources.iter().map(|(name, path)| (name.clone(), absolute(path))).collect(),
            weights: self.weights.as_ref().map(absolute),
            ..self.clone()
        }
    }

    /// Where the weights to start from lie; none means first values.
    #[must_use]
    pub fn start(&self) -> Option<Place<'_>> {
        self.weights.as_deref().map(|path| Place { path, within: self.within.as_deref() })
    }

    /// What the model runs on.
    ///
    /// # Errors
    /// If the device is not known.
    pub fn target(&self) -> Result<Target, DeviceChoiceError> {
        Ok(Target { device: self.device.parse()?, precision: self.precision, threads: threads() })
    }
}

impl Default for Setup {
    /// The spec `tiny` on the toy data set, on the CPU, trained and scored with the seed 1.
    fn default() -> Setup {
        Setup {
            spec: "tiny".to_owned(),
            settings: Vec::new(),
            dataset: "toy".to_owned(),
            data: None,
            classes: None,
            unmarked: None,
            sources: BTreeMap::new(),
            seed: 1,
            draws: NonZeroU64::MIN,
            device: "cpu".to_owned(),
            precision: Precision::default(),
            weights: None,
            within: None,
            scores: true,
            protocols: Vec::new(),
            compare: None,
            command: Vec::new(),
        }
    }
}
