//! Syntax errors as diagnostics in plain words.
//!
//! In: the error of pest, which knows a place and the rules that would fit there. Out: what was found, what was
//! expected, and a hint where the mistake is a common one. No name of a rule reaches a user.

use std::borrow::Cow;

use pest::error::{Error, ErrorVariant, InputLocation};

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix, nearest};

use super::Rule;
use super::bracket::{Scan, scan};
use super::division::hides_bracket;
use super::elsewhere;
use super::foreign::foreign_word;
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
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    if let ErrorVariant::CustomError { .. } = &error.variant {
        return too_nested(place, 0);
    }
    let found = found(&text[at..]);
    let span = place.span(at, at + found.len());
    let before = scan(&text[..at]);
    if let Some(diagnostic) = look_alike(&text[..at], found, span).filter(|_| before.string.is_none()) {
        return diagnostic;
    }
    if let Some(diagnostic) = unbalanced(place, at, found, &before) {
        return if hides_bracket(&text[..at]) { diagnostic.help(DIVISION) } else { diagnostic };
    }
    let meant = misspelt(rule, text, at);
    if let Some(meant) = meant.as_ref().filter(|meant| meant.start < at) {
        let headline = format!("`{}` is not expected here", meant.word);
        let span = place.span(meant.start, meant.start + meant.word.len());
        return meant.tell(Diagnostic::new(Code::Syntax, headline, span));
    }
    if let Some(diagnostic) = before.open.last().and_then(|bracket| foreign_head(place, &text[..bracket.at])) {
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
    match help(&text[..at], found, bracket, error) {
        None => diagnostic.did_you_mean(nearest_keyword(found, error)),
        Some(help) => {
            let fix = replacement(&text[..at], found, bracket).map(|(start, new)| {
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
fn unbalanced(place: Place, at: usize, found: &str, before: &Scan) -> Option<Diagnostic> {
    if let Some(start) = before.string {
        return Some(
            Diagnostic::new(Code::Syntax, "a string is not closed", place.span(start, at))
                .help("a string ends with `\"` on the line on which it begins; `{..}` in it holds a value"),
        );
    }
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

/// A word of another language that begins the line of a bracket: `while x < 3 { .. }`
fn foreign_head(place: Place, before: &str) -> Option<Diagnostic> {
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let first = Lexer::new(&before[line..]).find(|token| token.is_meaningful())?;
    let word = first.of(&before[line..]);
    let help = foreign_word(word)?.help;
    let span = place.span(line + first.start, line + first.end);
    Some(Diagnostic::new(Code::Syntax, format!("`{word}` is not expected here"), span).help(help))
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

/// A hint at what is probably meant, judged by what stands there and before it.
fn help(before: &str, found: &str, bracket: Option<char>, error: &Error<Rule>) -> Option<String> {
    if let Some(help) = elsewhere::times(before, found) {
        return Some(help.to_owned());
    }
    if let Some(help) = elsewhere::head(before, found) {
        return Some(help);
    }
    let fixed = match found {
        _ if before.trim_end().ends_with("lambda") => "a function without a name is written `|x| ..`",
        "///" => "a doc comment stands before an item or a member; elsewhere write `//`",
        "//!" => "`//!` lines stand at the top of a file; elsewhere write `//`",
        "#" => "a comment begins with `//`",
        "/*" | "*/" => "a comment begins with `//` and ends with its line",
        "*" if before.ends_with('/') => "a comment begins with `//` and ends with its line",
        "else" if wants(error, Rule::body) => "the condition comes first, as in `if condition { a } else { b }`",
        "for" if bracket == Some('[') => "a `for` makes a list by itself, as in `for i in 0..3 { f(x, i) }`",
        "(" if before.trim_end().ends_with("var") => {
            "`var` begins a value that changes; a variance is `mean((x - mean(x)) ^ 2)`"
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
        "=" if wants(error, Rule::body) => "two values are compared by `==`",
        _ if matches!(bracket, Some('[' | '(')) && is_beside(before, found) => {
            "what stands in brackets is parted by commas"
        }
        "=" if before.ends_with("==") => "two values are compared by `==`",
        "=" if before.ends_with("!=") => "two values are compared by `!=`",
        "\"" if ends_with_prefix(before) => "every string can hold values, as in `\"block{i}\"`: leave the letter out",
        "@" => "a product of matrices is `matmul(a, b)`; `@ \"..\"` after a layer names its weights",
        ";" => "statements need no `;`: leave it out",
        "," if wants(error, Rule::equals) && names_after(before, &["let", "var"]) => {
            "names that take a value apart stand in brackets, as in `let (a, b) = ..`"
        }
        ":" if wants(error, Rule::equals) && names_after(before, &["let", "var"]) => {
            "a `let` states no type: its value says what it is, as in `let n = 3`"
        }
        ":" if wants(error, Rule::body) => {
            "the type of a result stands after `->`, as in `fn f(x) -> [B, C, H, W] { .. }`"
        }
        ">" if before.ends_with('-') => "a value goes into the next function by `|>`, as in `x |> relu`",
        "?" => "as in `if condition { a } else { b }`; by the numbers of a tensor, `where(condition, a, b)` chooses",
        "," if matches!(bracket, None | Some('{')) => {
            "nothing stands between statements, members and settings: leave the `,` out"
        }
        "&&" => "write `and`",
        "||" => "write `or`",
        "!" => "write `not`",
        "*" if before.ends_with('*') => "a power is written `a ^ b`",
        "'" => "strings stand in double quotes: `\"..\"`",
        "==" => "a value is given with a single `=`",
        "=" if before.ends_with(['+', '-', '*', '/']) => "write it out, as in `x = x + 1`",
        "=" if bracket == Some('(') => "an argument is given by name with `:`, as in `axis: 1`",
        ":" if wants(error, Rule::equals) => "the value comes after `=`",
        "." if before.ends_with(|c: char| c.is_whitespace() || "([{=+-*/".contains(c)) => {
            "a float begins with a digit, as in `0.5`"
        }
        "(" | "[" => "the bracket of a call or an index comes directly after the name",
        _ if before.trim_end().ends_with('@') => {
            "weights are named by a string, as in `@ \"conv1\"`; a product of matrices is `matmul(a, b)`"
        }
        _ if begins_only_items(found) && !wants(error, Rule::name) && bracket == Some('{') => {
            "this belongs outside of the model or block"
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
            "as in `fit PART(image) from held_out { .. }`: the images that `data { hold_out = 0.2 }` holds out"
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

/// Whether the line in which a text ends begins with one of these words.
fn line_begins(before: &str, words: &[&str]) -> bool {
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
    let last = Lexer::new(before).filter(|token| token.is_meaningful()).last();
    let ends = last.is_some_and(|token| {
        let is_value =
            matches!(token.kind, TokenKind::Word | TokenKind::Number | TokenKind::EndQuote | TokenKind::Close);
        is_value && Keyword::named(token.of(before)).is_none_or(|keyword| !keyword.is_reserved)
    });
    ends && before.ends_with(char::is_whitespace)
        && found.starts_with(begins)
        && Keyword::named(found).is_none_or(|keyword| !keyword.is_reserved)
}

/// Whether a text ends with a letter that stands before a string in Python.
fn ends_with_prefix(before: &str) -> bool {
    let last = Lexer::new(before).last();
    last.is_some_and(|token| matches!(token.of(before), "f" | "r" | "b" | "u" | "rf" | "fr"))
}

/// Whether a text ends with one of these words and a name after it.
fn names_after(before: &str, words: &[&str]) -> bool {
    let tokens: Vec<Token> = Lexer::new(before).filter(|token| token.is_meaningful()).collect();
    matches!(tokens.as_slice(), [.., word, name] if words.contains(&word.of(before)) && name.kind == TokenKind::Word)
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

/// What is to stand in the place of what was found, where that is sure, and the byte from which on it does.
fn replacement(before: &str, found: &str, bracket: Option<char>) -> Option<(usize, &'static str)> {
    let at = before.len();
    let named = || before.trim_end().len();
    match found {
        "///" | "//!" => Some((at, "//")),
        "#" => Some((at, "//")),
        ";" => Some((at, "")),
        "," if matches!(bracket, None | Some('{')) && !names_after(before, &["let", "var"]) => Some((at, "")),
        "&&" => Some((at, "and")),
        "||" => Some((at, "or")),
        "!" => Some((at, "not ")),
        "*" if before.ends_with('*') => Some((at - 1, "^")),
        "==" => Some((at, "=")),
        "=" if bracket == Some('(') && !before.ends_with(['+', '-', '*', '/']) => Some((named(), ":")),
        "." if before.ends_with(|c: char| c.is_whitespace() || "([{=+-*/".contains(c)) => Some((at, "0.")),
        _ => None,
    }
}

fn wants(error: &Error<Rule>, rule: Rule) -> bool {
    matches!(&error.variant, ErrorVariant::ParsingError { positives, .. } if positives.contains(&rule))
}

fn begins_only_items(word: &str) -> bool {
    Keyword::named(word).is_some_and(|word| word.begins(Begins::Item) && !word.begins(Begins::Member))
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
