//! What is written otherwise in other texts: sizes and products with an `x`, and loops of another form.
//!
//! In: the text before a syntax error, and what stands there. Out: how it is written here.

use super::lex::{Lexer, Token, TokenKind};

/// How sizes and products are written.
const TIMES: &str = "two extents are parted by a comma, as in `[256, 256]`; a product is written `a * b`";
/// How a loop that runs is written.
const LOOP: &str = "as in `loop z = x over t in [3, 2, 1] { .. }`";

/// What to write in the place of an `x` that stands for a times sign: `256x256`, `256 x 256`
pub(super) fn times(before: &str, found: &str) -> Option<&'static str> {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_x = |text: &str| matches!(text, "x" | "X" | "\u{d7}");
    let tokens = meaningful(before);
    let is_one = match tokens.as_slice() {
        [.., number] if is_x(found) => number.kind == TokenKind::Number,
        [.., number, x] if are_digits(found) => number.kind == TokenKind::Number && is_x(x.of(before)),
        _ => found.split_once(['x', 'X']).is_some_and(|(a, b)| are_digits(a) && are_digits(b)),
    };
    is_one.then_some(TIMES)
}

/// How the head of a loop is written, if a text ends in one.
pub(super) fn head(before: &str, found: &str) -> Option<String> {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let words: Vec<&str> = meaningful(line).into_iter().map(|token| token.of(line)).collect();
    let begun = words.iter().rposition(|word| matches!(*word, "loop" | "for"))?;
    let has = |word: &str| words[begun..].contains(&word);
    if has("{") {
        return None;
    }
    Some(match (words[begun], found) {
        ("loop", "for") => format!("the steps of a `loop` come after `over`, {LOOP}"),
        ("loop", "in") if !has("over") => {
            format!(
                "a `loop` carries a value from step to step, {LOOP}; without one it is a `for`, as in `for t in ts {{ .. }}`"
            )
        }
        ("loop", "=") if has("over") => format!("the constants of the steps come after `in`, {LOOP}"),
        ("loop", "(") if words.len() == begun + 1 => {
            "several carried values stand side by side, as in `loop z = x, w = y over t in [3, 2, 1] { .. }`".to_owned()
        }
        ("loop", _) if words.last() == Some(&"over") => format!("the constant of each step has a name, {LOOP}"),
        ("loop", "{") if !has("over") => format!("a `loop` has a step for each of its constants, {LOOP}"),
        ("for", "over") => format!("a `for` goes through a list with `in`; a value is carried by a `loop`, {LOOP}"),
        ("for", "=") if !has("in") => format!("as in `for x in xs {{ .. }}`; a value is carried by a `loop`, {LOOP}"),
        _ => return None,
    })
}

fn meaningful(text: &str) -> Vec<Token> {
    Lexer::new(text).filter(|token| token.is_meaningful()).collect()
}
