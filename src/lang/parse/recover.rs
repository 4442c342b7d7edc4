//! Parses what it can of a text with syntax errors: item by item, and within a broken block member by member.
//!
//! In: a text that does not parse as a whole. Out: the tree of the items and members that do, and at most one error for
//! each of the others. The names of items that are left out are kept, so that later stages do not report them as
//! unknown.

use std::ops::Range;
use std::sync::Arc;

use pest::Parser;

use diadc_core::span::{SourceId, Spanned};

use crate::diagnostic::Diagnostic;

use super::ast::{Ast, ItemKind};
use super::build;
use super::hint::stopped;
use super::keyword::{Begins, Keyword};
use super::lex::{Lexer, Token, TokenKind};
use super::place::Place;
use super::{Grammar, Rule, bracket, error};

/// At most so many missing `}` are told.
const MISSING: usize = 8;

/// A text with a `}` in each place where one is missing, instead of a space so that all else stays where it is; and an error
/// for each. None if nothing is missing, or if the parser does not come as far as there.
pub(super) fn closed(place: Place, text: &str) -> Option<(String, Vec<Diagnostic>)> {
    let (mut closed, mut told) = (text.to_owned(), Vec::new());
    while told.len() < MISSING
        && let Err(error) = Grammar::parse(Rule::file, &closed)
    {
        let scan = bracket::scan(&closed);
        let is_only_braces =
            scan.string.is_none() && !scan.open.is_empty() && scan.open.iter().all(|bracket| bracket.sign == '{');
        let found = bracket::unclosed(&closed).filter(|found| is_only_braces && stopped(&error) >= found.missing);
        let Some((found, space)) = found.and_then(|found| Some((found, space(&closed, found.missing)?))) else { break };
        told.push(error::not_closed_before(place, &closed, found));
        closed.replace_range(space, "}");
    }
    (!told.is_empty()).then_some((closed, told))
}

/// What a `}` that is missing before a byte can take the place of: the space behind the code before it, or nothing at the end.
fn space(text: &str, missing: usize) -> Option<Range<usize>> {
    if missing == text.len() {
        return Some(missing..missing);
    }
    let mut end = missing;
    loop {
        let before = text[..end].trim_end_matches([' ', '\t', '\r', '\n']);
        let is_comment = |token: &Token| matches!(token.kind, TokenKind::Comment | TokenKind::Doc | TokenKind::FileDoc);
        match Lexer::new(before).last().filter(is_comment) {
            Some(comment) => end = comment.start,
            None => return (before.len() < end).then(|| before.len()..before.len() + 1),
        }
    }
}

/// Parses each item by itself, and collects the trees and the errors.
pub(super) fn item_by_item(id: SourceId, text: &str) -> (Ast, Vec<Diagnostic>) {
    let mut ast = Ast::default();
    let mut diagnostics = Vec::new();
    for (start, end) in items(text) {
        let (place, part) = (Place { source: id, offset: start }, &text[start..end]);
        match parsed(place, part) {
            Ok(more) => join(&mut ast, more),
            Err(wrong) => match member_by_member(place, part) {
                Some((more, wrong)) => {
                    join(&mut ast, more);
                    diagnostics.extend(wrong);
                }
                None => {
                    diagnostics.extend(wrong);
                    let words = words(place, part);
                    // A `use` and an `enum` define all names that they list.
                    let is_list = words.first().is_some_and(|first| matches!(&*first.node, "use" | "enum"));
                    let count = if is_list { words.len() } else { 1 };
                    ast.lost_use |= words.len() == 1 && &*words[0].node == "use";
                    ast.broken.extend(words.into_iter().skip(1).take(count));
                }
            },
        }
    }
    (ast, diagnostics)
}

fn join(ast: &mut Ast, more: Ast) {
    ast.items.extend(more.items);
    if ast.doc.is_empty() {
        ast.doc = more.doc;
    }
}

fn parsed(place: Place, text: &str) -> Result<Ast, Vec<Diagnostic>> {
    match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) => build::file(place, pairs.next().expect("`file` makes one pair")),
        Err(error) => Err(vec![error::syntax(place, Rule::file, text, &error)]),
    }
}

