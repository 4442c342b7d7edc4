//! Where a span lies, in the numbers that editors and other programs count in.

use serde::Serialize;

use diadc_core::span::Span;

use crate::source::SourceMap;

/// A stretch of a text. Lines and columns count from 1, columns in characters, bytes from 0; an end lies after the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// A path as the user wrote it, or the name of a text that is no file, such as `std::unet` or `--set size`.
    pub file: String,
    /// Line of the first character.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column of the end.
    pub end_column: usize,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Region {
    /// The region of a span.
    #[must_use]
    pub fn of(span: Span, sources: &SourceMap) -> Region {
        let source = sources.get(span.source);
        let (start, end) = (border(&source.text, span.start), border(&source.text, span.end));
        let ((line, column), (end_line, end_column)) =
            (line_and_column(&source.text, start), line_and_column(&source.text, end));
        Region { file: source.name.clone(), line, column, end_line, end_column, start, end }
    }
}

/// The byte, moved into the text and to the beginning of a character.
fn border(text: &str, at: u32) -> usize {
    let mut at = (at as usize).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
