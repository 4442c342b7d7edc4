//! An edit of the source that puts a mistake right. Whoever reports the mistake knows the remedy and adds it; editors
//! offer it. There is one only where it is sure that nothing but the mistake changes.

use diadc_core::span::Span;

/// An edit of the source that puts a mistake right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in a few words without a full stop.
    pub title: String,
    /// What it replaces; an empty span is a place between two characters.
    pub span: Span,
    /// What stands there afterwards.
    pub new: String,
}

impl Fix {
    /// Other words in the place of these.
    pub fn write(new: impl Into<String>, span: Span) -> Fix {
        let new = new.into();
        Fix { title: format!("Write `{}`", new.trim()), span, new }
    }

    /// Nothing in the place of these words.
    #[must_use]
    pub fn leave_out(span: Span) -> Fix {
        Fix { title: "Leave it out".to_owned(), span, new: String::new() }
    }
}
