//! Which brackets and strings are open at the end of a text.
//!
//! The parser finds out only that something is missing; this says what.

use super::lex::{Bracket, Lexer};

/// What is open at the end of a text.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Brackets, outermost first.
    pub(super) open: Vec<Bracket>,
    /// Where the string begins in whose text the end lies.
    pub(super) string: Option<usize>,
    /// The most brackets that were open at once, and where that was.
    pub(super) deepest: (usize, usize),
}

impl Scan {
    /// The bracket in which the end lies.
    pub(super) fn innermost(&self) -> Option<char> {
        self.open.last().map(|bracket| bracket.sign)
    }
}

/// Reads a text from its beginning.
pub(super) fn scan(text: &str) -> Scan {
    let mut lexer = Lexer::new(text);
    let mut deepest = (0, 0);
    while let Some(token) = lexer.next() {
        let depth = lexer.open().len();
        if depth > deepest.0 {
            deepest = (depth, token.start);
        }
    }
    Scan { open: lexer.open().to_vec(), string: lexer.string(), deepest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_open_nothing() {
        let found = scan("f(\"a ( {g(\"b\")} [\" // {\n");
        assert_eq!(found.open.iter().map(|bracket| (bracket.at, bracket.sign)).collect::<Vec<_>>(), [(1, '(')]);
        assert_eq!(found.string, None);
        assert_eq!(scan("f(\"a ( {x} b").string, Some(2));
    }

    #[test]
    fn the_reason_of_an_allow_opens_nothing() {
        assert_eq!(scan("allow unused-part \"as in {this\"\n").innermost(), None);
        assert_eq!(scan("let allow = \"{x\"").innermost(), Some('{'));
    }
}
