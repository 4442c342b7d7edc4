//! Text that can stand in HTML, between tags and, if plain, in quoted attributes.

use std::fmt::{self, Display, Formatter, Write};

/// A text that shows itself with everything escaped that HTML would read as its own.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => formatter.write_str("&amp;"),
            '<' => formatter.write_str("&lt;"),
            '>' => formatter.write_str("&gt;"),
            '"' => formatter.write_str("&quot;"),
            '\'' => formatter.write_str("&#39;"),
            other => formatter.write_char(other),
        })
    }
}

/// A path that may be broken over lines after each slash; not for attributes.
pub(super) struct Path<'a>(pub(super) &'a str);

impl Display for Path<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.split_inclusive('/').try_for_each(|part| write!(formatter, "{}<wbr>", Escaped(part)))
    }
}

/// A sentence, which begins with a capital letter, with names in backticks, which become code; not for attributes.
pub(super) struct Sentence<'a>(pub(super) &'a str);

impl Display for Sentence<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        write!(formatter, "{}", Words(&format!("{first}{}", letters.as_str())))
    }
}

/// Words within a sentence, with names in backticks, which become code; not for attributes.
pub(super) struct Words<'a>(pub(super) &'a str);

impl Display for Words<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.split('`').enumerate().try_for_each(|(index, part)| {
            let part = Escaped(part);
            if index % 2 == 1 { write!(formatter, "<code>{part}</code>") } else { write!(formatter, "{part}") }
        })
    }
}
