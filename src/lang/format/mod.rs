//! The text of a `.diad` file in the one layout that the specs of this repository have.
//!
//! Line breaks within an expression and blank lines (one at most) are the author's; the formatter decides about
//! indentation, spaces, columns, commas before brackets, and lines that are too long. In: a text without syntax
//! errors. Out: a text that means the same, with every comment in its place; formatting it again changes nothing.

mod align;
mod gap;
mod layout;
mod rules;
mod wrap;

use crate::parse::tree::tree;

/// Signs in a line, at most; only a comment or a word that is longer goes beyond it.
const WIDTH: usize = 120;
/// Signs by which a body is indented.
const INDENT: usize = 4;

/// The text in its layout; none if its syntax is wrong.
#[must_use]
pub fn format(text: &str) -> Option<String> {
    let mut draft = rules::draft(tree(text)?);
    loop {
        let page = layout::lay_out(&draft);
        if !wrap::break_lines(&mut draft, &page) {
            return Some(page.text());
        }
    }
}
