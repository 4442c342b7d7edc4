//! Syntax errors as diagnostics in plain words.
//!
//! In: the error of pest, which knows a place and the rules that would fit there. Out: what was found, what was
//! expected, and a hint where the mistake is a common one. No name of a rule reaches a user.

use std::borrow::Cow;

use pest::error::{Error, ErrorVariant};

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix, nearest};

use super::Rule;
use super::bracket::{Scan, Unclosed, scan};
use super::division::hides_bracket;
use super::elsewhere;
use super::foreign::{COMMENT, foreign_word};
use super::hint::{help, line_begins, replacement, stopped, wants};
use super::keyword::{Begins, Keyword};
use super::lex::{Bracket, Lexer, Token, TokenKind};
use super::lookalike;
use super::misspelt::misspelt;
use super::place::Place;

/// What to do about a bracket that a comment hides.
const DIVISION: &str = "`//` begins a comment, which hides a bracket; a quotient that is rounded down is `div(a, b)`";

/// What other programs call the members of a model.
const SECTIONS: &[(&str, &str)] = &[
    ("train", "training"),
    ("trainer", "training"),
    ("loss", "objective"),
    ("evaluate", "measure"),
    ("eval", "measure"),
    ("metrics", "measure"),
    ("dataset", "data"),
    ("layer", "part"),
    ("network", "part"),
];

/// What pest found wrong where it parsed a rule, as a diagnostic at its place.
pub(super) fn syntax(place: Place, rule: Rule, text: &str, error: &Error<Rule>) -> Diagnostic {
    let at = stopped(error);
    if let ErrorVariant::CustomError { .. } = &error.variant {
        return too_nested(place, 0);
    }
    let found = found(&text[at..]);
    let span = place.span(at, at + found.len());
    let before = scan(&text[..at]);
    if let Some(diagnostic) = look_alike(&text[..at], found, span).filter(|_| before.string.is_none()) {
        return diagnostic;
    }
    if let Some(diagnostic) = unbalanced(place, text, at, &before) {
        return if hides_bracket(&text[..at]) { diagnostic.help(DIVISION) } else { diagnostic };
    }
    let meant = misspelt(rule, text, at);
    if let Some(meant) = meant.as_ref().filter(|meant| meant.start < at) {
        let headline = format!("`{}` is not expected here", meant.word);
        let span = place.span(meant.start, meant.start + meant.word.len());
        return meant.tell(Diagnostic::new(Code::Syntax, headline, span));
    }
    if let Some(diagnostic) = foreign_before(place, text, at, before.open.last().map(|bracket| bracket.at)) {
        return diagnostic;
    }
    let wanted = expected(error);
    let headline = match (wanted.as_slice(), found.is_empty()) {
        ([], true) => "the text ends too early".to_owned(),
        ([], false) => format!("`{found}` is not expected here"),
        (wanted, true) => format!("expected {}, but the text ends", list(wanted)),
        (wanted, false) => format!("expected {}, found `{found}`", list(wanted)),
    };
    let bracket = before.innermost();
    let diagnostic = Diagnostic::new(Code::Syntax, headline, span);
    if let Some(meant) = meant {
        return meant.tell(diagnostic);
    }
    if let Some(diagnostic) = decimal_comma(place, text, at).filter(|_| matches!(bracket, None | Some('{'))) {
        return diagnostic;
    }
    if wants(error, Rule::params) && lacks_bracket(&text[at..]) {
        return not_closed(place, at, '(').help("`)` is missing behind the parameters");
    }
    if hides_bracket(&text[..at]) {
        return diagnostic.help(DIVISION);
    }
    match help(text, at, found, bracket, error) {
        None => diagnostic.did_you_mean(nearest_keyword(found, error)),
        Some(help) => {
            let fix = replacement(text, at, found, bracket).map(|(start, new)| {
                let span = place.span(start, at + found.len());
                if new.is_empty() { Fix::leave_out(span) } else { Fix::write(new, span) }
            });
            fix.into_iter().fold(diagnostic.help(help), Diagnostic::fix)
        }
    }
}

