//! Text to [`Token`]s: the words, signs, comments and spaces of a `.diad` file, each with its place.
//!
//! Any text can be read: the tokens cover it without gaps, and what the language has no use for is a token too. So
//! brackets, recovery after a syntax error, the formatter and the language server all see a text in the same way, also
//! one that is wrong or half written. The grammar, by which a text is parsed, agrees with the tokens; tests compare the
//! two. Whether a word is a keyword or a name depends on where it stands, which is not known here.

use super::keyword::Keyword;

/// A stretch of text that belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Spaces and line breaks.
    Space,
    /// A comment from `//` to the end of the line.
    Comment,
    /// A line of a doc comment, `/// ..`
    Doc,
    /// A line about the whole file, `//! ..`
    FileDoc,
    /// A name or a keyword.
    Word,
    /// The code of a warning after `allow`, which may hold dashes.
    Warning,
    /// A number, with the letters directly after it, which are a mistake.
    Number,
    /// The quote that begins a string.
    Quote,
    /// Text within a string.
    Text,
    /// The quote that ends a string.
    EndQuote,
    /// `(`, `[` or `{`, also the `{` around a value within a string.
    Open,
    /// `)`, `]` or `}`
    Close,
    /// An operator or another sign.
    Sign,
    /// A word or sign that the language does not have.
    Unknown,
}

/// A bracket that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bracket {
    /// Where it stands.
    pub at: usize,
    /// `(`, `[` or `{`
    pub sign: char,
    /// The string around it, if it holds a value that is put into one.
    string: Option<Quoted>,
}

/// A string that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quoted {
    start: usize,
    /// Whether braces are only text in it.
    is_plain: bool,
}

/// What is still to come of an `allow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allow {
    Nothing,
    Warning,
    Reason,
}

/// Signs of more than one character; a longer one stands before those that it begins with.
const SIGNS: &[&str] = &["..=", "..", "|>", "->", "::", "==", "!=", "<=", ">="];
/// Signs of one character.
const SINGLE: &str = "=+-*/%^<>|@.,:;";
/// Signs that other languages have.
const FOREIGN: &[&str] = &["&&", "=>", "+=", "-=", "*=", "/=", "**", "++", "/*"];

/// Reads a text from its beginning, one token after the other.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Bracket>,
    string: Option<Quoted>,
    allow: Allow,
}

impl<'a> Lexer<'a> {
    /// A lexer at the beginning of a text.
    #[must_use]
    pub fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0, open: Vec::new(), string: None, allow: Allow::Nothing }
    }

    /// The brackets that are open after what has been read, outermost first.
    #[must_use]
    pub fn open(&self) -> &[Bracket] {
        &self.open
    }

    /// Where the string begins in whose text what has been read ends, if it ends in one.
    #[must_use]
    pub fn string(&self) -> Option<usize> {
        self.string.map(|string| string.start)
    }

    /// Whether a dot that is not that of a range stands directly before, as in `nets.0`.
    fn is_after_dot(&self) -> bool {
        let before = &self.text[..self.at];
        before.ends_with('.') && !before.ends_with("..")
    }

    /// The kind and the length of what stands within a string.
    fn in_string(&mut self, string: Quoted, rest: &str, first: char) -> (TokenKind, usize) {
        match first {
            '"' => {
                self.string = None;
                (TokenKind::EndQuote, 1)
            }
            '{' if !string.is_plain => {
                self.string = None;
                self.open.push(Bracket { at: self.at, sign: first, string: Some(string) });
                (TokenKind::Open, 1)
            }
            _ => {
                let ends = |c: char| c == '"' || c == '\n' || (c == '{' && !string.is_plain);
                (TokenKind::Text, rest.find(ends).unwrap_or(rest.len()))
            }
        }
    }

    /// The kind and the length of what stands outside of strings.
    fn in_code(&mut self, rest: &str, first: char) -> (TokenKind, usize) {
        if is_space(first) {
            return (TokenKind::Space, rest.find(|c| !is_space(c)).unwrap_or(rest.len()));
        }
        if rest.starts_with("//") {
            let kind = match rest.as_bytes().get(2) {
                Some(b'/') => TokenKind::Doc,
                Some(b'!') => TokenKind::FileDoc,
                _ => TokenKind::Comment,
            };
            return (kind, rest.find('\n').unwrap_or(rest.len()));
        }
        let allow = std::mem::replace(&mut self.allow, Allow::Nothing);
        match first {
            '"' => {
                self.string = Some(Quoted { start: self.at, is_plain: allow == Allow::Reason });
                (TokenKind::Quote, 1)
            }
            '(' | '[' | '{' => {
                self.open.push(Bracket { at: self.at, sign: first, string: None });
                (TokenKind::Open, 1)
            }
            ')' | ']' | '}' => {
                // Whichever it is, it ends the innermost bracket; and a value in a string, if that was around one.
                self.string = self.open.pop().and_then(|bracket| bracket.string);
                (TokenKind::Close, 1)
            }
            _ if allow == Allow::Warning => {
                self.allow = Allow::Reason;
                (TokenKind::Warning, warning(rest))
            }
            '0'..='9' if self.is_after_dot() => (TokenKind::Number, position(rest)),
            '0'..='9' => (TokenKind::Number, number(rest)),
            _ if is_letter(first) => {
                let length = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
                if &rest[..length] == "allow" && says_why(&rest[length..]) {
                    self.allow = Allow::Warning;
                }
                (if rest[..length].is_ascii() { TokenKind::Word } else { TokenKind::Unknown }, length)
            }
            _ => sign(rest, first),
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let rest = &self.text[start..];
        let first = rest.chars().next()?;
        // A string ends with its line, be it without a quote.
        self.string = self.string.filter(|_| first != '\n');
        let (kind, length) = match self.string {
            Some(string) => self.in_string(string, rest, first),
            None => self.in_code(rest, first),
        };
        self.at += length;
        Some(Token { kind, start, end: self.at })
    }
}

