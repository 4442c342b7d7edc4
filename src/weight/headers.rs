//! Recognises the format of a single file by its first bytes, and reads its headers.
//!
//! In: a path. Out: what the file holds and where it lies; or, if it is no file of weights, what it is.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::mistaken::LOOKED_AT;

use super::error::WeightError;
use super::format::{Contents, Fault, Format, Input};
use super::kind::{kind, unknown};
use super::{pytorch, safetensors};

/// How many entries of a directory are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The length of a single file, and what its headers say.
pub(super) fn headers(path: &Path) -> Result<(u64, Contents), WeightError> {
    let unreadable = |source| WeightError::Read { path: path.to_owned(), source };
    let (mut input, start) = begin(path)?;
    let length = input.length;
    // The length of a header may begin with any byte, and neither an archive nor a pickle of PyTorch has a brace
    // there.
    let contents = if has_header(&start, length) {
        safetensors::read(&mut input)
    } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        pytorch::read_zip(&mut input)
    } else if start.first() == Some(&0x80) {
        pytorch::read_legacy(&mut input)
    } else if let Some(words) = kind(&start) {
        Err(Fault::Damaged(words))
    } else if start.get(8) == Some(&b'{') {
        safetensors::read(&mut input)
    } else {
        Err(Fault::Damaged(unknown(&start)))
    };
    match contents {
        Ok(contents) => Ok((length, contents)),
        Err(Fault::Read(source)) => Err(unreadable(source)),
        Err(Fault::Damaged(reason)) => Err(WeightError::Damaged { path: path.to_owned(), reason }),
        Err(Fault::Refused(global)) => Err(WeightError::Refused { path: path.to_owned(), global }),
    }
}

/// Whether a file that begins so has a header of safetensors that it is long enough for.
pub(super) fn has_header(start: &[u8], length: u64) -> bool {
    start.get(8) == Some(&b'{') && start.first_chunk().is_some_and(|size| u64::from_le_bytes(*size) < length)
}

/// Opens a file and reads its first bytes.
pub(super) fn begin(path: &Path) -> Result<(Input, Vec<u8>), WeightError> {
    let unreadable = |source| WeightError::Read { path: path.to_owned(), source };
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::Error::new(io::ErrorKind::IsADirectory, directory(path))));
    }
    let mut start = Vec::new();
    file.by_ref().take(LOOKED_AT).read_to_end(&mut start).map_err(unreadable)?;
    Ok((Input { file, length: metadata.len() }, start))
}

/// What is said of a directory: which of its files may be meant.
fn directory(path: &Path) -> String {
    let entries = fs::read_dir(path).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    if names.iter().any(|name| name.ends_with(".distcp")) {
        return "it is a directory, a distributed checkpoint: make one file of it with `dcp_to_torch_save`".to_owned();
    }
    let index = names.iter().find(|name| name.ends_with(".index.json"));
    let file = || names.iter().find(|name| Format::is_known(Path::new(name)));
    match index.or_else(file) {
        Some(name) => format!("it is a directory; give a file in it, such as `{name}`"),
        None => "it is a directory".to_owned(),
    }
}
