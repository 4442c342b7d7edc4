//! Where the text that is parsed lies in its source: a part of a file is parsed by itself when another part is wrong.

use diadc_core::span::{SourceId, Span};

/// The text that is parsed, and the byte at which the parsed part begins.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) source: SourceId,
    pub(super) offset: usize,
}

impl Place {
    /// The place in the source of some bytes of the part.
    pub(super) fn span(self, start: usize, end: usize) -> Span {
        let at = |n: usize| u32::try_from(self.offset + n).unwrap_or(u32::MAX);
        Span { source: self.source, start: at(start), end: at(end) }
    }
}
