//! What training must know besides the program: the seed, and when to write and when to stop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What is not part of the program.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// Where and how often checkpoints are written; none writes none.
    pub keep: Option<Keep>,
    /// Threads that compute; as many read images ahead.
    pub threads: usize,
    /// What must be the same when the run goes on, such as a hash of the spec.
    pub notes: BTreeMap<String, String>,
    /// Set from outside to end training after the current step, with a checkpoint.
    pub stop: &'a AtomicBool,
}

/// Where and how often checkpoints are written; also at the end, and when training is stopped.
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
    /// After so much time, or more if it takes long to write one.
    Time(Duration),
}
