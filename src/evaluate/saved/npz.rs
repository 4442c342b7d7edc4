//! NumPy's npz format: a zip archive of npy files, stored or deflated.

use std::collections::BTreeMap;
use std::io::Cursor;

use crate::archive::{Archive, ArchiveError, Packing};

use super::{Array, npy};

/// The arrays of an npz file, by name.
pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    let reason = |error| match error {
        ArchiveError::Read(error) => error.to_string(),
        ArchiveError::Damaged(reason) => reason,
    };
    let mut archive = Archive::open(Cursor::new(bytes), bytes.len() as u64).map_err(reason)?;
    let mut arrays = BTreeMap::new();
    for entry in archive.entries().to_vec() {
        let name = entry.name.strip_suffix(".npy").unwrap_or(&entry.name);
        if entry.packing == Packing::Other {
            return Err(format!("`{name}` is compressed; write the file with `np.savez` or `np.savez_compressed`"));
        }
        let content = archive.unpack(&entry).map_err(reason)?;
        let array = npy::parse(&content).map_err(|reason| format!("in `{name}`: {reason}"))?;
        if arrays.insert(name.to_owned(), array).is_some() {
            return Err(format!("it holds `{name}` twice"));
        }
    }
    Ok(arrays)
}
