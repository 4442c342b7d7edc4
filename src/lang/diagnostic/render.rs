//! Draws diagnostics beside the source, with or without colours.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use diadc_core::span::Span;

use crate::source::SourceMap;

use super::{Diagnostic, Label, Severity};

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without escape sequences.
    Plain,
    /// With the colours of a terminal.
    Colored,
}

/// All diagnostics, one after the other, ending with a line break.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colored => Renderer::styled(),
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Group<'a> {
    let level = match diagnostic.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.headline.as_str()).id(diagnostic.code.name());
    let mut group = Group::with_title(title);
    let own = own(diagnostic, sources);
    let others = diagnostic.labels.iter().filter(|label| own != Some(*label));
    let mut labels = own.into_iter().chain(others).peekable();
    let mut first = true;
    while let Some(label) = labels.next() {
        let mut here = vec![label];
        while let Some(next) = labels.next_if(|next| next.span.source == label.span.source) {
            here.push(next);
        }
        let source = sources.get(label.span.source);
        let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
        for label in here {
            let kind = if first { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet = snippet.annotation(kind.span(range(label.span, &source.text)).label(label.text.as_str()));
            first = false;
        }
        group = group.element(snippet);
    }
    for Label { span, text } in diagnostic.trace.iter().filter(|label| own != Some(*label)) {
        group = group.element(Level::NOTE.message(format!("{text} ({})", sources.place(*span))));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// The place that is drawn first, if the mistake shows itself in the standard library: the reader's own line that led
/// there.
fn own<'a>(diagnostic: &'a Diagnostic, sources: &SourceMap) -> Option<&'a Label> {
    let is_std = |label: &&Label| sources.get(label.span.source).name.starts_with("std::");
    let mistake = diagnostic.labels.first().filter(is_std);
    mistake.and_then(|_| diagnostic.labels.iter().chain(&diagnostic.trace).find(|label| !is_std(label)))
}

/// The bytes of a span, moved into the text and to the beginning of a character.
fn range(span: Span, text: &str) -> std::ops::Range<usize> {
    let clamp = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    clamp(span.start)..clamp(span.end)
}
