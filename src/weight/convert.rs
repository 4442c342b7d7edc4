//! Converts a file of weights to another format or another type of numbers.
//!
//! In: an open file and the path of the new one. Out: the new file, with the same tensors under the same names. It is
//! written only if every number fits the new type.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::WeightError;
use super::file::File;
use super::format::Found;
use super::stored::Stored;
use super::writer::Writer;

/// How numbers are converted.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The new type of all floating-point tensors; none keeps the type of each.
    pub stored: Option<Stored>,
    /// Whether a number that is too large for the new type becomes its largest number; if not, it is an error.
    pub clamps: bool,
}

/// Writes all tensors of a file into a new one, whose ending decides its format; integers stay as they are. Tells
/// `watch` after each tensor how many of how many are done, and returns how many numbers were clamped.
///
/// # Errors
/// If the file can't be read, a number is not finite or too large, or the new file can't be written; what was there
/// before is untouched then.
///
/// # Panics
/// If the conversion is to a type that is not floating point.
pub fn convert(
    file: &File,
    path: &Path,
    conversion: &Conversion,
    watch: &mut dyn FnMut(usize, usize),
) -> Result<usize, WeightError> {
    let target = |found: &Found| match &conversion.stored {
        Some(stored) if found.stored.is_float() => stored.clone(),
        Some(_) | None => found.stored.clone(),
    };
    let found = file.found();
    let made = found.iter().map(|tensor| Found { stored: target(tensor), ..tensor.clone() }).collect();
    let notes: BTreeMap<String, String> = file.notes().clone();
    let mut writer = Writer::create(path, made, &notes)?;
    let (mut done, mut cut) = (0, 0);
    // Nothing is written after the first bad tensor, but the others are still read, so that the error names all bad
    // ones.
    let (mut not_finite, mut too_large) = (Vec::new(), Vec::new());
    while let Some(place) = writer.next() {
        let tensor = &found[place];
        let bytes = match file_bytes(file, tensor, &target(tensor), conversion.clamps)? {
            Converted::Bytes(bytes, count) => {
                cut += count;
                bytes
            }
            Converted::NotFinite => {
                not_finite.push(tensor.name.clone());
                Vec::new()
            }
            Converted::TooLarge => {
                too_large.push(tensor.name.clone());
                Vec::new()
            }
        };
        if not_finite.is_empty() && too_large.is_empty() {
            writer.put(&bytes)?;
        } else {
            writer.skip();
        }
        done += 1;
        watch(done, found.len());
    }
    let path_in = file.path().to_owned();
    if !not_finite.is_empty() {
        return Err(WeightError::NotFinite { path: path_in, weights: not_finite });
    }
    if !too_large.is_empty() {
        let stored = conversion.stored.clone().expect("only a conversion makes numbers too large");
        let largest = stored.largest().expect("it is floating point");
        return Err(WeightError::Overflow { path: path_in, stored: stored.to_string(), largest, weights: too_large });
    }
    writer.finish()?;
    Ok(cut)
}

enum Converted {
    /// The bytes, and how many numbers were clamped.
    Bytes(Vec<u8>, usize),
    NotFinite,
    TooLarge,
}

fn file_bytes(file: &File, tensor: &Found, target: &Stored, clamps: bool) -> Result<Converted, WeightError> {
    let bytes = file.bytes(&tensor.name)?;
    if !tensor.stored.is_float() {
        return Ok(Converted::Bytes(bytes, 0));
    }
    let numbers = tensor.stored.floats(&bytes);
    if numbers.iter().any(|x| !x.is_finite()) {
        return Ok(Converted::NotFinite);
    }
    if *target == tensor.stored {
        return Ok(Converted::Bytes(bytes, 0));
    }
    drop(bytes);
    let (bytes, cut) = target.encode(&numbers);
    Ok(if cut > 0 && !clamps { Converted::TooLarge } else { Converted::Bytes(bytes, cut) })
}
