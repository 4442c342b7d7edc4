//! Hashes that say what something is by its content.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::compile::Compiled;
use crate::dataset::Dataset;
use crate::experiment::error::ExperimentError;
use crate::graph::program::Program;
use crate::plan::{essence_of_score, essence_of_stage};

use super::setup::Setup;

/// A SHA-256 of several texts: where one ends and the next begins is part of it.
#[derive(Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    /// The same with one more text.
    pub(super) fn with(mut self, text: &str) -> Hasher {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// The hash in hexadecimal digits.
    pub(super) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Of all source texts, in the order in which they were loaded, without the settings from outside.
pub(in crate::experiment) fn texts_hash(compiled: &Compiled) -> String {
    let texts = compiled.sources.iter().filter(|source| source.is_file || !source.name.starts_with("--set "));
    texts.fold(Hasher::default(), |hash, source| hash.with(&source.text)).finish()
}

/// Of all that a program computes and measures, and of its params.
pub(super) fn program_hash(program: &Program) -> String {
    let stages = program.stages.iter().map(|stage| essence_of_stage(program, stage));
    let hash = stages.fold(Hasher::default(), |hash, stage| hash.with(&stage));
    let hash = hash.with(&essence_of_score(program)).with(&format!("{:?}", program.measure));
    hash.with(&format!("{:?}", program.params)).finish()
}

/// Of how a program scores an image.
pub(super) fn score_hash(program: &Program) -> String {
    Hasher::default().with(&essence_of_score(program)).finish()
}

/// What the stages of a program work on besides what the program says.
pub(in crate::experiment) struct Base<'a> {
    /// The setup, whose seed, device and precision count.
    pub(in crate::experiment) setup: &'a Setup,
    /// The images.
    pub(in crate::experiment) dataset: &'a Dataset,
    /// The hash of the weights to start from.
    pub(in crate::experiment) weights: Option<&'a str>,
}

/// For each stage a hash of all on which its result depends: equal for two programs whose stages up to it are the same and
/// work on the same.
pub(in crate::experiment) fn stage_keys(program: &Program, base: &Base<'_>) -> Vec<String> {
    let Base { setup, dataset, weights } = base;
    let circumstances = [
        env!("CARGO_PKG_VERSION").to_owned(),
        setup.seed.to_string(),
        setup.device.clone(),
        setup.precision.to_string(),
        setup.within.clone().unwrap_or_default(),
        weights.unwrap_or_default().to_owned(),
        data_hash(dataset),
    ];
    let first = circumstances.iter().fold(Hasher::default(), |hash, text| hash.with(text)).finish();
    let next = |before: &mut String, stage| {
        *before = Hasher::default().with(before).with(&essence_of_stage(program, stage)).finish();
        Some(before.clone())
    };
    program.stages.iter().scan(first, next).collect()
}

/// A hash of all on which the metrics of a run depend.
pub(in crate::experiment) fn result_key(program: &Program, base: &Base<'_>) -> String {
    let weights = stage_keys(program, base).pop().unwrap_or_else(|| data_hash(base.dataset));
    let measures = format!("{:?} {:?} {}", program.measure, base.setup.protocols, base.setup.draws);
    let seed = base.setup.seed.to_string();
    Hasher::default().with(&weights).with(&seed).with(&essence_of_score(program)).with(&measures).finish()
}

/// Of the ids of all samples, in their order.
pub(super) fn data_hash(dataset: &Dataset) -> String {
    let samples = dataset.train.iter().chain(&dataset.test).chain(dataset.sources.values().flatten());
    samples.fold(Hasher::default(), |hash, sample| hash.with(&sample.id)).finish()
}

/// Of the bytes of a file.
pub(super) fn file_hash(path: &Path) -> Result<String, ExperimentError> {
    let fail = |source| ExperimentError::Read { path: path.to_path_buf(), source };
    let mut file = File::open(path).map_err(fail)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(fail)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
