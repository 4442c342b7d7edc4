//! What is probably meant by a text with a syntax error, where the mistake is a common one.
//!
//! In: what stands at the error and around it, and the rules that would fit there. Out: how it is written here, and what to
//! put in its place where that is sure.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::Rule;
use super::elsewhere;
use super::foreign::{COMMENT, foreign_word};
use super::keyword::{Begins, Keyword};
use super::lex::{Lexer, Token, TokenKind};
use super::section::Section;

/// How a string holds values.
const LETTER: &str = "every string can hold values, as in `\"block{i}\"`: leave the letter out";
/// How a value is taken apart.
const TAKEN: &str = "names that take a value apart stand in brackets, as in `let (a, b) = ..`";
/// How a choice is written.
const CONDITION: &str = "the condition comes first, as in `if condition { a } else { b }`";

/// A hint at what is probably meant, judged by what was found at a byte of a text and what stands around it.
pub(super) fn help(text: &str, at: usize, found: &str, bracket: Option<char>, error: &Error<Rule>) -> Option<String> {
    let before = &text[..at];
    let is_listed = || matches!(bracket, None | Some('{')) && is_listed(&text[at + found.len()..]);
    let is_value_of_block = || wants(error, Rule::member) && matches!(next_sign(&text[at + found.len()..]), ":" | "=");
    if let Some(help) = elsewhere::times(before, found) {
        return Some(help.to_owned());
    }
    if let Some(help) = elsewhere::head(before, found) {
        return Some(help);
    }
    let fixed = match found {
        "///" => "a doc comment stands before an item or a member; elsewhere write `//`",
        "//!" => "`//!` lines stand at the top of a file; elsewhere write `//`",
        "#" => "a comment begins with `//`",
        "/*" | "*/" => "a comment begins with `//` and ends with its line",
        "*" if before.ends_with('/') => "a comment begins with `//` and ends with its line",
        "else" if wants(error, Rule::body) => CONDITION,
        "if" if ends_value(before) && !before[before.trim_end().len()..].contains('\n') => CONDITION,
        "for" if matches!(bracket, Some('[' | '(')) => {
            "a `for` makes a list by itself, as in `for i in 0..3 { f(x, i) }`"
        }
        "(" if before.trim_end().ends_with("var") => {
            "`var` begins a value that changes; a variance is `mean((x - mean(x)) ^ 2)`"
        }
        "{" | "\"" | "(" if wants(error, Rule::ty) => {
            "a choice of words is an enum, as in `enum Mode { fast, slow }` and `param mode: Mode = fast`"
        }
        "(" if wants(error, Rule::equals) && line_begins(before, &["param"]) => {
            "the values that it may have stand after `in`, as in `param width: int in 1..=64 = 32`"
        }
        "[" if wants(error, Rule::equals) && line_begins(before, &["param"]) => {
            "what a type holds stands in `<..>`, as in `list<int>`"
        }
        _ if wants(error, Rule::equals)
            && line_begins(before.trim_end(), &["param"])
            && !line_begins(before, &["param"]) =>
        {
            "a `param` has a value, as in `param width: int in 1..=64 = 32`"
        }
        _ if wants(error, Rule::equals) && names_after(before, &["param"]) && is_beside(before, found) => {
            "the type of a `param` stands after a colon, as in `param width: int = 32`"
        }
        _ if is_value_of_block() && Section::of_setting(found).is_some() => return Section::of_setting(found),
        _ if is_value_of_block() => {
            "a value begins with `let`; one of a model that can be set from outside, with `param`"
        }
        "[" if wants(error, Rule::body) => "an element of a list of parts is named by its number, as in `nets.0`",
        ":" if bracket == Some('[') => "some of a list are `xs[1..3]`; of a tensor, `slice(x, axis, from, to)`",
        ":" if line_begins(before, &["def"]) => "a function begins with `fn` and its body stands in `{ .. }`",
        ":" if line_begins(before, &["if", "for", "while", "else", "elif", "class"]) => {
            "what belongs together stands in `{ .. }`, without `:` before it"
        }
        "." if before.ends_with("..") => "a range is `1..3` without its end, or `1..=3` with it",
        "\"" if wants(error, Rule::enum_case) => "cases are words without quotes, as in `enum Mode { fast, slow }`",
        "{" if wants(error, Rule::name) && ends_with(before, &["trains", "freezes"]) => {
            "it needs the parts, as in `objective NAME(image) trains PART { .. }`"
        }
        "=" if is_entry(before, bracket) => "an entry of a record is written with `:`, as in `{ map: x }`",
        "=" if wants(error, Rule::body) => "two values are compared by `==`",
        _ if matches!(bracket, Some('[' | '(')) && is_beside(before, found) => {
            "what stands in brackets is parted by commas"
        }
        "=" if before.ends_with("==") => "two values are compared by `==`",
        "=" if before.ends_with("!=") => "two values are compared by `!=`",
        "\"" if ends_with_prefix(before) => LETTER,
        "@" => "a product of matrices is `matmul(a, b)`; `@ \"..\"` after a layer names its weights",
        ";" => "statements need no `;`: leave it out",
        "," if wants(error, Rule::equals) && names_after(before, &["let", "var"]) => TAKEN,
        "," if takes_apart(before, &text[at..]) => TAKEN,
        "[" if wants(error, Rule::pattern) && line_begins(before, &["let"]) => TAKEN,
        "(" if names_after(before, &["model"]) => "a base stands after `from`, as in `model M from Base { .. }`",
        "(" if names_after(before, &["block"]) => {
            "parameters are names, as in `block Net(width: int) { .. }`; a base stands after `from`, as in `block Net from Base`"
        }
        ":" if wants(error, Rule::equals) && names_after(before, &["let", "var"]) => {
            "a `let` states no type: its value says what it is, as in `let n = 3`"
        }
        ":" if wants(error, Rule::body) => {
            "the type of a result stands after `->`, as in `fn f(x) -> [B, C, H, W] { .. }`"
        }
        "|" if is_pipe(before, &text[at + 1..]) => "a value goes into the next function by `|>`, as in `x |> relu`",
        ">" if before.ends_with('-') => "a value goes into the next function by `|>`, as in `x |> relu`",
        "?" => "as in `if condition { a } else { b }`; by the numbers of a tensor, `where(condition, a, b)` chooses",
        "," if is_listed() && line_has(before, "=") => "several values stand in brackets, as in `[3, 4]`",
        "," if is_listed() => "several results stand in brackets, as in `(a, b)`",
        "," if matches!(bracket, None | Some('{')) => {
            "nothing stands between statements, members and settings: leave the `,` out"
        }
        ":" if bracket == Some('{') && before.trim_end().ends_with('"') => {
            "the names in a record have no quotes, as in `{ map: x }`"
        }
        "&&" | "&" => "write `and`",
        "||" => "write `or`",
        "!" | "~" => "write `not`",
        "*" if before.ends_with('*') => "a power is written `a ^ b`",
        "'" if text[at..].starts_with("'''") => COMMENT,
        "\"" if text[at..].starts_with("\"\"\"") => COMMENT,
        "'" => "strings stand in double quotes: `\"..\"`",
        "==" => "a value is given with a single `=`",
        "=" if before.ends_with(['+', '-', '*', '/']) => "write it out, as in `x = x + 1`",
        "=" if bracket == Some('(') => "an argument is given by name with `:`, as in `axis: 1`",
        ":" if wants(error, Rule::equals) => "the value comes after `=`",
        "." if before.ends_with(|c: char| c.is_whitespace() || "([{=+-*/".contains(c)) => {
            "a float begins with a digit, as in `0.5`"
        }
        "(" | "[" => "the bracket of a call or an index comes directly after the name",
        _ if before.trim_end().ends_with('@')
            && is_letter_of_string(found)
            && text[at + found.len()..].starts_with('"') =>
        {
            LETTER
        }
        _ if before.trim_end().ends_with('@') => {
            "weights are named by a string, as in `@ \"conv1\"`; a product of matrices is `matmul(a, b)`"
        }
        _ if begins_only_items(found) && !wants(error, Rule::name) && bracket == Some('{') => {
            "this belongs outside of the model or block"
        }
        _ if begins_only_members(found) && bracket.is_none() && is_first(before) => {
            "this belongs into a model or block, as in `model M { .. }`"
        }
        _ if found.starts_with(|c: char| c.is_ascii_digit()) && found.contains(char::is_alphabetic) => {
            "no letters can follow a number"
        }
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    // In Python, the names of other files are brought by either word.
    let word = if found == "from" && !wants(error, Rule::name) { "import" } else { found };
    if let Some(known) = foreign_word(word).filter(|_| !wants(error, Rule::equals)) {
        return Some(known.help.to_owned());
    }
    if Keyword::named(found).is_some() && (wants(error, Rule::name) || wants(error, Rule::pattern)) {
        return Some(format!("`{found}` has a meaning of its own and can't be a name"));
    }
    if wants(error, Rule::k_trains) {
        return Some("as in `objective NAME(image) trains PART { .. }`".to_owned());
    }
    if wants(error, Rule::k_held_out) {
        return Some(
            "a fit sees all training images, or with `from held_out` those that `data { hold_out = 0.2 }` holds out; test \
             images it never sees"
                .to_owned(),
        );
    }
    if wants(error, Rule::reason) || wants(error, Rule::warning) {
        return Some("as in `allow unused-part \"kept for the ablation of Table 7\"`".to_owned());
    }
    if wants(error, Rule::use_names) {
        return Some("as in `use std::diffusion::{q_sample}`".to_owned());
    }
    None
}

/// What is to stand in the place of what was found, where that is sure, and the byte from which on it does.
pub(super) fn replacement(text: &str, at: usize, found: &str, bracket: Option<char>) -> Option<(usize, &'static str)> {
    let (before, after) = (&text[..at], &text[at + found.len()..]);
    let named = || before.trim_end().len();
    match found {
        "///" | "//!" => Some((at, "//")),
        "#" => Some((at, "//")),
        ";" => Some((at, "")),
        "," if matches!(bracket, None | Some('{'))
            && !names_after(before, &["let", "var"])
            && !is_listed(after)
            && !takes_apart(before, &text[at..]) =>
        {
            Some((at, ""))
        }
        "&&" => Some((at, "and")),
        "||" => Some((at, "or")),
        "!" => Some((at, "not ")),
        "*" if before.ends_with('*') => Some((at - 1, "^")),
        "==" => Some((at, "=")),
        "=" if bracket == Some('(') && !before.ends_with(['+', '-', '*', '/']) || is_entry(before, bracket) => {
            Some((named(), ":"))
        }
        "." if before.ends_with(|c: char| c.is_whitespace() || "([{=+-*/".contains(c)) => Some((at, "0.")),
        _ => None,
    }
}

/// Whether the line in which a text ends begins with one of these words.
pub(super) fn line_begins(before: &str, words: &[&str]) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    Lexer::new(line.trim_start()).next().is_some_and(|token| words.contains(&token.of(line.trim_start())))
}

