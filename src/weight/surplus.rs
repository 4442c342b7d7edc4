//! Which tensors of a file may be set aside, and why.
//!
//! In: a program, and the path that a tensor of a file would have in it, where the program has no weight. Out: the reason
//! to set it aside, or none: then the file holds more of a part than the spec says, and does not fit. What lies outside of
//! all parts is no business of the spec; what lies within one must be declared by its block, with `ignores`.

use std::collections::HashSet;

use crate::graph::program::{Part, Program, below};

/// What a program says about tensors that it has no weight for.
pub(super) struct Surplus<'a> {
    /// The part that alone is expected.
    part: Option<&'a Part>,
    /// Paths below which everything belongs to the model.
    own: Vec<&'a str>,
    /// Paths of normalisations that keep statistics.
    normalisations: HashSet<&'a str>,
    /// Patterns below a path, each with its reason.
    ignored: Vec<(&'a str, &'a str, &'a str)>,
}

impl<'a> Surplus<'a> {
    /// Of a whole program, or of one part of it.
    pub(super) fn new(program: &'a Program, part: Option<&'a Part>) -> Surplus<'a> {
        let parts: Vec<&Part> = program.own_parts().collect();
        let alone = program.weights.iter().filter(|weight| !parts.iter().any(|part| part.has(&weight.path)));
        let owner = |path: &'a str| path.rsplit_once('.').map_or(path, |(owner, _)| owner);
        let own: HashSet<&str> =
            parts.iter().map(|part| part.path.as_str()).chain(alone.map(|weight| owner(&weight.path))).collect();
        let normalisations =
            program.weights.iter().filter(|weight| weight.is_statistic).map(|w| owner(&w.path)).collect();
        // A pattern that fits weights of the model is meant for other variants of the block.
        let is_used = |path: &str, pattern: &str| {
            program.weights.iter().any(|weight| below(path, &weight.path).is_some_and(|rest| fits(pattern, rest)))
        };
        let patterns = program.ignored.iter().flat_map(|ignored| {
            ignored.patterns.iter().map(|pattern| (ignored.path.as_str(), pattern.as_str(), ignored.reason.as_str()))
        });
        let ignored = patterns.filter(|(path, pattern, _)| !is_used(path, pattern)).collect();
        Surplus { part, own: own.into_iter().collect(), normalisations, ignored }
    }

    /// Why a tensor that would have this path may be set aside; none if it may not.
    pub(super) fn why(&self, path: Option<&str>) -> Option<String> {
        let Some(path) = path else { return Some("beside the network".to_owned()) };
        if let Some(part) = self.part.filter(|part| !part.has(path)) {
            return Some(format!("outside of the part `{}`", part.name));
        }
        if !self.own.iter().any(|own| below(own, path).is_some()) {
            return Some("outside of the parts of the model".to_owned());
        }
        if let Some((layer, "num_batches_tracked")) = path.rsplit_once('.')
            && self.normalisations.contains(layer)
        {
            return Some("number of batches seen, which a fixed momentum does not need".to_owned());
        }
        let declared =
            self.ignored.iter().find(|(owner, pattern, _)| below(owner, path).is_some_and(|rest| fits(pattern, rest)));
        declared.map(|(.., reason)| (*reason).to_owned())
    }
}

/// Whether a name fits a pattern, in which each `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}
