//! Sorted listings of folders.
//!
//! Entries whose names begin with a dot are passed over (`.DS_Store`, the `._000.png` that archives leave behind), and so
//! are files that are no images by their names. Links are followed, except by [`images_below`].

use std::fs;
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::image_file::{Kind, kind};

/// A folder or a file in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) is_directory: bool,
}

/// Everything in `directory` that is not hidden, sorted by name.
pub(super) fn entries(directory: &Path) -> Result<Vec<Entry>, DatasetError> {
    let unreadable = |source| DatasetError::read(directory, source);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = file_name(&path)?;
        if !name.starts_with('.') {
            let is_directory = path.is_dir();
            found.push(Entry { name, path, is_directory });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The folders in `directory`, which must not hold images of its own.
pub(super) fn directories(directory: &Path) -> Result<Vec<Entry>, DatasetError> {
    let found = entries_and_images(directory)?;
    match found.iter().find(|entry| !entry.is_directory) {
        Some(image) => Err(DatasetError::Unexpected {
            path: image.path.clone(),
            reason: "images lie one folder further down, sorted by what they show",
        }),
        None => Ok(found),
    }
}

/// The images in `directory`, which must not hold folders.
pub(super) fn images(directory: &Path) -> Result<Vec<Entry>, DatasetError> {
    let found = entries_and_images(directory)?;
    match found.iter().find(|entry| entry.is_directory) {
        Some(folder) => Err(DatasetError::Unexpected {
            path: folder.path.clone(),
            reason: "a folder of images holds no further folders",
        }),
        None => Ok(found),
    }
}

/// All images in `directory` and the folders below it; a linked folder below it is not entered, so that no ring traps us.
pub(super) fn images_below(directory: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut found = Vec::new();
    for entry in entries_and_images(directory)? {
        if !entry.is_directory {
            found.push(entry.path);
        } else if !entry.path.is_symlink() {
            found.extend(images_below(&entry.path)?);
        }
    }
    Ok(found)
}

/// The folders and the images in `directory`; an image of a format that is not read is an error.
fn entries_and_images(directory: &Path) -> Result<Vec<Entry>, DatasetError> {
    let mut found = entries(directory)?;
    found.retain(|entry| entry.is_directory || kind(&entry.path) != Kind::Other);
    match found.iter().find(|entry| !entry.is_directory && kind(&entry.path) == Kind::Refused) {
        Some(refused) => Err(DatasetError::UnsupportedImage { path: refused.path.clone() }),
        None => Ok(found),
    }
}

/// Checks that a folder a layout needs is there.
pub(super) fn require_directory(path: &Path, layout: &'static str) -> Result<(), DatasetError> {
    if path.is_dir() {
        Ok(())
    } else if path.exists() {
        Err(DatasetError::NotADirectory { path: path.to_path_buf(), layout })
    } else {
        Err(DatasetError::DirectoryMissing { path: path.to_path_buf(), layout })
    }
}

/// The last part of a path; `.` and `..` are looked up, so that they have one too.
pub(super) fn file_name(path: &Path) -> Result<String, DatasetError> {
    let looked_up = match path.file_name() {
        Some(_) => path.to_path_buf(),
        None => fs::canonicalize(path).map_err(|source| DatasetError::read(path, source))?,
    };
    match looked_up.file_name() {
        Some(name) => {
            name.to_str().map(str::to_owned).ok_or_else(|| DatasetError::NotUnicode { path: path.to_path_buf() })
        }
        None => Ok("root".to_owned()),
    }
}
