//! The weights of a program from a file, and into one.

use std::collections::BTreeMap;
use std::path::Path;

use crate::execute::HostTensor;
use crate::graph::program::Program;

use super::error::WeightError;
use super::layout::{Expected, compare};
use super::safetensors::{File, write};

/// The weights expected, in their order, from a safetensors file that has exactly those.
///
/// # Errors
/// If the file can't be read, lacks a weight or has another, or a number in it is not finite. Names, shapes and types
/// are compared before any number is read.
pub fn load(path: &Path, expected: &[Expected]) -> Result<Vec<HostTensor>, WeightError> {
    let file = File::open(path)?;
    let layout = compare(expected, &file.found());
    if !layout.fits() {
        return Err(WeightError::Layout { path: path.to_owned(), layout: Box::new(layout) });
    }
    let weights = expected.iter().map(|weight| file.read(&weight.path)).collect::<Result<Vec<_>, _>>()?;
    let not_finite: Vec<String> = expected
        .iter()
        .zip(&weights)
        .filter(|(_, weight)| weight.as_floats().is_none_or(|v| v.iter().any(|x| !x.is_finite())))
        .map(|(expected, _)| expected.path.clone())
        .collect();
    if !not_finite.is_empty() {
        return Err(WeightError::NotFinite { path: path.to_owned(), weights: not_finite });
    }
    Ok(weights)
}

/// Writes all weights of a program under their paths; `weights` are in its order. `notes` go into the file's metadata.
///
/// # Errors
/// If the file can't be written; what was there before is untouched then.
pub fn save(
    path: &Path,
    program: &Program,
    weights: &[HostTensor],
    notes: &BTreeMap<String, String>,
) -> Result<(), WeightError> {
    let named: Vec<(&str, &HostTensor)> =
        program.weights.iter().zip(weights).map(|(weight, tensor)| (weight.path.as_str(), tensor)).collect();
    write(path, &named, notes)
}
