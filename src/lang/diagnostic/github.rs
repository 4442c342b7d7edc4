//! Diagnostics as workflow commands of GitHub Actions, which shows them beside the changed lines.
//!
//! One line each: `::error file=F,line=L,col=C,endLine=L,endColumn=C,title=T::words`. A place that lies in no file of the
//! user's is told in words; then the innermost call that does lie in a file is the place.

use crate::source::SourceMap;

use super::{Diagnostic, Place};

/// All diagnostics, one to a line.
#[must_use]
pub fn github(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources)).collect()
}

fn command(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut properties = Vec::new();
    if let Some(label) = diagnostic.in_a_file(sources) {
        let place = Place::of(label.span, sources);
        properties.push(format!("file={}", property(&place.file)));
        properties.push(format!("line={},col={}", place.line, place.column));
        properties.push(format!("endLine={},endColumn={}", place.end_line, place.end_column));
    }
    let title = format!("{}[{}]", diagnostic.code.severity().word(), diagnostic.code);
    properties.push(format!("title={}", property(&title)));
    let (command, words) = (diagnostic.code.severity().word(), data(&diagnostic.words(sources)));
    format!("::{command} {}::{words}\n", properties.join(","))
}

/// What stands behind the command: a line break and the sign of an escape are escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands in a property, where `:` and `,` have a meaning too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
