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

    /// The text that stands in the place of a file that comes with the program, whose path is `path` below `specs/`; `None`
    /// leaves it as it is.
    fn in_place_of(&self, _path: &Path) -> Option<String> {
        None
    }
}

/// Why a file can't be read, in words that stand after a colon.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::InvalidData => {
            format!("it is not UTF-8 text{}", error.get_ref().map_or_else(String::new, |at| format!(": {at}")))
        }
        _ => error.to_string(),
    }
}

/// The text that bytes are.
///
/// # Errors
/// Of the kind `InvalidData`, with the place of the first byte that is no UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let (bytes, at) = (error.as_bytes(), error.utf8_error().valid_up_to());
        let line = bytes[..at].split(|byte| *byte == b'\n').count();
        let where_it_is = format!("save it as UTF-8 (byte {:#04x} in line {line})", bytes[at]);
        io::Error::new(io::ErrorKind::InvalidData, where_it_is)
    })
}
