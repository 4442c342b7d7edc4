//! Comments that would be the second half of a division in a language that divides with `//`, as in `let h = n // 2`.
//!
//! In: the text of a file. Out: the places of such comments. A comment counts if a value stands before it on its line and
//! if it holds nothing but a calculation: numbers, or names of the file where no more than a space stands before it.

use std::collections::HashSet;

use diadc_core::span::{SourceId, Span};

use super::keyword::Keyword;
use super::lex::{Lexer, Token, TokenKind};

/// The comments of a text that read like divisions.
#[must_use]
pub fn divisions(source: SourceId, text: &str) -> Vec<Span> {
    let tokens: Vec<Token> = Lexer::new(text).collect();
    let names: HashSet<&str> =
        tokens.iter().filter(|token| token.kind == TokenKind::Word).map(|token| token.of(text)).collect();
    let at = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    let is_one = |i: usize| {
        let comment = tokens[i];
        let is_space = |token: &Token| token.kind == TokenKind::Space;
        let gap = i.checked_sub(1).map(|before| tokens[before]).filter(is_space).map_or("", |gap| gap.of(text));
        let before = i.checked_sub(1 + usize::from(!gap.is_empty())).map(|before| tokens[before]);
        comment.kind == TokenKind::Comment
            && !gap.contains('\n')
            && before.is_some_and(|token| is_value(token, text))
            && is_calculation(&comment.of(text)[2..], &names, gap.len() < 2)
    };
    let found = (0..tokens.len()).filter(|i| is_one(*i)).map(|i| tokens[i]);
    found.map(|token| Span { source, start: at(token.start), end: at(token.end) }).collect()
}

/// Whether the comment that stands last before a byte hides the end of a bracket, as in `[B, H // 2, W]`.
pub(super) fn hides_bracket(before: &str) -> bool {
    let tokens: Vec<Token> = Lexer::new(before).collect();
    let Some(i) = tokens.iter().rposition(|token| token.kind == TokenKind::Comment) else { return false };
    let ahead = tokens[..i].iter().rev().find(|token| token.kind != TokenKind::Space);
    let mut depth = 0_i32;
    let hides = Lexer::new(&tokens[i].of(before)[2..]).any(|token| {
        depth += match token.kind {
            TokenKind::Open => 1,
            TokenKind::Close => -1,
            _ => 0,
        };
        depth < 0
    });
    hides && ahead.is_some_and(|token| is_value(*token, before))
}

/// Whether a value can end with a token.
fn is_value(token: Token, text: &str) -> bool {
    let word = token.of(text);
    match token.kind {
        TokenKind::Number => true,
        TokenKind::Word => Keyword::named(word).is_none(),
        TokenKind::Close => word != "}",
        TokenKind::Space
        | TokenKind::Comment
        | TokenKind::Doc
        | TokenKind::FileDoc
        | TokenKind::Warning
        | TokenKind::Quote
        | TokenKind::Text
        | TokenKind::EndQuote
        | TokenKind::Open
        | TokenKind::Sign
        | TokenKind::Unknown => false,
    }
}

/// Whether the text of a comment is a calculation with numbers, and with names of the file if `names` may stand in it.
fn is_calculation(text: &str, known: &HashSet<&str>, names: bool) -> bool {
    let mut operand = false;
    for token in Lexer::new(text).filter(|token| token.kind != TokenKind::Space) {
        let word = token.of(text);
        let fits = match token.kind {
            // Two values beside each other are words of a sentence.
            TokenKind::Number => !std::mem::replace(&mut operand, true),
            TokenKind::Word => names && known.contains(word) && !std::mem::replace(&mut operand, true),
            TokenKind::Sign => {
                std::mem::replace(&mut operand, false) && matches!(word, "+" | "-" | "*" | "/" | "%" | "^" | ".")
            }
            TokenKind::Open => !operand && word == "(",
            TokenKind::Close => operand && word == ")",
            TokenKind::Space
            | TokenKind::Comment
            | TokenKind::Doc
            | TokenKind::FileDoc
            | TokenKind::Warning
            | TokenKind::Quote
            | TokenKind::Text
            | TokenKind::EndQuote
            | TokenKind::Unknown => false,
        };
        if !fits {
            return false;
        }
    }
    operand
}
