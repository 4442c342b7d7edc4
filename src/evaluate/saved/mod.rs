//! Predictions that any tool has saved: arrays in npy, npz and safetensors files, and maps in TIFF files; and maps that other
//! tools read.
//!
//! In comes a file; out come those of its arrays that are asked for, each number as it is. Sizes are checked against the
//! file before memory is taken, and nothing is executed: an array of Python objects is refused. This room knows no model
//! and no data set.

mod array;
mod error;
mod file;
mod floats;
mod form;
mod header;
mod kind;
mod npy;
mod safetensors;
mod tiff;

use std::io::Read;
use std::path::Path;

pub use array::{Array, Values};
pub use error::SavedError;
pub use file::{SavedFile, UNNAMED};
pub use floats::{npy_of_map, tiff_of_map};

use form::Form;

/// What is said of arrays with names where one map is wanted.
const NAMED: &str = "it holds arrays with names, not one map";

/// Bytes within which the header of an npy file ends.
const LONGEST_HEADER: u64 = 1 << 16;

/// What the header of a file says of the map in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapHeader {
    /// Rows and columns.
    pub size: [usize; 2],
    /// Whether its values may need 64 bits.
    pub is_wide: bool,
}

/// Looks at the header of the map in an npy or TIFF file.
///
/// # Errors
/// If the file can't be read, is damaged, or holds something else than one map.
pub fn map_header(path: &Path) -> Result<MapHeader, SavedError> {
    let fail = damaged(path);
    match Form::of(path)? {
        Form::Npy => {}
        Form::Tiff => {
            let (size, is_wide) = tiff::look(path).map_err(fail)?;
            return Ok(MapHeader { size, is_wide });
        }
        Form::Npz | Form::Safetensors => return Err(fail(NAMED.to_owned())),
    }
    let mut header = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST_HEADER).read_to_end(&mut header));
    read.map_err(|source| SavedError::Read { path: path.to_path_buf(), source })?;
    let (shape, is_wide) = npy::look(&header).map_err(&fail)?;
    Ok(MapHeader { size: one_map(&shape).map_err(fail)?, is_wide })
}

/// The map in an npy or TIFF file, row by row, and its rows and columns.
///
/// # Errors
/// If the file can't be read, is damaged, or holds something else than one map of numbers.
pub fn read_map(path: &Path) -> Result<(Array, [usize; 2]), SavedError> {
    let mut file = SavedFile::open(path)?;
    if !file.names().iter().any(|name| name == UNNAMED) {
        return Err(damaged(path)(NAMED.to_owned()));
    }
    let array = file.array(UNNAMED)?;
    let size = one_map(&array.shape).map_err(damaged(path))?;
    match array.values {
        Values::Numbers(_) | Values::Wide(_) => Ok((array, size)),
        Values::Texts(_) => Err(damaged(path)("it holds texts, not a map".to_owned())),
    }
}

/// Rows and columns of a shape that is that of one map, besides extents of 1.
fn one_map(shape: &[usize]) -> Result<[usize; 2], String> {
    match *shape {
        [rows, columns] | [1, rows, columns] | [rows, columns, 1] | [1, 1, rows, columns] | [1, rows, columns, 1]
            if rows > 0 && columns > 0 =>
        {
            Ok([rows, columns])
        }
        _ => Err(format!("it has the shape {shape:?}; a map is [H, W]")),
    }
}

fn damaged(path: &Path) -> impl Fn(String) -> SavedError {
    |reason| SavedError::Damaged { path: path.to_path_buf(), reason }
}
