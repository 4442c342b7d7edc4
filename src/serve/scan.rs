//! What can be said of a place in a text whose syntax may be wrong: in which call, block, section or string it lies.

use diadc_lang::parse::lex::{Lexer, Token, TokenKind};
use diadc_lang::parse::section::Section;

/// Where a place lies.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Whether it is in a comment or in the text of a string.
    pub(super) is_text: bool,
    /// The word that is being written.
    pub(super) word: String,
    /// The words joined by dots before it: `sd.decoder` of `sd.decoder.`
    pub(super) owner: Option<String>,
    /// What stands before a `::`.
    pub(super) path: Option<String>,
    /// The name of the function whose arguments are given.
    pub(super) callee: Option<String>,
    /// The block or model around it.
    pub(super) block: Option<String>,
    /// The section in whose braces it is.
    pub(super) section: Option<Section>,
    /// The module of the `use` whose braces it is in.
    pub(super) used: Option<String>,
    /// Whether it is the first word of a line.
    pub(super) begins: bool,
    /// Names given before it in the function around it.
    pub(super) locals: Vec<String>,
}

/// Reads a text up to a byte.
pub(super) fn context(text: &str, byte: usize) -> Context {
    let before = text.get(..byte).unwrap_or(text);
    let mut lexer = Lexer::new(before);
    let all: Vec<Token> = lexer.by_ref().collect();
    let is_comment = |token: &Token| matches!(token.kind, TokenKind::Comment | TokenKind::Doc | TokenKind::FileDoc);
    if lexer.string().is_some() || all.last().is_some_and(is_comment) {
        return Context { is_text: true, ..Context::default() };
    }
    let is_code = |token: &Token| token.kind != TokenKind::Space && !is_comment(token);
    let mut words = Words { text: before, tokens: all.into_iter().filter(is_code).collect() };
    let mut context = Context::default();
    if let Some(last) = words.tokens.pop_if(|token| token.kind == TokenKind::Word && token.end == before.len()) {
        last.of(before).clone_into(&mut context.word);
    }
    let head = before.len() - context.word.len();
    let behind = words.tokens.last().filter(|token| token.end == head).map(|token| token.of(before));
    let end = words.tokens.len();
    match behind {
        Some("::") => context.path = words.name_before(end - 1),
        Some(".") => context.owner = words.owner_before(end - 1),
        Some(_) | None => {}
    }
    context.begins = before[..head].rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
    if let Some(bracket) = lexer.open().last() {
        let open = words.tokens.partition_point(|token| token.start < bracket.at);
        match bracket.sign {
            '(' => context.callee = words.name_before(open).filter(|_| words.tokens[open - 1].end == bracket.at),
            '{' => {
                context.section = words.section_before(open);
                context.used = words.used_before(open);
            }
            _ => {}
        }
    }
    words.scope(&mut context);
    context
}

