//! What has been found, and the reasons that a spec gives for which some of it is not shown.

use diadc_core::span::Span;

use crate::diagnostic::{Allow, Code, Diagnostic};

/// Calls that a warning shows at most, innermost first.
const MOST_CALLS: usize = 6;

/// Warnings, without those that the spec gives a reason for.
pub(super) struct Findings<'a> {
    allows: &'a [Allow],
    /// Which of the reasons were needed.
    needed: Vec<bool>,
    pub(super) found: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(allows: &'a [Allow]) -> Findings<'a> {
        Findings { allows, needed: vec![false; allows.len()], found: Vec::new() }
    }

    /// Whether the spec gives a reason for a warning that concerns these places.
    pub(super) fn is_allowed(&mut self, warning: Code, places: &[Span]) -> bool {
        let covers = |allow: &Allow, place: &Span| {
            let Span { source, start, end } = allow.covers;
            place.source == source && start <= place.start && place.end <= end
        };
        let mut is_allowed = false;
        let allows = self.allows.iter().zip(&mut self.needed);
        for (allow, needed) in allows.filter(|(allow, _)| allow.warning == warning) {
            if places.iter().any(|place| covers(allow, place)) {
                *needed = true;
                is_allowed = true;
            }
        }
        is_allowed
    }

    /// Keeps a warning, unless the spec gives a reason for it.
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        let places: Vec<Span> = diagnostic.labels.iter().chain(&diagnostic.trace).map(|label| label.span).collect();
        if !self.is_allowed(diagnostic.code, &places) {
            diagnostic.trace.truncate(MOST_CALLS);
            self.found.push(diagnostic);
        }
    }

    /// The reasons that no warning needed.
    pub(super) fn unneeded(&self) -> Vec<Allow> {
        self.allows.iter().zip(&self.needed).filter(|(_, needed)| !**needed).map(|(allow, _)| *allow).collect()
    }
}
