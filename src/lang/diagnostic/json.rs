//! Diagnostics as JSON, for programs. `docs/diagnostics.md` describes it.

use serde::Serialize;

use crate::source::SourceMap;

use super::{Diagnostic, Fix, Label, Region};

/// A place with a text about it.
#[derive(Serialize)]
struct JsonLabel<'a> {
    #[serde(flatten)]
    region: Region,
    text: &'a str,
}

/// An edit of a place.
#[derive(Serialize)]
struct JsonFix<'a> {
    #[serde(flatten)]
    region: Region,
    title: &'a str,
    new: &'a str,
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'static str,
    severity: &'static str,
    headline: &'a str,
    labels: Vec<JsonLabel<'a>>,
    trace: Vec<JsonLabel<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    fixes: Vec<JsonFix<'a>>,
}

/// The list of all diagnostics. The first label of each is the place of the mistake, the others are involved; the trace
/// lists the calls that led there, innermost first.
///
/// # Panics
/// Never: all keys are strings and all numbers whole.
#[must_use]
pub fn json(diagnostics: &[Diagnostic], sources: &SourceMap) -> serde_json::Value {
    let list: Vec<JsonDiagnostic<'_>> = diagnostics
        .iter()
        .map(|diagnostic| JsonDiagnostic {
            code: diagnostic.code.name(),
            severity: diagnostic.code.severity().word(),
            headline: &diagnostic.headline,
            labels: labels(&diagnostic.labels, sources),
            trace: labels(&diagnostic.trace, sources),
            notes: &diagnostic.notes,
            help: diagnostic.help.as_deref(),
            fixes: diagnostic.fixes.iter().map(|fix| edit(fix, sources)).collect(),
        })
        .collect();
    serde_json::to_value(list).expect("strings and whole numbers can be written")
}

fn edit<'a>(fix: &'a Fix, sources: &SourceMap) -> JsonFix<'a> {
    JsonFix { region: Region::of(fix.span, sources), title: &fix.title, new: &fix.new }
}

fn labels<'a>(labels: &'a [Label], sources: &SourceMap) -> Vec<JsonLabel<'a>> {
    labels.iter().map(|label| JsonLabel { region: Region::of(label.span, sources), text: &label.text }).collect()
}