/// Whether the last word of a text is one of these.
fn ends_with(before: &str, words: &[&str]) -> bool {
    let last = Lexer::new(before).filter(|token| token.is_meaningful()).last();
    last.is_some_and(|token| words.contains(&token.of(before)))
}

/// Whether a value begins where another one ends, past a space.
fn is_beside(before: &str, found: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '"';
    ends_value(before)
        && before.ends_with(char::is_whitespace)
        && found.starts_with(begins)
        && Keyword::named(found).is_none_or(|keyword| !keyword.is_reserved)
}

/// Whether a value ends where a text ends.
fn ends_value(before: &str) -> bool {
    let last = Lexer::new(before).filter(|token| token.is_meaningful()).last();
    last.is_some_and(|token| {
        let is_value =
            matches!(token.kind, TokenKind::Word | TokenKind::Number | TokenKind::EndQuote | TokenKind::Close);
        is_value && Keyword::named(token.of(before)).is_none_or(|keyword| !keyword.is_reserved)
    })
}

/// Whether a line goes on with a further value, which is no setting of its own.
fn is_listed(after: &str) -> bool {
    let line = after.lines().next().unwrap_or_default();
    let tokens: Vec<Token> = Lexer::new(line).filter(|token| token.is_meaningful()).collect();
    let Some(first) = tokens.first() else { return false };
    let is_value = matches!(first.kind, TokenKind::Word | TokenKind::Number | TokenKind::Quote | TokenKind::Open);
    let is_named = tokens.get(1).is_some_and(|second| matches!(second.of(line), "=" | ":"));
    is_value && !is_named && Keyword::named(first.of(line)).is_none()
}

