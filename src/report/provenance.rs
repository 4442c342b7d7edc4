//! What a result was made of and with: what identifies it by content, and where and when it was made.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::fact::Precision;
use crate::measure::ProtocolName;

/// Where a result comes from. All of it but `date`, `command` and paths follows from what was computed: it is equal for two
/// results that are the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// When its making began, in UTC: `2026-01-31T12:00:00Z`.
    pub date: String,
    /// The words of the command line; empty if another program made it through the library.
    pub command: Vec<String>,
    /// The version of diadc.
    pub version: String,
    /// The spec.
    pub spec: SpecFacts,
    /// The settings that were given from outside, by name.
    pub settings: IndexMap<String, String>,
    /// The values of all params of the spec, by name.
    pub params: IndexMap<String, String>,
    /// The file of weights that were scored, or that training started from; none if training started from first values.
    pub weights: Option<FileFacts>,
    /// The data set; none if images of none were scored.
    pub data: Option<DataFacts>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// How many draws of the random numbers of its score each image had.
    pub draws: u64,
    /// The device.
    pub device: String,
    /// The precision of products.
    pub precision: Precision,
    /// The protocols by which it was measured.
    pub protocols: Vec<ProtocolName>,
}

/// Which spec it was, by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecFacts {
    /// Its name: that of its file, without the ending.
    pub name: String,
    /// Where it was read from.
    pub path: String,
    /// Its model.
    pub model: String,
    /// SHA-256 of its text and the texts that it uses.
    pub text_sha256: String,
    /// SHA-256 of what its program computes under the settings: the same for two specs that differ in their texts alone.
    pub program_sha256: String,
    /// SHA-256 of how the program scores an image, without how its weights come about.
    pub score_sha256: String,
}

/// Which file it was, by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Where it lies.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Which images there were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFacts {
    /// The name of the data set.
    pub name: String,
    /// Where it lies; none for one that is drawn.
    pub folder: Option<PathBuf>,
    /// Its classes.
    pub classes: Vec<String>,
    /// The number of training images.
    pub train: usize,
    /// The number of test images.
    pub test: usize,
    /// The sources of other images, each with their number and where they come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// SHA-256 of the names of all images.
    pub list_sha256: String,
}

impl Provenance {
    /// All of it in words, by name: what the page of a report lists.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let joined = |map: &IndexMap<String, String>| {
            map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        let mut facts = vec![("date", self.date.clone())];
        if !self.command.is_empty() {
            facts.push(("command", command_line(&self.command)));
        }
        facts.push(("diadc", self.version.clone()));
        if !self.settings.is_empty() {
            facts.push(("settings", joined(&self.settings)));
        }
        facts.push(("spec SHA-256", self.spec.text_sha256.clone()));
        facts.push(("program SHA-256", self.spec.program_sha256.clone()));
        if let Some(weights) = &self.weights {
            facts.push(("weights", weights.path.display().to_string()));
            facts.push(("weights SHA-256", weights.sha256.clone()));
        }
        if let Some(data) = &self.data {
            facts.extend(data.folder.iter().map(|folder| ("data", folder.display().to_string())));
            facts.push(("classes", data.classes.join(", ")));
            facts.push(("images", format!("{} to train on, {} to test", data.train, data.test)));
            facts.extend(data.sources.iter().map(|source| ("source", source.clone())));
            facts.push(("data list SHA-256", data.list_sha256.clone()));
        }
        facts.push(("draws", self.draws.to_string()));
        facts.push(("precision", self.precision.to_string()));
        let protocols: Vec<&str> = self.protocols.iter().map(|protocol| protocol.name()).collect();
        if !protocols.is_empty() {
            facts.push(("protocol", protocols.join(", ")));
        }
        facts
    }
}

/// Words as they can be given to a shell.
pub(super) fn command_line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
