//! The settings of training that are not part of the program: the seed, the threads, checkpoints, and when to stop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::Samples;

/// Settings that are not part of the program.
#[derive(Clone)]
pub struct Settings<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// Where and how often checkpoints are written; `None` writes none.
    pub keep: Option<Keep>,
    /// The number of threads that compute; as many threads read images ahead, up to a limit.
    pub threads: usize,
    /// The most bytes of features of frozen parts that are kept of training images, so that they are computed once.
    pub room: u64,
    /// The images of each source of the program, in its order.
    pub sources: &'a [&'a dyn Samples],
    /// What must be the same when the run is continued, such as a hash of the spec.
    pub notes: BTreeMap<String, String>,
    /// Ends training after the current step, with a checkpoint, when another thread sets it.
    pub stop: &'a AtomicBool,
}

/// Where and how often checkpoints are written. One more is written at the end and when training is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The folder, which must exist.
    pub folder: PathBuf,
    /// How often.
    pub every: Every,
}

/// How often a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// After so many steps.
    Steps(u64),
    /// After so much time, or later if writing a checkpoint takes long.
    Time(Duration),
}

impl Settings<'_> {
    /// What a checkpoint of a run over so many samples says, and what must be the same when it is continued.
    #[must_use]
    pub fn identity(&self, samples: usize) -> BTreeMap<String, String> {
        let mut notes = self.notes.clone();
        notes.insert("seed".to_owned(), self.seed.to_string());
        notes.insert("samples".to_owned(), samples.to_string());
        notes
    }
}