/// Whether the line in which a text ends has a sign in it.
fn line_has(before: &str, sign: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    Lexer::new(line).any(|token| token.of(line) == sign)
}

/// The sign with which a text begins; nothing if it begins with something else.
fn next_sign(text: &str) -> &str {
    let first = Lexer::new(text).find(|token| token.is_meaningful());
    first.filter(|token| token.kind == TokenKind::Sign).map_or("", |token| token.of(text))
}

/// Whether a text ends with a letter that stands before a string in Python.
fn ends_with_prefix(before: &str) -> bool {
    let last = Lexer::new(before).last();
    last.is_some_and(|token| is_letter_of_string(token.of(before)))
}

/// Whether a word stands before a string in Python.
fn is_letter_of_string(word: &str) -> bool {
    matches!(word, "f" | "r" | "b" | "u" | "rf" | "fr")
}

/// Whether a text ends with the name of an entry, after a `{` or another entry.
fn is_entry(before: &str, bracket: Option<char>) -> bool {
    let tokens: Vec<Token> = Lexer::new(before).filter(|token| token.is_meaningful()).collect();
    let [.., sign, name] = tokens.as_slice() else { return false };
    let is_name = name.kind == TokenKind::Word && Keyword::named(name.of(before)).is_none();
    is_name && bracket == Some('{') && matches!(sign.of(before), "{" | ",")
}

