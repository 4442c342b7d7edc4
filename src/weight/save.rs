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

/// Writes all weights of a program under their paths. `weight` is called once for each, in the order of the file;
/// `notes` go into the metadata of the file.
///
/// # Errors
/// If a weight can't be given, or the file can't be written; what was there before is untouched then.
pub fn save<E: From<WeightError>>(
    path: &Path,
    program: &Program,
    notes: &BTreeMap<String, String>,
    mut weight: impl FnMut(WeightId) -> Result<HostTensor, E>,
) -> Result<(), E> {
    let found = |weight: &crate::graph::program::Weight| Found {
        name: weight.path.clone(),
        shape: weight.shape.clone(),
        stored: Stored::F32,
    };
    let mut writer = Writer::create(path, program.weights.iter().map(found).collect(), notes)?;
    while let Some(place) = writer.next() {
        let id = WeightId(u32::try_from(place).expect("a program has fewer than 2^32 weights"));
        writer.put_tensor(&weight(id)?)?;
    }
    Ok(writer.finish()?)
}