/// Too many brackets within brackets, at a byte.
pub(super) fn too_nested(place: Place, at: usize) -> Diagnostic {
    Diagnostic::new(Code::TooNested, "this is nested too deeply to be read", place.span(at, at + 1))
        .help("give inner parts a name, with `let` or as a function")
}

/// A bracket, at a byte, that nothing closes.
pub(super) fn not_closed(place: Place, at: usize, bracket: char) -> Diagnostic {
    Diagnostic::new(Code::Syntax, format!("a `{bracket}` is not closed"), place.span(at, at + 1)).here("opened here")
}

/// A `{` that is not closed, with the place before which its `}` is missing.
pub(super) fn not_closed_before(place: Place, text: &str, found: Unclosed) -> Diagnostic {
    let diagnostic = not_closed(place, found.at, '{');
    let rest = &text[found.missing..];
    let start = found.missing + (rest.len() - rest.trim_start().len());
    let diagnostic = if start < text.len() {
        diagnostic.also(place.span(start, start + 1), "its `}` is missing before this")
    } else {
        diagnostic.also(place.span(text.len(), text.len()), "the text ends here")
    };
    if hides_bracket(&text[..found.missing]) { diagnostic.help(DIVISION) } else { diagnostic }
}

/// An operator that can't follow the operators before it, such as the second one of `a < b < c`.
pub(super) fn misplaced_operator(operator: &str, span: Span) -> Diagnostic {
    let help = match operator {
        "not" => "put it and what it negates in brackets, as in `a == (not b)`",
        ".." | "..=" => "a range has one beginning and one end",
        _ => "join comparisons with `and`, as in `a < b and b < c`",
    };
    Diagnostic::new(Code::Syntax, format!("`{operator}` is not expected here"), span).help(help)
}

/// An `allow` with an empty reason.
pub(super) fn no_reason(code: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::NoReason, format!("nothing says why `{code}` is no mistake here"), span)
        .help("write the reason between the quotes")
}

/// An `ignores` with an empty reason.
pub(super) fn no_reason_to_ignore(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NoReason, "nothing says why these weights are not needed", span)
        .help("write the reason between the last quotes")
}

/// A character that looks like a sign of the language, or like nothing.
fn look_alike(before: &str, found: &str, span: Span) -> Option<Diagnostic> {
    let c = found.chars().next()?;
    let meant = lookalike::meant(c)?;
    let code = u32::from(c);
    if lookalike::is_unseen(c) {
        let headline = format!("a character that is not seen (U+{code:04X}) is not expected here");
        let diagnostic = Diagnostic::new(Code::Syntax, headline, span);
        return Some(if meant.is_empty() {
            diagnostic.help("leave it out").fix(Fix::leave_out(span))
        } else {
            diagnostic.help("write a plain space").fix(Fix::write(meant, span))
        });
    }
    let headline = format!("`{c}` (U+{code:04X}) is not expected here");
    // A `let` has a product; elsewhere it may be a size.
    if let Some(help) = elsewhere::times(before, found).filter(|_| !line_begins(before, &["let", "var"])) {
        return Some(Diagnostic::new(Code::Syntax, headline, span).help(help));
    }
    Some(Diagnostic::new(Code::Syntax, headline, span).help(format!("write `{meant}`")).fix(Fix::write(meant, span)))
}

/// A string or bracket that is not closed, or one that is closed but was never opened.
fn unbalanced(place: Place, text: &str, at: usize, before: &Scan) -> Option<Diagnostic> {
    if let Some(start) = before.string {
        let unclosed = Diagnostic::new(Code::Syntax, "a string is not closed", place.span(start, at));
        let is_text = text[..start].ends_with("\"\"");
        let help = "a string ends with `\"` on the line on which it begins; `{..}` in it holds a value";
        return Some(unclosed.help(if is_text { COMMENT } else { help }));
    }
    let found = found(&text[at..]);
    let closes = match found {
        "}" => Some('{'),
        ")" => Some('('),
        "]" => Some('['),
        _ => None,
    };
    match (before.open.last(), closes) {
        (Some(&Bracket { at: opened, sign: bracket, .. }), Some(closes)) if bracket != closes => {
            let text = format!("this can't close the `{bracket}`");
            Some(not_closed(place, opened, bracket).also(place.span(at, at + 1), text))
        }
        (Some(&Bracket { at: opened, sign: bracket, .. }), None) if found.is_empty() => {
            Some(not_closed(place, opened, bracket).also(place.span(at, at), "the text ends here"))
        }
        (None, Some(_)) => {
            let span = place.span(at, at + 1);
            Some(
                Diagnostic::new(Code::Syntax, format!("this `{found}` closes nothing"), span)
                    .help("leave it out")
                    .fix(Fix::leave_out(span)),
            )
        }
        _ => None,
    }
}

