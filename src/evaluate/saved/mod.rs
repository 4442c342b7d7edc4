//! Predictions that any tool has saved: arrays in npy, npz and safetensors files.
//!
//! In comes a file; out come its arrays by name, as `f32` or as text. Sizes are checked against the file before memory is
//! taken, and nothing is executed: an array of Python objects is refused. This room knows no model and no data set.

mod error;
mod npy;
mod npz;
mod safetensors;

use std::collections::BTreeMap;
use std::path::Path;

pub use error::SavedError;

/// An array of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its extents; none for a single value.
    pub shape: Vec<usize>,
    /// Its values, the last extent fastest.
    pub values: Values,
}

/// What an array holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; those of 64 bits are rounded to 32.
    Numbers(Vec<f32>),
    /// Texts.
    Texts(Vec<String>),
}

/// The name that the only array of an npy file gets.
pub const UNNAMED: &str = "";

/// The arrays of a file, by name.
///
/// # Errors
/// If the file can't be read, is of another kind, is damaged, or holds what is no array of numbers or texts.
pub fn read(path: &Path) -> Result<BTreeMap<String, Array>, SavedError> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let read = || std::fs::read(path).map_err(|source| SavedError::Read { path: path.to_path_buf(), source });
    let fail = |reason: String| SavedError::Damaged { path: path.to_path_buf(), reason };
    match ending.as_str() {
        "npy" => Ok(BTreeMap::from([(UNNAMED.to_owned(), npy::parse(&read()?).map_err(fail)?)])),
        "npz" => npz::parse(&read()?).map_err(fail),
        "safetensors" => safetensors::parse(&read()?).map_err(fail),
        _ => Err(SavedError::Ending(path.to_path_buf())),
    }
}

impl Array {
    /// The numbers, if it holds numbers.
    #[must_use]
    pub fn numbers(&self) -> Option<&[f32]> {
        match &self.values {
            Values::Numbers(numbers) => Some(numbers),
            Values::Texts(_) => None,
        }
    }

    /// The texts, if it holds texts.
    #[must_use]
    pub fn texts(&self) -> Option<&[String]> {
        match &self.values {
            Values::Texts(texts) => Some(texts),
            Values::Numbers(_) => None,
        }
    }

    /// Number, rows and columns of the pictures in it: extents of 1 between the first and the last two are passed over.
    #[must_use]
    pub fn pictures(&self) -> Option<[usize; 3]> {
        match *self.shape.as_slice() {
            [rows, columns] => Some([1, rows, columns]),
            [count, rows, columns] | [count, 1, rows, columns] => Some([count, rows, columns]),
            _ => None,
        }
    }
}