/// Whether a line goes on with names that a value is taken apart into, as in `h, w = shape(x)` from the comma on.
fn takes_apart(before: &str, after: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let are_names = |text: &str| {
        let mut tokens = Lexer::new(text).filter(|token| token.is_meaningful());
        tokens.all(|token| token.kind == TokenKind::Word || token.of(text) == ",")
    };
    let names = after.lines().next().and_then(|line| line.split_once('=')).map_or("", |(names, _)| names);
    !line.trim().is_empty() && !names.is_empty() && are_names(line) && are_names(names)
}

/// Whether what stands around a `|` is a value and the name of what it goes into.
fn is_pipe(before: &str, after: &str) -> bool {
    let line = after.lines().next().unwrap_or_default();
    let is_name =
        Lexer::new(line).find(|token| token.is_meaningful()).is_some_and(|token| token.kind == TokenKind::Word);
    ends_value(before) && is_name && !line.contains('|') && !line_has(before, "|")
}

/// Whether nothing stands before this place in its line.
fn is_first(before: &str) -> bool {
    before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty())
}

/// Whether a text ends with one of these words and a name after it.
fn names_after(before: &str, words: &[&str]) -> bool {
    let tokens: Vec<Token> = Lexer::new(before).filter(|token| token.is_meaningful()).collect();
    matches!(tokens.as_slice(), [.., word, name] if words.contains(&word.of(before)) && name.kind == TokenKind::Word)
}

/// The byte at which the parser stopped.
pub(super) fn stopped(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

pub(super) fn wants(error: &Error<Rule>, rule: Rule) -> bool {
    matches!(&error.variant, ErrorVariant::ParsingError { positives, .. } if positives.contains(&rule))
}

fn begins_only_members(word: &str) -> bool {
    Keyword::named(word).is_some_and(|word| word.begins(Begins::Member) && !word.begins(Begins::Item))
}

fn begins_only_items(word: &str) -> bool {
    Keyword::named(word).is_some_and(|word| word.begins(Begins::Item) && !word.begins(Begins::Member))
}
