//! Progress of an experiment, as whoever runs it sees it.

use std::path::Path;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use crate::train::{self, Remaining};
use crate::weight::{Comparison, Suspicion};

/// Receives news of an experiment. An observer implements the methods that it needs; `()` ignores all news.
pub trait Observer: train::Observer {
    /// A file of weights fits the program; the comparison says what was renamed or left out for it.
    fn on_weights_found(&mut self, _path: &Path, _comparison: &Comparison) {}

    /// Something which a user must know to judge what comes out, such as of the weights that were found.
    fn on_remark(&mut self, _remark: &str) {}

    /// A training has chosen its weights.
    fn on_chosen(&mut self, _remaining: &Remaining) {}

    /// Warnings of parts that are read with random weights.
    fn on_first_values(&mut self, _warnings: &[Diagnostic], _sources: &SourceMap) {}

    /// Some weights that were read are suspicious.
    fn on_suspicions(&mut self, _suspicions: &[Suspicion]) {}

    /// `done` of `all` weights are on the device.
    fn on_weights(&mut self, _done: usize, _all: usize) {}

    /// Measuring begins of what these words say; it will take about so long, if that can be told.
    fn on_measuring(&mut self, _what: &str, _expected: Option<Duration>) {}

    /// `done` of `all` images have been scored.
    fn on_scored(&mut self, _done: usize, _all: usize) {}
}

impl Observer for () {}