/// The members of a block or model that can be read, and the errors in the others. None if the block can't be read even
/// without members, or if no single member has an error.
fn member_by_member(place: Place, text: &str) -> Option<(Ast, Vec<Diagnostic>)> {
    let members = members(text);
    let without = |kept: &dyn Fn(usize) -> bool| {
        let mut left = text.to_owned();
        for (i, &(start, end)) in members.iter().enumerate() {
            if !kept(i) {
                left.replace_range(start..end, &blank(&text[start..end]));
            }
        }
        left
    };
    if members.is_empty() || parsed(place, &without(&|_| false)).is_err() {
        return None;
    }
    let mut wrong: Vec<(usize, Vec<Diagnostic>)> = Vec::new();
    for (i, &(start, end)) in members.iter().enumerate() {
        let Err(mut told) = parsed(place, &without(&|other| other == i)) else { continue };
        let is_inside = |told: &[Diagnostic]| told.iter().any(|told| (told.span().start as usize) < place.offset + end);
        // A member that ends too early is an error only because of what follows it.
        if !is_inside(&told) {
            told = parsed(place, &without(&|other| other == i || other == i + 1)).err().unwrap_or(told);
        }
        // Without this an open bracket in a member would be reported as one of the block around it.
        let open = bracket::scan(&text[start..end]).open.last().copied().filter(|_| {
            told.iter().all(|told| {
                (told.span().start as usize) < place.offset + start || !is_inside(std::slice::from_ref(told))
            })
        });
        let open = open.map(|bracket| error::not_closed(place, start + bracket.at, bracket.sign));
        wrong.push((i, open.map_or(told, |told| vec![told])));
    }
    let is_right = |i: usize| wrong.iter().all(|(other, _)| *other != i);
    let mut ast = parsed(place, &without(&is_right)).ok().filter(|_| !wrong.is_empty())?;
    for item in &mut ast.items {
        if let ItemKind::Block(def) = &mut item.kind {
            Arc::make_mut(def).is_partial = true;
        }
    }
    Some((ast, wrong.into_iter().flat_map(|(_, told)| told).collect()))
}

/// As many spaces as the text has bytes; line breaks stay.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// Where the members of a block begin and end. A member begins at a line that begins with the word of one and is
/// indented no further than the first member. The last one ends where the block ends.
fn members(text: &str) -> Vec<(usize, usize)> {
    let (mut starts, mut indent, mut at, mut after_ahead) = (Vec::new(), None, 0, false);
    for line in text.split_inclusive('\n') {
        let first = Lexer::new(line).find(|token| token.kind != TokenKind::Space);
        let own = first.map_or(0, |token| token.start);
        let is_ahead = first.is_some_and(|token| is_ahead(token, line));
        let begins = |word: Keyword| word.begins(Begins::Member) || word.begins(Begins::Ahead);
        let is_member = first.is_some_and(|token| keyword(token, line).is_some_and(begins));
        if own > 0 && (is_ahead || is_member) && own <= *indent.get_or_insert(own) {
            if !after_ahead {
                starts.push(at);
            }
            after_ahead = is_ahead;
        }
        at += line.len();
    }
    let end = text.rfind('}').unwrap_or(text.len());
    let ends = starts.iter().copied().skip(1).chain([end]);
    let members = starts.iter().copied().zip(ends).filter(|(start, end)| start < end).collect();
    joined(text, members)
}

/// The members, where a `let` that stands in a body at the column of a member belongs to the member of that body.
fn joined(text: &str, members: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let is_let = |(start, _): &(usize, usize)| text[*start..].trim_start().starts_with("let ");
    let is_closed = |start: usize, end: usize| bracket::scan(&text[start..end]).open.is_empty();
    let mut left = members.as_slice();
    let mut joined = Vec::new();
    while let Some((&(start, end), more)) = left.split_first() {
        let lets = if is_closed(start, end) { 0 } else { more.iter().take_while(|member| is_let(member)).count() };
        let closing = (0..lets).find(|last| is_closed(start, more[*last].1));
        joined.push((start, closing.map_or(end, |last| more[last].1)));
        left = &more[closing.map_or(0, |last| last + 1)..];
    }
    joined
}

/// Whether a token begins a line that belongs to the item or member after it: a doc comment or an `allow`.
fn is_ahead(token: Token, text: &str) -> bool {
    token.kind == TokenKind::Doc || (token.kind == TokenKind::Word && token.of(text) == "allow")
}

/// The keyword that a token is.
fn keyword(token: Token, text: &str) -> Option<Keyword> {
    Keyword::named(token.of(text)).filter(|_| token.kind == TokenKind::Word)
}

/// The words of an item: first its keyword, then its name.
fn words(place: Place, text: &str) -> Vec<Spanned<Arc<str>>> {
    let words = Lexer::new(text).filter(|token| token.kind == TokenKind::Word && token.of(text) != "allow");
    words.map(|word| Spanned::new(Arc::from(word.of(text)), place.span(word.start, word.end))).collect()
}

/// Where items begin and end. An item begins at a line that is not indented and begins with a word. If a bracket is
/// still open there, the word must be one that begins only items, or `fn` or `let` after an indented line or the end of
/// a body.
fn items(text: &str) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    let (mut at, mut start) = (0, 0);
    let (mut after_ahead, mut after_indent) = (false, false);
    // A text of several lines between `"""`, as Python has it, is no item.
    let mut is_prose = false;
    for line in text.split_inclusive('\n') {
        let was_prose = is_prose;
        is_prose ^= line.matches("\"\"\"").count() % 2 == 1;
        let first = Lexer::new(line).next().filter(|_| !was_prose);
        let is_ahead = first.is_some_and(|token| is_ahead(token, line));
        let word = first.and_then(|token| keyword(token, line)).filter(|word| word.begins(Begins::Item));
        let is_word = first.is_some_and(|token| token.kind == TokenKind::Word);
        let begins = match word {
            Some(word) if !word.begins(Begins::Member) || after_indent => true,
            Some(_) | None => (is_ahead || is_word) && bracket::scan(&text[start..at]).open.is_empty(),
        };
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
