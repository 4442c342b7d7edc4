//! Where weights are looked for: a file, a place in it, a part, how the names are read, and what may be missing there.

use std::collections::BTreeSet;
use std::path::Path;

use crate::graph::program::{Part, Weight};

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

/// What a file may lack.
#[derive(Clone, Copy, Debug)]
pub enum Lacking<'a> {
    /// What a run begins without: the weights of these parts, and the stored tensors of all, which its fits compute.
    AtStart(&'a [&'a Part]),
    /// All but the weights of these paths, which alone are read. The others may have other shapes as well.
    AllBut(&'a BTreeSet<&'a str>),
}

impl Lacking<'_> {
    /// What a weight gets that a file lacks; none if the file must have it.
    pub(super) fn substitute(self, weight: &Weight) -> Option<Substitute> {
        let fresh = match self {
            Lacking::AtStart(fresh) => fresh,
            Lacking::AllBut(read) => return (!read.contains(weight.path.as_str())).then_some(Substitute::FirstValue),
        };
        if weight.awaits_fit() {
            return Some(Substitute::Fit);
        }
        let is_fresh = fresh.iter().any(|part| part.has(&weight.path));
        let copied = weight.init.original().map(|original| Substitute::CopyOf(original.to_owned()));
        is_fresh.then(|| copied.unwrap_or(Substitute::FirstValue))
    }
}

/// What a weight gets if the file lacks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Substitute {
    /// Its first value from the spec.
    FirstValue,
    /// The value of the weight of which it is a copy.
    CopyOf(String),
    /// What a fit computes.
    Fit,
}

impl<'a> Place<'a> {
    /// What fits in a file.
    #[must_use]
    pub fn of(path: &'a Path) -> Place<'a> {
        Place { path, within: None }
    }
}
