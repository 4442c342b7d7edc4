//! What identifies a run: enough to repeat it, to continue it, and to know its results by what they were made of.

mod copy;
mod date;
mod identity;
mod origin;
mod setup;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::compile::Compiled;
use crate::dataset::Dataset;
use crate::diagnostic::count;
use crate::report::{DataFacts, FileFacts, Provenance, SpecFacts};

use super::error::ExperimentError;

pub(super) use copy::{Copied, copy};
pub(super) use date::now;
pub(super) use identity::{Base, result_key, stage_keys, texts_hash};
pub(super) use origin::Origin;
pub use setup::Setup;

/// `run.json`: the setup, and what it was run on.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Record {
    /// What the user wanted to run.
    pub setup: Setup,
    /// The file of the spec in the copy that the run keeps.
    pub spec: PathBuf,
    /// What that was when the run began.
    pub provenance: Provenance,
}

impl Record {
    /// Describes a run before it starts. A file of weights is read for it.
    ///
    /// # Errors
    /// If the file of weights can't be read.
    pub fn new(setup: Setup, compiled: &Compiled, dataset: &Dataset) -> Result<Record, ExperimentError> {
        let provenance = Provenance {
            data: Some(DataFacts {
                name: dataset.name.clone(),
                folder: setup.data.clone(),
                classes: dataset.classes.clone(),
                train: dataset.train.len(),
                test: dataset.test.len(),
                sources: dataset.sources.iter().map(|(name, images)| sourced(name, images.len(), &setup)).collect(),
                list_sha256: identity::data_hash(dataset),
            }),
            ..provenance(&setup, compiled)?
        };
        Ok(Record { spec: copy(compiled).root, setup, provenance })
    }
}

/// A source and where its images come from.
fn sourced(name: &str, images: usize, setup: &Setup) -> String {
    let from = setup.sources.get(name).map_or("drawn".to_owned(), |folder| folder.display().to_string());
    format!("{name}: {} ({from})", count(images, "image"))
}

/// Where a result comes from that a setup makes of a spec, without a data set.
///
/// # Errors
/// If the file of weights can't be read.
pub fn provenance(setup: &Setup, compiled: &Compiled) -> Result<Provenance, ExperimentError> {
    let program = &compiled.program;
    let path = setup.location().name();
    let stem = PathBuf::from(&path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let weights = setup.weights.clone().zip(weights_hash(setup)?);
    let protocols = if setup.scores { program.measure.by(&setup.protocols) } else { Vec::new() };
    Ok(Provenance {
        date: now(),
        command: setup.command.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        spec: SpecFacts {
            name: stem.unwrap_or_else(|| path.clone()),
            path,
            model: program.name.clone(),
            text_sha256: texts_hash(compiled),
            program_sha256: identity::program_hash(program),
            score_sha256: identity::score_hash(program),
        },
        settings: setup.settings.iter().cloned().collect(),
        params: program.params.iter().cloned().collect(),
        weights: weights.map(|(path, sha256)| FileFacts { path, sha256 }),
        data: None,
        seed: setup.seed,
        draws: setup.draws.get(),
        device: setup.device.clone(),
        precision: setup.precision,
        protocols: protocols.into_iter().map(|measure| measure.protocol).collect(),
    })
}

/// The hash of the file of weights that a setup names; none if it names none.
///
/// # Errors
/// If it can't be read.
pub(super) fn weights_hash(setup: &Setup) -> Result<Option<String>, ExperimentError> {
    setup.weights.as_deref().map(identity::file_hash).transpose()
}
