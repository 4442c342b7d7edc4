//! Text to an [`Ast`].
//!
//! In: the text of one file. Out: its tree, or everything that is wrong with its syntax. A mistake in one
//! item does not hide those of the others. This room does not know which words have a meaning.

pub mod ast;
mod bracket;
mod build;
mod error;
pub mod tree;

use std::num::NonZeroUsize;

use pest::Parser;

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use crate::span::SourceId;
use ast::{Ast, Expr};

/// Brackets within brackets, at most: each is a call of the parser.
const BRACKETS: usize = 50;
/// Tries of the parser, at most: what can be read takes a few hundred for each word.
const TRIES: NonZeroUsize = NonZeroUsize::new(50_000_000).expect("it is not 0");

mod grammar {
    #![allow(missing_docs, reason = "the grammar file documents its rules")]

    /// The parser that pest makes from the grammar file.
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/diad.pest"]
    pub(super) struct Grammar;
}
use grammar::{Grammar, Rule};

/// Parses a whole file.
///
/// # Errors
/// All syntax errors, at most one for each item.
pub fn parse(id: SourceId, sources: &SourceMap) -> Result<Ast, Vec<Diagnostic>> {
    let text = &sources.get(id).text;
    let place = build::Place { source: id, offset: 0 };
    limited(place, text)?;
    match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) => build::file(place, pairs.next().expect("`file` makes one pair")),
        Err(_) => Err(item_by_item(id, text)),
    }
}

/// Parses a single expression that begins at byte `start` of a text, such as the value of a setting on the command line.
///
/// # Errors
/// The syntax error.
pub fn parse_expression(id: SourceId, start: usize, sources: &SourceMap) -> Result<Expr, Vec<Diagnostic>> {
    let text = &sources.get(id).text[start..];
    let place = build::Place { source: id, offset: start };
    limited(place, text)?;
    match Grammar::parse(Rule::lone_expr, text) {
        Ok(mut pairs) => build::lone_expr(place, pairs.next().expect("`lone_expr` makes one pair")),
        Err(error) => Err(vec![error::syntax(place, text, &error)]),
    }
}

/// Refuses a text in which so many brackets are open at once that the parser would run out of stack.
fn limited(place: build::Place, text: &str) -> Result<(), Vec<Diagnostic>> {
    pest::set_call_limit(Some(TRIES));
    match bracket::scan(text).deepest {
        (depth, at) if depth > BRACKETS => Err(vec![error::too_nested(place, at)]),
        _ => Ok(()),
    }
}

/// The words that have a meaning in the grammar.
#[must_use]
pub fn keywords() -> &'static [&'static str] {
    error::KEYWORDS
}

/// Parses each item by itself and collects what is wrong.
fn item_by_item(id: SourceId, text: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (start, end) in items(text) {
        let place = build::Place { source: id, offset: start };
        let part = &text[start..end];
        match Grammar::parse(Rule::file, part) {
            Ok(mut pairs) => {
                if let Err(more) = build::file(place, pairs.next().expect("`file` makes one pair")) {
                    diagnostics.extend(more);
                }
            }
            Err(error) => diagnostics.push(error::syntax(place, part, &error)),
        }
    }
    diagnostics
}

/// Where items begin and end, judged by lines that start in the first column. Where a bracket is open such a line
/// must begin with a word that begins nothing but an item, or stand behind an indented line or the end of a body.
fn items(text: &str) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    let (mut at, mut start) = (0, 0);
    // What stands ahead of an item and belongs to it.
    let (mut after_ahead, mut after_indent) = (false, false);
    for line in text.split_inclusive('\n') {
        let is_ahead = line.starts_with("///") || line.starts_with("allow ");
        let word: &str = line.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let begins = (is_ahead || !word.is_empty())
            && (matches!(word, "use" | "enum" | "block" | "model")
                || matches!(word, "fn" | "let") && after_indent
                || bracket::scan(&text[start..at]).open.is_empty());
        if begins && !after_ahead && at > 0 {
            starts.push(at);
            start = at;
        }
        let is_blank = line.trim().is_empty();
        after_ahead = is_ahead || (after_ahead && is_blank);
        after_indent = line.starts_with([' ', '\t', '}']) || (after_indent && is_blank);
        at += line.len();
    }
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    starts.iter().copied().zip(ends).collect()
}
