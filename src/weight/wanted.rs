//! Where weights are looked for: a file, a place in it, a part, and how the names are read.

use std::path::Path;

use crate::graph::program::Part;

use super::table::Table;

/// Where weights lie.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file.
    pub path: &'a Path,
    /// The dict in it, or what the names of the weights begin with; none takes what fits.
    pub within: Option<&'a str>,
}

/// Which weights are expected in a file, and how it names them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The dict that they lie in, or what their names begin with; none means what fits.
    pub within: Option<&'a str>,
    /// The only part whose weights are expected; none means the whole program.
    pub part: Option<&'a Part>,
    /// The rename table to use; none means the one that fits best.
    pub table: Option<&'a Table>,
}

impl<'a> Place<'a> {
    /// What fits in a file.
    #[must_use]
    pub fn of(path: &'a Path) -> Place<'a> {
        Place { path, within: None }
    }
}
