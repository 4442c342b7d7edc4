//! What is wrong with a spec: a headline, the places that are involved, the calls that led there, and a remedy.
//!
//! Stages make [`Diagnostic`]s from their own errors; [`render`] draws them beside the source, and [`json()`], [`sarif()`] and
//! [`github()`] write them for programs. [`Explanation`] says what a code means. This room knows places and words, but no stage.

mod allow;
mod code;
mod explain;
mod fix;
mod format;
mod github;
mod json;
mod region;
mod render;
mod sarif;
mod suggest;
mod wording;

use diadc_core::span::Span;

use crate::source::SourceMap;

pub use allow::Allow;
pub use code::Code;
pub use explain::Explanation;
pub use fix::Fix;
pub use format::Format;
pub use github::github;
pub use json::json;
pub use region::Region;
pub use render::{Style, render};
pub use sarif::sarif;
pub use suggest::{is_misspelt, meant, nearest, nearest_of, one_of};
pub use wording::{bytes, count, grouped, short, signed, significant};

/// Whether something is an error or a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// There is no program.
    Error,
    /// There is a program, but it is probably not what the author meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A place with a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The words, without a full stop; may be empty.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of mistake or warning it is.
    pub code: Code,
    /// What is wrong, in one line of lower-case words with names in backticks.
    pub headline: String,
    /// The place of the mistake first, then the other places that are involved.
    pub labels: Vec<Label>,
    /// The calls that led there, innermost first.
    pub trace: Vec<Label>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// What to do, when that is sure.
    pub help: Option<String>,
    /// Edits that put it right, each by itself.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A mistake or warning of this kind at a place.
    pub fn new(code: Code, headline: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic {
            code,
            headline: headline.into(),
            labels: vec![Label { span, text: String::new() }],
            trace: Vec::new(),
            notes: Vec::new(),
            help: None,
            fixes: Vec::new(),
        }
    }

    /// Whether it is an error, not a warning.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }

    /// Words at the place of the mistake.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Diagnostic {
        self.labels[0].text = text.into();
        self
    }

    /// Another place that is involved.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// A fact that helps to understand it.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    /// What to do, if it is known.
    #[must_use]
    pub fn help_if(mut self, text: Option<String>) -> Diagnostic {
        self.help = text.or(self.help);
        self
    }

    /// The same with another headline.
    #[must_use]
    pub fn headed(mut self, headline: String) -> Diagnostic {
        self.headline = headline;
        self
    }

    /// An edit that puts it right.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Diagnostic {
        self.fixes.push(fix);
        self
    }

    /// The place of the mistake.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels[0].span
    }

    /// The first label in a file of the user's: the mistake, another place that is involved, or a call that led there.
    #[must_use]
    pub fn in_a_file(&self, sources: &SourceMap) -> Option<&Label> {
        self.labels.iter().chain(&self.trace).find(|label| sources.get(label.span.source).is_file)
    }

    /// The whole diagnostic as text, a line for each fact, for readers without the source beside it.
    #[must_use]
    pub fn words(&self, sources: &SourceMap) -> String {
        let mut lines = vec![self.headline.clone()];
        let shown = self.in_a_file(sources).map(|label| label.span);
        for Label { span, text } in self.labels.iter().chain(&self.trace) {
            match (text.is_empty(), shown == Some(*span)) {
                (true, true) => {}
                (false, true) => lines.push(text.clone()),
                (true, false) => lines.push(format!("at {}", sources.place(*span))),
                (false, false) => lines.push(format!("{text} ({})", sources.place(*span))),
            }
        }
        lines.extend(self.notes.iter().cloned());
        lines.extend(self.help.iter().map(|help| format!("help: {help}")));
        lines.join("\n")
    }
}

/// The diagnostics in the order of their places, without a second one with the same code at the same place.
#[must_use]
pub fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|d| (d.span().source, d.span().start, d.code.severity()));
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        if !kept.iter().any(|k| k.code == diagnostic.code && k.span() == diagnostic.span()) {
            kept.push(diagnostic);
        }
    }
    kept
}
