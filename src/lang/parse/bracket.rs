//! Which brackets and strings are open at the end of a text.
//!
//! The parser finds out only that something is missing; this says what.

use super::lex::{Bracket, Lexer, Token};

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

/// A `{` that nothing closes, and where its `}` is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    pub(super) at: usize,
    /// Where the first line begins that is indented no further than the line of the `{`; or the end of the text.
    pub(super) missing: usize,
}

/// The `{` that is not closed in a text with more `{` than `}`, judged by how lines are indented: the innermost one whose line
/// is indented further than that of the `}` which would close it, or else the one that is open at the end. None if brackets
/// of another kind are in the way.
pub(super) fn unclosed(text: &str) -> Option<Unclosed> {
    // Each bracket with the indent of the line in which what it belongs to begins.
    let (mut open, mut found) = (Vec::new(), None);
    let mut head = (0, 0);
    for token in Lexer::new(text).filter(|token| token.is_meaningful()) {
        let (line, indent) = line_of(text, token.start);
        match token.of(text) {
            sign @ ("(" | "[") => open.push((token.start, indent, sign)),
            sign @ (")" | "]") => {
                let (_, begun, _) =
                    open.pop().filter(|(.., opened)| matches!((*opened, sign), ("(", ")") | ("[", "]")))?;
                head = (line, begun);
            }
            // The head of an item may go on in a line that is indented.
            "{" if open.is_empty() => open.push((token.start, 0, "{")),
            "{" if head.0 == line => open.push((token.start, indent.min(head.1), "{")),
            "{" => open.push((token.start, indent, "{")),
            "}" if found.is_none() => {
                let is_first = line + indent == token.start;
                let closed = open.pop().filter(|(.., opened)| *opened == "{")?;
                found = Some(closed).filter(|(_, begun, _)| is_first && *begun > indent);
            }
            _ => {}
        }
    }
    let (at, indent, _) = found.or_else(|| open.pop()).filter(|(.., opened)| *opened == "{")?;
    let (line, _) = line_of(text, at);
    let (mut start, mut is_first) = (line, true);
    for line in text[line..].split_inclusive('\n') {
        let own = line.len() - line.trim_start_matches([' ', '\t']).len();
        // A comment of one line may stand anywhere.
        let is_code = Lexer::new(line).any(Token::is_meaningful);
        if start > at && own <= indent && is_code {
            // A body that is not indented says nothing.
            return (!is_first).then_some(Unclosed { at, missing: start });
        }
        is_first &= start <= at || !is_code;
        start += line.len();
    }
    Some(Unclosed { at, missing: text.len() })
}

/// Where the line of a byte begins, and how far it is indented.
fn line_of(text: &str, at: usize) -> (usize, usize) {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[start..];
    (start, line.len() - line.trim_start_matches([' ', '\t']).len())
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
    fn the_brace_that_is_not_closed_is_found_by_how_lines_are_indented() {
        for (text, before, after) in [
            ("m {\n    f {\n        x\n\n    g {\n    }\n}\n", "m {\n    f ", "    g {\n    }\n}\n"),
            ("m {\n    f {\n    }\n    g {\n    }\n", "m ", ""),
            ("m {\n    f {\n    }\n\n/// A.\ng {\n}\n", "m ", "/// A.\ng {\n}\n"),
            ("f {\n    c {\n// no\n        x\n    else {\n    }\n}\n", "f {\n    c ", "    else {\n    }\n}\n"),
        ] {
            let found = unclosed(text).expect("one is not closed");
            assert_eq!((&text[..found.at], &text[found.missing..]), (before, after));
        }
        let heads = "m\n    from n {\n    f(a,\n      b) {\n    }\n}\ng {\n";
        assert_eq!(unclosed(heads).map(|found| found.at), Some(heads.len() - 2));
        assert_eq!(unclosed("f { a }\n"), None);
    }

    #[test]
    fn the_reason_of_an_allow_opens_nothing() {
        assert_eq!(scan("allow unused-part \"as in {this\"\n").innermost(), None);
        assert_eq!(scan("let allow = \"{x\"").innermost(), Some('{'));
    }
}
