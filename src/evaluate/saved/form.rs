//! In which form a file holds its arrays. The ending of its name says that it holds some, its first bytes say in which form.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::mistaken::{self, LOOKED_AT};

use super::error::SavedError;

/// A form of arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Npy,
    Npz,
    Safetensors,
    Tiff,
}

/// Endings of names, in lower case.
const ENDINGS: [&str; 5] = ["npy", "npz", "safetensors", "tif", "tiff"];

impl Form {
    /// The form of a file.
    ///
    /// # Errors
    /// If its name has another ending, it can't be read, or it holds no arrays.
    pub(super) fn of(path: &Path) -> Result<Form, SavedError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if !ENDINGS.contains(&ending.as_str()) {
            return Err(SavedError::Ending(path.to_path_buf()));
        }
        let mut start = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut start));
        read.map_err(|source| SavedError::Read { path: path.to_path_buf(), source })?;
        Form::begins(&start).map_err(|reason| SavedError::Damaged { path: path.to_path_buf(), reason })
    }

    fn begins(start: &[u8]) -> Result<Form, String> {
        let with = |beginnings: &[&[u8]]| beginnings.iter().any(|beginning| start.starts_with(beginning));
        if with(&[b"\x93NUMPY"]) {
            Ok(Form::Npy)
        } else if with(&[b"PK\x03\x04", b"PK\x05\x06"]) {
            Ok(Form::Npz)
        } else if with(&[b"II*\0", b"II+\0", b"MM\0*", b"MM\0+"]) {
            Ok(Form::Tiff)
        } else if start.get(8) == Some(&b'{') {
            Ok(Form::Safetensors)
        } else {
            Err(mistaken::kind(start).unwrap_or_else(|| {
                "it begins like no file of arrays: save it with `numpy.save`, `numpy.savez`, or as safetensors"
                    .to_owned()
            }))
        }
    }
}
