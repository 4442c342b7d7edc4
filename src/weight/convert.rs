//! A file of weights in another format or type.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::WeightError;
use super::file::File;
use super::format::Found;
use super::stored::Stored;
use super::writer::Writer;

/// What becomes of the numbers.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The type of all floating-point numbers; none leaves each tensor its own.
    pub stored: Option<Stored>,
    /// Whether numbers that are too large become the largest there is; otherwise they are an error.
    pub clamps: bool,
}

/// Writes all tensors of a file under their names, in the format that the new one is called by; integers stay as they are.
/// `watch` hears how many tensors have been written. Gives how many numbers were cut off.
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
    // After the first bad tensor nothing is written any more, but all others are looked at, so that all are named.
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
    /// The bytes, and how many numbers were cut off.
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
