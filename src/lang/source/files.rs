//! What reads files.

use std::io;
use std::path::Path;

/// Something that has files.
pub trait Files {
    /// The text of the file at a path.
    ///
    /// # Errors
    /// Why there is none: of the kind `NotFound` if there is no such file, `InvalidData` if it is no UTF-8 text.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// Why a file can't be read, in words that stand after a colon.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}
