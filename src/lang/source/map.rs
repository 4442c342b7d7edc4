//! Source texts with the names under which users know them.
//!
//! In: texts from files, from the embedded standard library, or from the command line. Out: line and column of a byte.

use diadc_core::span::{SourceId, Span};

/// One text and its name.
#[derive(Clone, Debug)]
pub struct Source {
    /// A path as the user wrote it, or `std::NAME`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Whether it is a file of the user's, and the name its path.
    pub is_file: bool,
}

/// All texts of one compilation, numbered in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct SourceMap(Vec<Source>);

impl SourceMap {
    /// Adds a text and gives its number.
    ///
    /// # Panics
    /// With more than 2^32 texts.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.push(Source { name: name.into(), text: text.into(), is_file: false })
    }

    /// Adds the text of a file of the user's and gives its number.
    ///
    /// # Panics
    /// With more than 2^32 texts.
    pub fn add_file(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.push(Source { name: path.into(), text: text.into(), is_file: true })
    }

    fn push(&mut self, source: Source) -> SourceId {
        self.0.push(source);
        SourceId(u32::try_from(self.0.len() - 1).expect("there are fewer than 2^32 source texts"))
    }

    /// Gives a text with a number that this map gave another content.
    pub(crate) fn replace(&mut self, id: SourceId, text: String) {
        self.0[id.0 as usize].text = text;
    }

    /// The text with a number that this map gave.
    #[must_use]
    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// All texts, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// The text under a span.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.source).text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The line of the first byte of a span, counted from 1.
    #[must_use]
    pub fn line(&self, span: Span) -> usize {
        let text = &self.get(span.source).text;
        text.get(..span.start as usize).unwrap_or(text).matches('\n').count() + 1
    }

    /// `name:line:column` of the first byte of a span, counted from 1.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        let source = self.get(span.source);
        let before = source.text.get(..span.start as usize).unwrap_or(&source.text);
        let line = self.line(span);
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        format!("{}:{line}:{column}", source.name)
    }
}