/// The words and signs before a place.
struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    fn get(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.of(self.text))
    }

    fn is_word(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == TokenKind::Word)
    }

    /// The word directly before a token.
    fn name_before(&self, index: usize) -> Option<String> {
        let before = index.checked_sub(1).filter(|before| self.is_word(*before))?;
        Some(self.get(before).to_owned())
    }

    /// The words joined by dots before a dot.
    fn owner_before(&self, dot: usize) -> Option<String> {
        let mut start = dot.checked_sub(1).filter(|last| self.is_word(*last))?;
        while start >= 2 && self.get(start - 1) == "." && self.is_word(start - 2) {
            start -= 2;
        }
        let words = (start..dot).step_by(2).map(|word| self.get(word));
        Some(words.collect::<Vec<_>>().join("."))
    }

    /// The section that a brace opens: before it stand what the section names, and its word.
    fn section_before(&self, brace: usize) -> Option<Section> {
        let mut names = (0..brace).rev().take_while(|&at| self.is_word(at) || matches!(self.get(at), "," | "."));
        names.find_map(|at| Section::named(self.get(at)))
    }

    /// The module or file from which a brace lists names.
    fn used_before(&self, brace: usize) -> Option<String> {
        let colons = brace.checked_sub(1).filter(|colons| self.get(*colons) == "::")?;
        let word = (0..colons).rev().find(|&at| self.get(at) == "use")?;
        let (from, to) = (self.tokens[word].end, self.tokens[colons].start);
        Some(self.text[from..to].trim().to_owned())
    }

    /// The block around the end of the text, and the names that were given in the function around it.
    fn scope(&self, context: &mut Context) {
        let mut locals: Vec<&str> = Vec::new();
        for at in 0..self.tokens.len() {
            let line = self.text[..self.tokens[at].start].rsplit('\n').next().unwrap_or_default();
            let is_first =
                line.trim().is_empty() || at.checked_sub(1).is_some_and(|at| matches!(self.get(at), "{" | "}"));
            match self.get(at) {
                "block" | "model" => {
                    context.block = Some(self.get(at + 1).to_owned());
                    locals.clear();
                }
                "fn" | "let" | "enum" | "use" if line.is_empty() => context.block = None,
                _ => {}
            }
            match self.get(at) {
                "fn" | "objective" | "score" if is_first => {
                    locals.clear();
                    locals.extend(self.parameters(at + 1));
                }
                "let" | "var" | "for" | "loop" => locals.extend(self.names_until(at + 1, &["=", "in", "{"])),
                "over" | "," if self.is_word(at + 1) && matches!(self.get(at + 2), "in" | "=") => {
                    locals.push(self.get(at + 1));
                }
                "|" => locals.extend(self.names_until(at + 1, &["|"])),
                _ => {}
            }
        }
        locals.sort_unstable();
        locals.dedup();
        context.locals = locals.into_iter().map(str::to_owned).collect();
    }

    /// The names of parameters, of which the bracket opens at a token or at the one after it.
    fn parameters(&self, head: usize) -> Vec<&'a str> {
        let open = if self.get(head) == "(" { head } else { head + 1 };
        let (mut depth, mut names) = (0, Vec::new());
        for at in open..self.tokens.len() {
            let kind = self.tokens[at].kind;
            if kind == TokenKind::Open {
                depth += 1;
            } else if kind == TokenKind::Close {
                depth -= 1;
            } else if depth == 1 && self.is_word(at) && matches!(self.get(at - 1), "(" | ",") {
                names.push(self.get(at));
            }
            if depth <= 0 {
                break;
            }
        }
        names
    }

    /// The names of a pattern that ends before one of some words; none if something else is in it.
    fn names_until(&self, from: usize, ends: &[&str]) -> Vec<&'a str> {
        let length = (from..self.tokens.len()).take_while(|&at| !ends.contains(&self.get(at))).count();
        let pattern = from..from + length;
        let is_pattern = |at: usize| self.is_word(at) || matches!(self.get(at), "," | "(" | ")");
        if !pattern.clone().all(is_pattern) {
            return Vec::new();
        }
        pattern.filter(|&at| self.is_word(at) && self.get(at) != "_").map(|at| self.get(at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_understood_in_a_broken_text() {
        let text = "model M {\n    fn f(x, size) {\n        let (a, b) = g(x)\n        conv(3, ou";
        let found = context(text, text.len());
        assert_eq!((found.word.as_str(), found.callee.as_deref()), ("ou", Some("conv")));
        assert_eq!(found.block.as_deref(), Some("M"));
        assert_eq!(found.locals, ["a", "b", "size", "x"]);
        let text = "use std::parts::{BL";
        assert_eq!(context(text, text.len()).used.as_deref(), Some("std::parts"));
        let text = "model M { let a = sd.decoder.he";
        assert_eq!(context(text, text.len()).owner.as_deref(), Some("sd.decoder"));
        assert!(context("a // b", 6).is_text && context("\"abc", 3).is_text);
    }

    #[test]
    fn a_section_is_known_by_its_word_wherever_it_stands() {
        let section = |text: &str| context(text, text.len()).section;
        assert_eq!(section("model M { data { si"), Some(Section::Data));
        assert_eq!(section("model M {\n    training a, b.c {\n        "), Some(Section::Training));
        assert_eq!(section("model M {\n    fn f(data) { "), None);
        assert_eq!(section("model M {\n    score(image) { "), None);
    }

    #[test]
    fn names_of_loops_and_of_functions_without_a_name_are_known() {
        let text = "fn f(x = g(1, y)) {\n loop z = x over t in times, a in shares { |u, v| for i, w in z { ";
        assert_eq!(context(text, text.len()).locals, ["a", "i", "t", "u", "v", "w", "x", "z"]);
    }
}
