//! Text to an [`Ast`].
//!
//! In: the text of one file. Out: its tree; if the syntax is wrong, all syntax errors and the tree of what could be
//! read. An error in one item or member does not hide the errors in others. Names are only words here: `resolve` looks
//! them up.

pub mod ast;
mod bracket;
mod build;
mod climb;
mod division;
mod elsewhere;
mod error;
pub(crate) mod foreign;
mod hint;
pub mod keyword;
pub mod lex;
mod lookalike;
mod misspelt;
mod place;
mod recover;
pub mod section;
pub mod tree;

use std::num::NonZeroUsize;

use pest::Parser;

use diadc_core::span::SourceId;

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use ast::{Ast, Expr};
use place::Place;

pub use division::divisions;

/// The greatest depth of brackets within brackets: the parser recurses into them.
const BRACKETS: usize = 50;
/// How many rules the parser tries before it gives up. A text without errors takes a few hundred for each word.
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

/// Parses a file as far as it can be read, and collects all syntax errors. The names of items that could not be read
/// are in [`Ast::broken`].
#[must_use]
pub fn parse_partly(id: SourceId, sources: &SourceMap) -> (Ast, Vec<Diagnostic>) {
    let text = &sources.get(id).text;
    let place = Place { source: id, offset: 0 };
    if let Err(diagnostics) = limited(place, text) {
        return (Ast { is_partial: true, ..Ast::default() }, diagnostics);
    }
    if let Some(ast) = whole(place, text) {
        return (ast, Vec::new());
    }
    let (closed, mut diagnostics) = recover::closed(place, text).unwrap_or((text.clone(), Vec::new()));
    let (ast, more) = match whole(place, &closed) {
        Some(ast) => (ast, Vec::new()),
        None => recover::item_by_item(id, &closed),
    };
    diagnostics.extend(more);
    (Ast { is_partial: true, ..ast }, diagnostics)
}

/// The tree of a text without syntax errors.
fn whole(place: Place, text: &str) -> Option<Ast> {
    let mut pairs = Grammar::parse(Rule::file, text).ok()?;
    build::file(place, pairs.next().expect("`file` makes one pair")).ok()
}

/// Parses a single expression that begins at byte `start` of a text, such as the value of a setting on the command
/// line.
///
/// # Errors
/// The syntax error.
pub fn parse_expression(id: SourceId, start: usize, sources: &SourceMap) -> Result<Expr, Vec<Diagnostic>> {
    let text = &sources.get(id).text[start..];
    let place = Place { source: id, offset: start };
    limited(place, text)?;
    match Grammar::parse(Rule::lone_expr, text) {
        Ok(mut pairs) => build::lone_expr(place, pairs.next().expect("`lone_expr` makes one pair")),
        Err(error) => Err(vec![error::syntax(place, Rule::lone_expr, text, &error)]),
    }
}

/// Refuses a text in which so many brackets are open at once that the parser would run out of stack.
fn limited(place: Place, text: &str) -> Result<(), Vec<Diagnostic>> {
    too_nested(text).map_or(Ok(()), |at| Err(vec![error::too_nested(place, at)]))
}

/// Where too many brackets are open at once, if they are. Also limits how many rules the parser tries.
fn too_nested(text: &str) -> Option<usize> {
    pest::set_call_limit(Some(TRIES));
    let (depth, at) = bracket::scan(text).deepest;
    (depth > BRACKETS).then_some(at)
}

#[cfg(test)]
mod agree;
