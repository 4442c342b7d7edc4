//! Words that were meant as keywords: those misspelt by a letter, as in `fro x in xs { .. }` and `if c { a } esle { b }`,
//! and those of other languages.
//!
//! In: a text that does not parse, and how far the parser came. Out: the word. It is read as a name, so the parser stops
//! only at what follows it; with the keyword in its place it comes further.

use pest::Parser;
use pest::error::ErrorVariant;

use crate::diagnostic::{Diagnostic, Fix, is_misspelt};

use super::foreign::foreign_word;
use super::hint::stopped;
use super::keyword::Keyword;
use super::lex::{Lexer, Token, TokenKind};
use super::{Grammar, Rule};

/// At most this many keywords are tried, those for words next to the error first.
const TRIED: usize = 8;

/// A word that was meant as a keyword.
pub(super) struct Misspelt<'a> {
    /// The byte at which it begins.
    pub(super) start: usize,
    pub(super) word: &'a str,
    keyword: &'static str,
    /// What to write, if it is a word of another language.
    help: Option<&'static str>,
}

/// The misspelt keyword that made the parser of a rule stop at byte `at` of a text; it stands there or earlier.
pub(super) fn misspelt(rule: Rule, text: &str, at: usize) -> Option<Misspelt<'_>> {
    let is_word = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::Unknown);
    let words: Vec<Token> = Lexer::new(text).take_while(|token| token.start <= at).filter(is_word).collect();
    // A keyword at the byte itself must fit what follows it as well.
    let mut further = Lexer::new(text).filter(|token| token.is_meaningful() && token.start > at);
    let next = further.next().map_or(text.len(), |token| token.start);
    let meant = words.iter().rev().flat_map(|token| meant(token.start, token.of(text)));
    meant.take(TRIED).find(|meant| {
        let stopped = if meant.start == at { next } else { at };
        meant.reach(rule, text).is_none_or(|reach| reach > stopped)
    })
}

/// What a word may have been meant as: the keyword of a word of another language, or those from which it differs by one
/// letter. Of these the long ones come first, since more words lie near to a short one.
fn meant(start: usize, word: &str) -> impl Iterator<Item = Misspelt<'_>> {
    let known = foreign_word(word)
        .and_then(|known| Some(Misspelt { start, word, keyword: known.keyword?, help: Some(known.help) }));
    let is_name = word.len() > 1 && known.is_none() && Keyword::named(word).is_none();
    let near = Keyword::all().filter(|keyword| is_name && is_misspelt(word, keyword.word));
    let mut near: Vec<&str> = near.map(|keyword| keyword.word).collect();
    near.sort_by_key(|keyword| (keyword.chars().next() != word.chars().next(), keyword.len() < 3));
    known.into_iter().chain(near.into_iter().map(move |keyword| Misspelt { start, word, keyword, help: None }))
}

impl Misspelt<'_> {
    /// The diagnostic with what was meant.
    pub(super) fn tell(&self, diagnostic: Diagnostic) -> Diagnostic {
        let Some(help) = self.help else { return diagnostic.did_you_mean(Some(self.keyword)) };
        let fix = Fix::write(self.keyword, diagnostic.span());
        diagnostic.help(help).fix(fix)
    }

    /// The byte of the unchanged text that the parser reaches with the keyword in the place of the word; none if it reads all.
    fn reach(&self, rule: Rule, text: &str) -> Option<usize> {
        let end = self.start + self.word.len();
        let mended = format!("{}{}{}", &text[..self.start], self.keyword, &text[end..]);
        let error = Grammar::parse(rule, &mended).err()?;
        let reach = stopped(&error);
        // An error of another kind is that the parser gave up.
        let gave_up = matches!(error.variant, ErrorVariant::CustomError { .. });
        let is_nearer = gave_up || reach <= self.start;
        Some(if is_nearer { 0 } else { (reach + self.word.len()).saturating_sub(self.keyword.len()) })
    }
}