/// A number whose decimal sign is the comma at a byte, as in `1,5`.
fn decimal_comma(place: Place, text: &str, at: usize) -> Option<Diagnostic> {
    let is_whole = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let before = Lexer::new(&text[..at]).last().filter(|token| token.kind == TokenKind::Number)?;
    let whole = before.of(text);
    let rest = text[at..].strip_prefix(',')?;
    let part = Lexer::new(rest).next()?.of(rest);
    if !is_whole(whole) || !is_whole(part) || text[..before.start].ends_with('.') {
        return None;
    }
    let number = format!("{whole}.{part}");
    let headline = format!("`{whole},{part}` is no number");
    let span = place.span(before.start, at + 1 + part.len());
    let help = format!("the decimal sign is a point: write `{number}`");
    Some(Diagnostic::new(Code::Syntax, headline, span).help(help).fix(Fix::write(number, span)))
}

/// Whether a text begins with a `(` that is still open where a `{` follows.
fn lacks_bracket(text: &str) -> bool {
    let mut open = 0;
    for token in Lexer::new(text) {
        match token.of(text) {
            "{" => return open > 0,
            "(" => open += 1,
            ")" => open -= 1,
            _ => {}
        }
        if open == 0 {
            return false;
        }
    }
    false
}

/// A word of another language that begins the line of the bracket in which the error lies, as in `while x < 3 { .. }`, or
/// what stands before the error, as in `with f():` and `lambda a, b: a`.
fn foreign_before(place: Place, text: &str, at: usize, bracket: Option<usize>) -> Option<Diagnostic> {
    let head = bracket.and_then(|bracket| first_word(text, bracket));
    let own = || first_word(text, at).filter(|first| is_statement(&text[first.end..], at - first.end));
    let mut names = Lexer::new(&text[..at]).filter(|token| token.is_meaningful()).collect::<Vec<_>>().into_iter().rev();
    let is_name =
        |token: &Token| token.of(text) != "lambda" && (token.kind == TokenKind::Word || token.of(text) == ",");
    // It may be a name as well, as in `a + lambda`.
    let begins = text[at..].starts_with(|c: char| c == ':' || c == '=' || c.is_alphabetic());
    let lambda = || names.find(|token| !is_name(token)).filter(|token| begins && token.of(text) == "lambda");
    let is_foreign = |token: &Token| foreign_word(token.of(text)).is_some();
    let word = head.filter(is_foreign).or_else(lambda).or_else(|| own().filter(is_foreign))?;
    let (name, span) = (word.of(text), place.span(word.start, word.end));
    let help = foreign_word(name)?.help;
    Some(Diagnostic::new(Code::Syntax, format!("`{name}` is not expected here"), span).help(help))
}

/// The first word or sign of the line in which a byte lies, if it stands before it.
fn first_word(text: &str, at: usize) -> Option<Token> {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let first = Lexer::new(&text[line..at]).find(|token| token.is_meaningful())?;
    Some(Token { start: line + first.start, end: line + first.end, ..first })
}

/// Whether what follows a word makes it a statement of another language: a value beside it, or a `:` where the error is.
fn is_statement(after: &str, error: usize) -> bool {
    let next = Lexer::new(after).find(|token| token.is_meaningful());
    let is_value = |kind| matches!(kind, TokenKind::Word | TokenKind::Number | TokenKind::Quote);
    after[error..].starts_with(':') || next.is_some_and(|token| token.start > 0 && is_value(token.kind))
}

