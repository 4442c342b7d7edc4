//! What identifies a run: enough to repeat it, or to continue it.

use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::compile::Compiled;
use crate::dataset::{Dataset, Request, Unmarked};
use crate::execute::{DeviceChoiceError, threads};
use crate::fact::Precision;
use crate::measure::ProtocolName;
use crate::resolve::Location;
use crate::source::Source;
use crate::weight::Place;

use super::target::Target;

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
            seed: 1,
            draws: NonZeroU64::MIN,
            device: "cpu".to_owned(),
            precision: Precision::default(),
            weights: None,
            within: None,
            scores: true,
            protocols: Vec::new(),
            compare: None,
        }
    }
}

/// `run.json`: the setup, and hashes of the spec and of the list of images.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Record {
    /// Version of this program.
    pub version: String,
    /// What the user wanted to run.
    pub setup: Setup,
    /// The values of all params.
    pub params: Vec<(String, String)>,
    /// SHA-256 of the texts of the spec and all that it uses.
    pub spec_hash: String,
    /// SHA-256 of the names of all samples.
    pub data_hash: String,
}

impl Record {
    /// Describes a run before it starts.
    #[must_use]
    pub fn new(setup: Setup, compiled: &Compiled, dataset: &Dataset) -> Record {
        Record {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            setup,
            params: compiled.program.params.clone(),
            spec_hash: spec_hash(compiled),
            data_hash: data_hash(dataset),
        }
    }
}

/// SHA-256 of all source texts, in the order in which they were loaded, and of the settings from outside.
pub(super) fn spec_hash(compiled: &Compiled) -> String {
    hash(compiled.sources.iter())
}

/// The same without the settings from outside.
pub(super) fn texts_hash(compiled: &Compiled) -> String {
    hash(compiled.sources.iter().filter(|source| source.is_file || !source.name.starts_with("--set ")))
}

fn hash<'a>(sources: impl Iterator<Item = &'a Source>) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        hash.update((source.text.len() as u64).to_le_bytes());
        hash.update(source.text.as_bytes());
    }
    hex(&hash.finalize())
}

/// SHA-256 of the ids of all samples, in their order.
pub(super) fn data_hash(dataset: &Dataset) -> String {
    let mut hash = Sha256::new();
    for sample in dataset.train.iter().chain(&dataset.test) {
        hash.update(sample.id.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
