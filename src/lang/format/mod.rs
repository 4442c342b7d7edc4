//! The formatter: it writes the text of a `.diad` file anew in the layout that the specs of this repository have.
//!
//! The author decides where an expression is broken into lines and where blank lines stand (one at a time). The
//! formatter decides about indentation, spaces, columns, commas before closing brackets, and lines that are too long.
//! In: a text without syntax errors. Out: a text with the same meaning and all its comments. Formatting that text again
//! changes nothing.

mod align;
mod gap;
mod layout;
mod rules;
mod wrap;

use crate::parse::tree::tree;

/// Characters in a line, at most; only a comment or a single longer word exceeds it.
const WIDTH: usize = 120;
/// Characters by which a body is indented.
const INDENT: usize = 4;

/// The formatted text; none if its syntax is wrong. Its lines end as the first line of the text does.
#[must_use]
pub fn format(text: &str) -> Option<String> {
    let mut draft = rules::draft(tree(text)?);
    loop {
        let page = layout::lay_out(&draft);
        if !wrap::break_lines(&mut draft, &page) {
            return Some(with_ends_of(text, page.text()));
        }
    }
}

/// A text whose lines end as the first line of another does: in `\r\n` or `\n`.
fn with_ends_of(original: &str, text: String) -> String {
    let is_windows = original.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    if is_windows { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
}