/// The word or sign that stands there.
fn found(rest: &str) -> &str {
    let Some(token) = Lexer::new(rest).next() else { return "" };
    let length = match token.kind {
        TokenKind::Space => rest.chars().next().map_or(0, char::len_utf8),
        TokenKind::Comment => 2,
        TokenKind::Doc | TokenKind::FileDoc => 3,
        TokenKind::Sign if rest.starts_with("||") => 2,
        TokenKind::Sign
        | TokenKind::Word
        | TokenKind::Warning
        | TokenKind::Number
        | TokenKind::Quote
        | TokenKind::Text
        | TokenKind::EndQuote
        | TokenKind::Open
        | TokenKind::Close
        | TokenKind::Unknown => token.end,
    };
    &rest[..length]
}

/// The keyword that was probably meant where one must stand.
fn nearest_keyword(found: &str, error: &Error<Rule>) -> Option<&'static str> {
    let wanted = expected(error);
    let starts = wanted.iter().any(|word| word.starts_with("an item") || word.starts_with("a member"));
    if let Some((_, meant)) = SECTIONS.iter().find(|(word, _)| starts && *word == found) {
        return Some(meant);
    }
    ((starts || wanted.is_empty()) && found.len() > 2)
        .then(|| nearest(found, Keyword::all().map(|keyword| keyword.word)))?
}

fn expected(error: &Error<Rule>) -> Vec<Cow<'static, str>> {
    let ErrorVariant::ParsingError { positives: rules, .. } = &error.variant else { return Vec::new() };
    let mut words: Vec<Cow<'static, str>> = rules.iter().filter_map(|&rule| word(rule)).collect();
    words.sort_unstable();
    words.dedup();
    if words.iter().any(|word| word == "an expression") {
        words.retain(|word| !matches!(&**word, "a name" | "a number" | "a string"));
    }
    words.truncate(5);
    words
}

fn list<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} or {}", first.join(", "), last.as_ref())
        }
    }
}

/// Something with the keywords that can begin it.
fn beginning(what: &str, begins: Begins) -> Cow<'static, str> {
    let words: Vec<String> = Keyword::beginning(begins).map(|word| format!("`{word}`")).collect();
    format!("{what} ({})", list(&words)).into()
}

/// The name of a rule in messages; none for rules that would only distract.
fn word(rule: Rule) -> Option<Cow<'static, str>> {
    let text = match rule {
        Rule::item
        | Rule::file
        | Rule::use_item
        | Rule::enum_item
        | Rule::fn_item
        | Rule::block_item
        | Rule::model_item => return Some(beginning("an item", Begins::Item)),
        Rule::member
        | Rule::param_member
        | Rule::part_member
        | Rule::main_fn
        | Rule::objective_member
        | Rule::fit_section
        | Rule::function_section
        | Rule::named_section
        | Rule::plain_section => return Some(beginning("a member", Begins::Member)),
        Rule::expr | Rule::lambda | Rule::chain | Rule::postfix | Rule::inner_expr | Rule::prefix => "an expression",
        Rule::name | Rule::letter => "a name",
        Rule::number => "a number",
        Rule::string => "a string",
        Rule::params => "parameters in `(..)`",
        Rule::body => "a body in `{..}`",
        Rule::ty | Rule::ty_name | Rule::ty_shape | Rule::ty_list | Rule::ty_generic | Rule::ty_tuple => "a type",
        Rule::setting => "a setting (`name = value`)",
        Rule::pattern => "a name or `(a, b)`",
        Rule::statement | Rule::let_stmt | Rule::var_stmt | Rule::assign_stmt => "a statement",
        Rule::warning => "the code of a warning",
        Rule::reason => "the reason in quotes",
        Rule::k_trains => "`trains` and the parts that it trains",
        Rule::k_in => "`in`",
        Rule::k_over => "`over`",
        Rule::k_from => "`from`",
        Rule::argument => "an argument",
        Rule::enum_case => "a case",
        Rule::use_name => "a name to use",
        Rule::use_names => "the names to use in `::{..}`",
        Rule::equals => "`=`",
        Rule::std_path => "a module, as in `std::diffusion`",
        Rule::dim => "an extent",
        Rule::position => "the index of an element",
        Rule::part_list | Rule::part_path => "a part",
        Rule::stepped => "constants of the steps, as in `t in times`",
        Rule::carried => "a carried value, as in `z = x`",
        _ => return None,
    };
    Some(text.into())
}
