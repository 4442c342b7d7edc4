//! What is to be measured, and for how long.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::diagnostic::one_of;
use crate::fact::Precision;

use super::super::error::BenchError;

/// A kind of work that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Scoring of a batch of images.
    Score,
    /// A step of training: forward, backward, and the optimiser.
    Training,
    /// A turn of a loop that runs while images are scored, such as a step of a sampler.
    Loop,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 3] = [Kind::Score, Kind::Training, Kind::Loop];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Score => "score",
            Kind::Training => "training",
            Kind::Loop => "loop",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = BenchError;

    fn from_str(text: &str) -> Result<Kind, BenchError> {
        Kind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            let hint = one_of(text, Kind::ALL.map(Kind::name)).unwrap_or_default();
            BenchError::UnknownKind { word: text.to_owned(), hint }
        })
    }
}

/// When enough runs have been measured, after those that warm up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// After so many runs.
    Runs(usize),
    /// After so many seconds, and at least one run.
    Seconds(f64),
}

impl Limit {
    /// Whether no further run is wanted after so many that took so many seconds.
    pub(super) fn is_reached(self, runs: usize, seconds: f64) -> bool {
        match self {
            Limit::Runs(limit) => runs >= limit,
            Limit::Seconds(limit) => runs > 0 && seconds >= limit,
        }
    }

    /// How many seconds runs are measured that take `run` seconds each.
    pub(super) fn expected(self, run: f64) -> f64 {
        match self {
            Limit::Runs(limit) => limit as f64 * run,
            Limit::Seconds(limit) => limit.max(run),
        }
    }
}

/// What is to be measured.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchRequest {
    /// The kinds of work; none means all that the model has.
    pub kinds: Option<Vec<Kind>>,
    /// Images of a batch, for each of which everything is measured.
    pub batches: Vec<usize>,
    /// The precisions of products, for each of which everything is measured.
    pub precisions: Vec<Precision>,
    /// When enough has been measured.
    pub limit: Limit,
    /// Whether the times of single kinds of operations are measured, in one more run.
    pub by_operation: bool,
    /// The file of weights; none means first values.
    pub weights: Option<PathBuf>,
    /// Where in it the weights lie, if the user says so.
    pub within: Option<String>,
    /// Seed of first values, random images and the model's own random numbers.
    pub seed: u64,
    /// The most bytes of memory that it may take.
    pub memory: Option<u64>,
}

impl Default for BenchRequest {
    /// Everything, one image at a time, in f32, for four seconds each.
    fn default() -> BenchRequest {
        BenchRequest {
            kinds: None,
            batches: vec![1],
            precisions: vec![Precision::F32],
            limit: Limit::Seconds(4.0),
            by_operation: false,
            weights: None,
            within: None,
            seed: 1,
            memory: None,
        }
    }
}

impl BenchRequest {
    /// Whether a kind of work is asked for by its name.
    pub(super) fn names(&self, kind: Kind) -> bool {
        self.kinds.as_ref().is_some_and(|kinds| kinds.contains(&kind))
    }

    /// Whether a kind of work is to be measured if the model has it.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        self.kinds.is_none() || self.names(kind)
    }
}
