//! Predictions that any tool has saved: arrays in npy, npz and safetensors files.
//!
//! In comes a file; out come its arrays by name, as `f32` or as text. Sizes are checked against the file before memory is
//! taken, and nothing is executed: an array of Python objects is refused. This room knows no model and no data set.

mod error;
mod npy;
mod npz;
mod safetensors;

use std::collections::BTreeMap;
use std::io::Read;
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

/// Bytes within which the header of an npy file ends.
const LONGEST_HEADER: u64 = 1 << 16;

/// The arrays of a file, by name.
///
/// # Errors
/// If the file can't be read, is of another kind, is damaged, or holds what is no array of numbers or texts.
pub fn read(path: &Path) -> Result<BTreeMap<String, Array>, SavedError> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let read = || std::fs::read(path).map_err(|source| SavedError::Read { path: path.to_path_buf(), source });
    let fail = damaged(path);
    match ending.as_str() {
        "npy" => Ok(BTreeMap::from([(UNNAMED.to_owned(), npy::parse(&read()?).map_err(fail)?)])),
        "npz" => npz::parse(&read()?).map_err(fail),
        "safetensors" => safetensors::parse(&read()?).map_err(fail),
        _ => Err(SavedError::Ending(path.to_path_buf())),
    }
}

/// Rows and columns of the map in an npy file, from its header alone.
///
/// # Errors
/// If the file can't be read, is damaged, or holds something else than one map.
pub fn map_size(path: &Path) -> Result<[usize; 2], SavedError> {
    let mut header = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST_HEADER).read_to_end(&mut header));
    read.map_err(|source| SavedError::Read { path: path.to_path_buf(), source })?;
    npy::shape_of(&header).and_then(|shape| one_map(&shape)).map_err(damaged(path))
}

/// The map in an npy file, row by row, and its rows and columns.
///
/// # Errors
/// If the file can't be read, is damaged, or holds something else than one map of numbers.
pub fn read_map(path: &Path) -> Result<(Vec<f32>, [usize; 2]), SavedError> {
    let array = read(path)?.remove(UNNAMED).expect("an npy file holds one array");
    let size = one_map(&array.shape).map_err(damaged(path))?;
    match array.values {
        Values::Numbers(values) => Ok((values, size)),
        Values::Texts(_) => Err(damaged(path)("it holds texts, not a map".to_owned())),
    }
}

/// Rows and columns of a shape that is that of one map, besides extents of 1.
fn one_map(shape: &[usize]) -> Result<[usize; 2], String> {
    match *shape {
        [rows, columns] | [1, rows, columns] | [1, 1, rows, columns] if rows > 0 && columns > 0 => Ok([rows, columns]),
        _ => Err(format!("it has the shape {shape:?}; a map is [H, W]")),
    }
}

fn damaged(path: &Path) -> impl Fn(String) -> SavedError {
    |reason| SavedError::Damaged { path: path.to_path_buf(), reason }
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
