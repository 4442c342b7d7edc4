//! A file of arrays, of which only those are read that are asked for.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::archive::{Archive, ArchiveError, Packing};

use super::array::Array;
use super::error::SavedError;
use super::form::Form;
use super::{npy, safetensors, tiff};

/// The name that the only array of a file without names gets.
pub const UNNAMED: &str = "";

/// A file of arrays.
pub struct SavedFile {
    path: PathBuf,
    names: Vec<String>,
    content: Content,
}

enum Content {
    Npy(Vec<u8>),
    Npz(Archive<BufReader<File>>),
    Safetensors(Vec<u8>),
    Tiff,
}

impl SavedFile {
    /// Opens a file and looks which arrays it holds.
    ///
    /// # Errors
    /// If the file can't be read, is of another kind or is damaged.
    pub fn open(path: &Path) -> Result<SavedFile, SavedError> {
        let fail = |reason| SavedError::Damaged { path: path.to_path_buf(), reason };
        let unreadable = |source| SavedError::Read { path: path.to_path_buf(), source };
        let read = || std::fs::read(path).map_err(unreadable);
        let (names, content) = match Form::of(path)? {
            Form::Npy => (vec![UNNAMED.to_owned()], Content::Npy(read()?)),
            Form::Tiff => (vec![UNNAMED.to_owned()], Content::Tiff),
            Form::Npz => {
                let file = File::open(path).map_err(unreadable)?;
                let length = file.metadata().map_err(unreadable)?.len();
                let archive = Archive::open(BufReader::new(file), length).map_err(|error| fail(words(error)))?;
                (names(&archive).map_err(fail)?, Content::Npz(archive))
            }
            Form::Safetensors => {
                let bytes = read()?;
                (safetensors::names(&bytes).map_err(fail)?, Content::Safetensors(bytes))
            }
        };
        Ok(SavedFile { path: path.to_path_buf(), names, content })
    }

    /// The names of its arrays; [`UNNAMED`] where it holds one without a name.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it holds one array without a name, of one extent.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(&self.content, Content::Npy(bytes) if npy::look(bytes).is_ok_and(|(shape, _)| shape.len() == 1))
    }

    /// Reads an array.
    ///
    /// # Errors
    /// If it is damaged, or holds something else than numbers and texts.
    ///
    /// # Panics
    /// If it is none of [`SavedFile::names`].
    pub fn array(&mut self, name: &str) -> Result<Array, SavedError> {
        let array = match &mut self.content {
            Content::Npy(bytes) => npy::parse(bytes),
            Content::Tiff => tiff::read(&self.path),
            Content::Safetensors(bytes) => safetensors::array(bytes, name),
            Content::Npz(archive) => unpacked(archive, name).and_then(|bytes| npy::parse(&bytes)),
        };
        array.map_err(|reason| {
            let reason = if name == UNNAMED { reason } else { format!("in `{name}`: {reason}") };
            SavedError::Damaged { path: self.path.clone(), reason }
        })
    }
}

/// The names of the arrays in an archive: those of its files without `.npy`.
fn names(archive: &Archive<BufReader<File>>) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = archive.entries().iter().map(|entry| bare(&entry.name).to_owned()).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("it holds `{}` twice", pair[0])),
        None => Ok(names),
    }
}

fn bare(name: &str) -> &str {
    name.strip_suffix(".npy").unwrap_or(name)
}

fn unpacked(archive: &mut Archive<BufReader<File>>, name: &str) -> Result<Vec<u8>, String> {
    let entry =
        archive.entries().iter().find(|entry| bare(&entry.name) == name).expect("it is one of the names").clone();
    if entry.packing == Packing::Other {
        return Err("it is compressed; write the file with `np.savez` or `np.savez_compressed`".to_owned());
    }
    archive.unpack(&entry).map_err(words)
}

fn words(error: ArchiveError) -> String {
    match error {
        ArchiveError::Read(error) => error.to_string(),
        ArchiveError::Damaged(reason) => reason,
    }
}