impl Token {
    /// Its text, in the text that was read.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }

    /// Whether it is no space and no comment that says nothing about an item or the file.
    #[must_use]
    pub fn is_meaningful(self) -> bool {
        !matches!(self.kind, TokenKind::Space | TokenKind::Comment)
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\t' | '\r' | '\u{a0}' | '\u{feff}')
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a number, with letters directly after it.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = bytes.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    if bytes.get(end) == Some(&b'.') {
        let count = digits(end + 1);
        end += if count > 0 { 1 + count } else { 0 };
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let count = if end + 1 + sign < bytes.len() { digits(end + 1 + sign) } else { 0 };
        end += if count > 0 { 1 + sign + count } else { 0 };
    }
    end + percent(&rest[end..]) + rest[end..].find(|c| !is_letter(c)).unwrap_or(rest.len() - end)
}

/// The length of a percent sign after a number: 1 if both make a percentage, 0 if an operand follows, as in the remainder `7%3`.
fn percent(rest: &str) -> usize {
    let Some(rest) = rest.strip_prefix('%') else { return 0 };
    let begins_operand = |c: char| is_letter(c) || "\"([{-".contains(c);
    let is_remainder = rest.starts_with(begins_operand) || rest.starts_with('|') && !rest.starts_with("|>");
    usize::from(!is_remainder)
}

/// The length of the index of an element, with letters directly after it.
fn position(rest: &str) -> usize {
    rest.find(|c| !is_letter(c)).unwrap_or(rest.len())
}

/// The kind and the length of a sign.
fn sign(rest: &str, first: char) -> (TokenKind, usize) {
    let of = |signs: &[&str]| signs.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
    match (of(SIGNS), of(FOREIGN)) {
        (Some(length), _) => (TokenKind::Sign, length),
        (None, Some(length)) => (TokenKind::Unknown, length),
        (None, None) if SINGLE.contains(first) => (TokenKind::Sign, 1),
        (None, None) => (TokenKind::Unknown, first.len_utf8()),
    }
}

/// The length of the code of a warning.
fn warning(rest: &str) -> usize {
    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len())
}

/// Whether the code of a warning and a string follow, so that an `allow` before them is no name.
fn says_why(rest: &str) -> bool {
    let rest = skip(rest);
    let (code, after) = rest.split_at(warning(rest));
    let is_word = !code.is_empty() && !code.starts_with('-');
    // In `allow in "abc"` it is a name.
    let is_operator = Keyword::named(code).is_some_and(|keyword| keyword.is_reserved);
    is_word && !is_operator && skip(after).starts_with('"')
}

/// A text without the spaces and comments at its beginning.
fn skip(text: &str) -> &str {
    let mut rest = text.trim_start_matches(is_space);
    while rest.starts_with("//") && !rest.starts_with("///") && !rest.starts_with("//!") {
        let line = rest.find('\n').unwrap_or(rest.len());
        rest = rest[line..].trim_start_matches(is_space);
    }
    rest
}
