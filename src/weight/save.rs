//! Saves the weights of a program to a file, under their paths.

use std::collections::BTreeMap;
use std::path::Path;

use crate::execute::HostTensor;
use crate::graph::program::Program;
use crate::op::WeightId;

use super::error::WeightError;
use super::format::Found;
use super::stored::Stored;
use super::writer::Writer;

/// Writes the weights of a program that are wanted under their paths. `weight` is called once for each of them, in the order
/// of the program; `notes` go into the metadata of the file.
///
/// # Errors
/// If a weight can't be given, or the file can't be written; what was there before is untouched then.
pub fn save<E: From<WeightError>>(
    path: &Path,
    program: &Program,
    is_wanted: impl Fn(WeightId) -> bool,
    notes: &BTreeMap<String, String>,
    mut weight: impl FnMut(WeightId) -> Result<HostTensor, E>,
) -> Result<(), E> {
    let found = |weight: &crate::graph::program::Weight| Found {
        name: weight.path.clone(),
        shape: weight.shape.clone(),
        stored: Stored::F32,
    };
    let wanted: Vec<_> = program.weights().filter(|(id, _)| is_wanted(*id)).collect();
    let mut writer = Writer::create(path, wanted.iter().map(|(_, weight)| found(weight)).collect(), notes)?;
    while let Some(place) = writer.next() {
        writer.put_tensor(&weight(wanted[place].0)?)?;
    }
    Ok(writer.finish()?)
}
