//! Text to an [`Ast`].
//!
//! In: the text of one file. Out: its tree, or everything that is wrong with its syntax and the tree of what can be read.
//! A mistake in one item or member does not hide those of the others. This room does not know which words have a meaning.

pub mod ast;
mod bracket;
mod build;
mod climb;
mod error;
pub mod keyword;
pub mod lex;
mod recover;
pub mod section;
pub mod tree;

use std::num::NonZeroUsize;

use pest::Parser;

use diadc_core::span::SourceId;

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use ast::{Ast, Expr};

/// Brackets within brackets, at most: each is a call of the parser.
const BRACKETS: usize = 50;
/// Tries of the parser, at most: what can be read takes a few hundred for each word.
const TRIES: NonZeroUsize = NonZeroUsize::new(50_000_000).expect("it is not 0");

mod grammar {
    #![allow(missing_docs, reason = "the grammar file documents its rules")]

    /// The parser that pest makes from the grammar file.
    #[derive(pest_derive::Parser)]
    #[grammar = "../../grammar/diad.pest"]
    pub(super) struct Grammar;
}
use grammar::{Grammar, Rule};

/// Parses a whole file.
///
/// # Errors
/// All syntax errors, at most one for each item or member.
pub fn parse(id: SourceId, sources: &SourceMap) -> Result<Ast, Vec<Diagnostic>> {
    let (ast, diagnostics) = parse_partly(id, sources);
    if diagnostics.is_empty() { Ok(ast) } else { Err(diagnostics) }
}

/// Parses as much of a file as can be read, with all syntax errors. What is left out of the tree has left its names in
/// [`Ast::broken`].
#[must_use]
pub fn parse_partly(id: SourceId, sources: &SourceMap) -> (Ast, Vec<Diagnostic>) {
    let text = &sources.get(id).text;
    let place = build::Place { source: id, offset: 0 };
    if let Err(diagnostics) = limited(place, text) {
        return (Ast { is_partial: true, ..Ast::default() }, diagnostics);
    }
    let whole = Grammar::parse(Rule::file, text).ok();
    match whole.map(|mut pairs| build::file(place, pairs.next().expect("`file` makes one pair"))) {
        Some(Ok(ast)) => (ast, Vec::new()),
        Some(Err(_)) | None => {
            let (ast, diagnostics) = recover::item_by_item(id, text);
            (Ast { is_partial: true, ..ast }, diagnostics)
        }
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
    too_nested(text).map_or(Ok(()), |at| Err(vec![error::too_nested(place, at)]))
}

/// Where too many brackets are open, if they are; the parser gives up after a number of tries in any case.
fn too_nested(text: &str) -> Option<usize> {
    pest::set_call_limit(Some(TRIES));
    let (depth, at) = bracket::scan(text).deepest;
    (depth > BRACKETS).then_some(at)
}

#[cfg(test)]
mod agree;
