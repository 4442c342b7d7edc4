//! How an experiment tells whoever runs it how far it is.

use std::path::Path;

use crate::train;
use crate::weight::Comparison;

/// Somebody who wants to know how an experiment goes. Each kind of news may be left out; `()` listens to none.
pub trait Observer: train::Observer {
    /// A file of weights fits the program, perhaps because names were changed or tensors left out.
    fn on_weights_found(&mut self, _path: &Path, _comparison: &Comparison) {}

    /// So many of so many weights are on the device.
    fn on_weights(&mut self, _done: usize, _all: usize) {}

    /// So many of so many images have been scored.
    fn on_scored(&mut self, _done: usize, _all: usize) {}
}

impl Observer for () {}
