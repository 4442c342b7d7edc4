//! What is wrong, as editors show it.

use std::collections::BTreeMap;

use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString, PublishDiagnosticsParams, Url,
};

use diadc_lang::diagnostic::{self, Label, Severity};

use super::place;
use super::workspace::Workspace;

/// The mistakes to publish: for each file that has some, and an empty list for each that had some before.
pub(super) fn diagnostics(workspace: &mut Workspace) -> Vec<PublishDiagnosticsParams> {
    let mut by_file: BTreeMap<Url, Vec<Diagnostic>> = BTreeMap::new();
    for url in std::mem::take(&mut workspace.published) {
        by_file.insert(url, Vec::new());
    }
    for (location, analysis) in &workspace.analyses {
        if let Some(url) = workspace.url(location) {
            by_file.entry(url).or_default();
        }
        for found in &analysis.diagnostics {
            let span = found.span();
            let Some(place) = workspace.place(span) else { continue };
            let list = by_file.entry(place.uri).or_default();
            let new = convert(workspace, found, place.range);
            if !list.contains(&new) {
                list.push(new);
            }
        }
    }
    workspace.published = by_file.iter().filter(|(_, list)| !list.is_empty()).map(|(url, _)| url.clone()).collect();
    by_file.into_iter().map(|(uri, diagnostics)| PublishDiagnosticsParams { uri, diagnostics, version: None }).collect()
}

fn convert(workspace: &Workspace, found: &diagnostic::Diagnostic, range: lsp_types::Range) -> Diagnostic {
    let mut message = found.headline.clone();
    let own = found.labels.first().map_or("", |label| label.text.as_str());
    let rest = [own].into_iter().filter(|text| !text.is_empty()).chain(found.notes.iter().map(String::as_str));
    for text in rest {
        message = message + "\n" + text;
    }
    if let Some(help) = &found.help {
        message = message + "\nhelp: " + help;
    }
    let related = found.labels.iter().skip(1).chain(&found.trace).filter_map(|Label { span, text }| {
        let location = workspace.place(*span)?;
        Some(DiagnosticRelatedInformation { location, message: text.clone() })
    });
    Diagnostic {
        range,
        severity: Some(match found.code.severity() {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(found.code.name().to_owned())),
        source: Some("diadc".to_owned()),
        message,
        related_information: Some(related.collect()),
        ..Diagnostic::default()
    }
}

/// The mistakes of one file, each with the form in which the editor knows it.
pub(super) fn own<'a>(
    workspace: &'a Workspace,
    url: &'a Url,
) -> impl Iterator<Item = (&'a diagnostic::Diagnostic, Diagnostic)> + 'a {
    workspace.analyses.values().flat_map(|analysis| &analysis.diagnostics).filter_map(move |found| {
        let span = found.span();
        let location = place::location(url);
        let source = workspace.library.source(&location)?;
        let range = place::range_of(workspace.text_of(source), span);
        (span.source == source).then(|| (found, convert(workspace, found, range)))
    })
}
