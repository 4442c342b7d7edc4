//! Places as editors name them: lines, columns in UTF-16 units, and addresses of files.
//!
//! Files that come with the program have no place on disk until an editor wants to open one: it is then written, for
//! reading only, below the user's cache folder.

use std::path::{Path, PathBuf};

use lsp_types::{Position, Range, Url};

use diadc_core::file;
use diadc_core::span::Span;
use diadc_lang::resolve::Location;
use diadc_lang::source::Disk;

/// The line and column of a byte.
pub(super) fn position(text: &str, byte: usize) -> Position {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let line = before.bytes().filter(|&b| b == b'\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column: usize = before[start..].chars().map(char::len_utf16).sum();
    Position { line: narrow(line), character: narrow(column) }
}

/// The byte at a line and column; the end of the line or text where they lie beyond it.
pub(super) fn byte(text: &str, position: Position) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(at) => start += at + 1,
            None => return text.len(),
        }
    }
    let line = text[start..].split('\n').next().unwrap_or_default();
    let mut column = 0;
    for (at, sign) in line.char_indices() {
        if column >= position.character as usize {
            return start + at;
        }
        column += sign.len_utf16();
    }
    start + line.len()
}

/// The lines and columns of a stretch of bytes.
pub(super) fn range(text: &str, start: usize, end: usize) -> Range {
    Range { start: position(text, start), end: position(text, end.max(start)) }
}

/// The same for a span.
pub(super) fn range_of(text: &str, span: Span) -> Range {
    range(text, span.start as usize, span.end as usize)
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The file that an address means.
pub(super) fn location(url: &Url) -> Location {
    // A text that was never saved has an address that is no path.
    let Ok(path) = url.to_file_path() else { return Location::File(PathBuf::from(url.as_str())) };
    match path.strip_prefix(cache()).map(Path::to_path_buf).ok() {
        Some(inside) => Location::Embedded(inside),
        None => Location::File(path),
    }
}

/// The address under which an editor knows a file.
pub(super) fn url(location: &Location) -> Option<Url> {
    match location {
        Location::File(path) => Url::from_file_path(path).ok().or_else(|| Url::parse(path.to_str()?).ok()),
        Location::Embedded(inside) => {
            let path = cache().join(inside);
            let text = location.read(&Disk).ok()?;
            if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
                write(&path, &text).ok()?;
            }
            Url::from_file_path(path).ok()
        }
    }
}

/// Where files that come with the program are written.
fn cache() -> PathBuf {
    file::cache_folder().unwrap_or_else(|| std::env::temp_dir().join("diadc").join(env!("CARGO_PKG_VERSION")))
}

/// Writes a file and its folders, for reading only.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    file::write(path, text.as_bytes())?;
    let mut permissions = std::fs::metadata(path)?.permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(path, permissions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf_16_units() {
        let text = "a\n\u{1f600}b\n";
        assert_eq!(position(text, 6), Position { line: 1, character: 2 });
        assert_eq!(byte(text, Position { line: 1, character: 2 }), 6);
        assert_eq!(byte(text, Position { line: 1, character: 99 }), 7);
        assert_eq!(byte(text, Position { line: 99, character: 0 }), text.len());
    }
}
