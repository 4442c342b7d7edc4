//! Diagnostics as workflow commands of GitHub Actions, which shows them beside the changed lines.
//!
//! One line each: `::error file=F,line=L,col=C,endLine=L,endColumn=C,title=T::words`. If a mistake lies in
//! no file of the user's, the place is the innermost call in such a file, and the words name the other place.

use crate::source::SourceMap;

use super::{Diagnostic, Region};

/// All diagnostics, one to a line.
#[must_use]
pub fn github(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources)).collect()
}

fn command(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut properties = Vec::new();
    if let Some(label) = diagnostic.in_a_file(sources) {
        let region = Region::of(label.span, sources);
        properties.push(format!("file={}", property(&region.file)));
        properties.push(format!("line={},col={}", region.line, region.column));
        properties.push(format!("endLine={},endColumn={}", region.end_line, region.end_column));
    }
    let title = format!("{}[{}]", diagnostic.code.severity().word(), diagnostic.code);
    properties.push(format!("title={}", property(&title)));
    let (command, words) = (diagnostic.code.severity().word(), data(&diagnostic.words(sources)));
    format!("::{command} {}::{words}\n", properties.join(","))
}

/// The text after the command, with line breaks and `%` escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, with `:` and `,` escaped as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
