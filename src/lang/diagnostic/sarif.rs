//! Diagnostics as SARIF 2.1.0, which code-scanning services read (OASIS, 2020).
//!
//! The rules are the codes that occur, with their explanations. If a mistake lies in no file of the user's (but in the
//! standard library or a setting), its location is the innermost call in such a file, and the message names the place.

use serde_json::{Value, json};

use diadc_core::span::Span;

use crate::source::SourceMap;

use super::{Code, Diagnostic, Explanation, Label, Region};

/// A whole log with one run.
#[must_use]
pub fn sarif(diagnostics: &[Diagnostic], sources: &SourceMap) -> Value {
    let mut codes: Vec<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable_by_key(|code| code.name());
    codes.dedup();
    let results: Vec<Value> = diagnostics.iter().map(|diagnostic| result(diagnostic, &codes, sources)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "diadc",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().copied().map(rule).collect::<Vec<Value>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let explanation = Explanation::of(code);
    json!({
        "id": code.name(),
        "shortDescription": { "text": explanation.title },
        "fullDescription": { "text": explanation.words() },
        "help": { "text": explanation.words(), "markdown": explanation.text },
    })
}

fn result(diagnostic: &Diagnostic, codes: &[Code], sources: &SourceMap) -> Value {
    let index = codes.iter().position(|code| *code == diagnostic.code).expect("the codes are those of the diagnostics");
    let mut result = json!({
        "ruleId": diagnostic.code.name(),
        "ruleIndex": index,
        "level": diagnostic.code.severity().word(),
        "message": { "text": diagnostic.words(sources) },
    });
    if let Some(label) = diagnostic.in_a_file(sources) {
        result["locations"] = json!([{ "physicalLocation": physical(label.span, sources) }]);
    }
    // The standard forbids the same location twice.
    let mut related: Vec<Value> = Vec::new();
    let labels = diagnostic.labels.iter().skip(1).chain(&diagnostic.trace);
    for Label { span, text } in labels.filter(|label| sources.get(label.span.source).is_file) {
        let place = json!({ "physicalLocation": physical(*span, sources), "message": { "text": text } });
        if !related.contains(&place) {
            related.push(place);
        }
    }
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn physical(span: Span, sources: &SourceMap) -> Value {
    let region = Region::of(span, sources);
    json!({
        "artifactLocation": { "uri": uri(&region.file) },
        "region": {
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        },
    })
}

/// A path as a relative or absolute URI reference: with slashes, and with all other special characters percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.replace(std::path::MAIN_SEPARATOR, "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
