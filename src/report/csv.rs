//! Fields of CSV files (RFC 4180).

/// A text as a field: in quotes where it holds what would end one.
#[must_use]
pub fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
