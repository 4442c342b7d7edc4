//! Which brackets and strings are open at the end of a text.
//!
//! The parser finds out only that something is missing; this says what. It knows comments and strings, and
//! that `{..}` in a string holds code.

/// What is open at the end of a text.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Brackets with their places, outermost first.
    pub(super) open: Vec<(usize, char)>,
    /// Where the string begins in whose text the end lies.
    pub(super) string: Option<usize>,
    /// The most brackets that were open at once, and where that was.
    pub(super) deepest: (usize, usize),
}

impl Scan {
    /// The bracket in which the end lies.
    pub(super) fn innermost(&self) -> Option<char> {
        self.open.last().map(|&(_, bracket)| bracket)
    }
}

/// Reads a text from its beginning.
pub(super) fn scan(text: &str) -> Scan {
    let mut found = Scan::default();
    // Strings that were left for a value in braces, each with the number of brackets open around the value.
    let mut outer: Vec<(usize, usize)> = Vec::new();
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        match (sign, found.string) {
            ('"' | '\n', Some(_)) => found.string = None,
            ('{', Some(start)) => {
                outer.push((start, found.open.len()));
                found.string = None;
                found.open.push((at, sign));
            }
            ('"', None) => found.string = Some(at),
            ('/', None) if signs.peek().is_some_and(|&(_, next)| next == '/') => {
                while signs.next_if(|&(_, next)| next != '\n').is_some() {}
            }
            ('{' | '(' | '[', None) => found.open.push((at, sign)),
            ('}' | ')' | ']', None) => {
                found.open.pop();
                if let Some((start, _)) = outer.pop_if(|(_, depth)| *depth == found.open.len()) {
                    found.string = Some(start);
                }
            }
            _ => {}
        }
        if found.open.len() > found.deepest.0 {
            found.deepest = (found.open.len(), at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_open_nothing() {
        let found = scan("f(\"a ( {g(\"b\")} [\" // {\n");
        assert_eq!(found.open, [(1, '(')]);
        assert_eq!(found.string, None);
        assert_eq!(scan("f(\"a ( {x} b").string, Some(2));
    }
}
