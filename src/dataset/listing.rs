//! Sorted listings of folders.
//!
//! Entries whose names begin with a dot are passed over (`.DS_Store`, the `._000.png` that archives leave behind), and
//! so are files that are no images by their names. Links are followed, except by [`images_below`] and [`walk`]. What
//! has no place in a layout becomes a problem, and the rest is listed all the same.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::image_file::{Kind, kind};

/// What is wrong with a data set, in the order in which it was found.
pub(super) type Problems = Vec<DatasetError>;

/// A folder or a file in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) is_directory: bool,
}

/// Everything in `directory` that is not hidden, sorted by name.
pub(super) fn entries(directory: &Path, problems: &mut Problems) -> Vec<Entry> {
    let read = match fs::read_dir(directory) {
        Ok(read) => read,
        Err(source) => {
            problems.push(DatasetError::read(directory, source));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for entry in read {
        let named = entry.map_err(|source| DatasetError::read(directory, source)).and_then(|entry| {
            let path = entry.path();
            Ok(Entry { name: file_name(&path)?, is_directory: path.is_dir(), path })
        });
        match named {
            Ok(entry) if entry.name.starts_with('.') => {}
            Ok(entry) => found.push(entry),
            Err(error) => problems.push(error),
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The folders in `directory`, which must not hold images of its own.
pub(super) fn directories(directory: &Path, problems: &mut Problems) -> Vec<Entry> {
    let (folders, images): (Vec<Entry>, Vec<Entry>) =
        entries_and_images(directory, problems).into_iter().partition(|entry| entry.is_directory);
    problems.extend(images.into_iter().map(|image| DatasetError::Unexpected {
        path: image.path,
        reason: "images lie one folder further down, sorted by what they show",
    }));
    folders
}

/// The images in `directory`, which must not hold folders.
pub(super) fn images(directory: &Path, problems: &mut Problems) -> Vec<Entry> {
    let (folders, images): (Vec<Entry>, Vec<Entry>) =
        entries_and_images(directory, problems).into_iter().partition(|entry| entry.is_directory);
    problems.extend(folders.into_iter().map(|folder| DatasetError::Unexpected {
        path: folder.path,
        reason: "a folder of images holds no further folders",
    }));
    images
}

/// All images in `directory` and the folders below it, also those of formats that are not read; a linked folder below it
/// is not entered, so that links in a circle do no harm.
pub(super) fn images_below(directory: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut problems = Problems::new();
    let mut found = Vec::new();
    for entry in entries(directory, &mut problems) {
        if !entry.is_directory {
            found.extend((kind(&entry.path) != Kind::Other).then_some(entry.path));
        } else if !entry.path.is_symlink() {
            found.extend(images_below(&entry.path)?);
        }
    }
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(found),
    }
}

/// All files named as images, also of formats that are not read, in `directory` and below; linked folders are not
/// entered. What can't be listed is passed over.
pub(super) fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in entries(directory, &mut Problems::new()) {
        if entry.is_directory {
            if !entry.path.is_symlink() {
                found.extend(walk(&entry.path));
            }
        } else if kind(&entry.path) != Kind::Other {
            found.push(entry.path);
        }
    }
    found
}

/// The folders and the images in `directory`; an image of a format that is not read is a problem.
pub(super) fn entries_and_images(directory: &Path, problems: &mut Problems) -> Vec<Entry> {
    let mut found = entries(directory, problems);
    found.retain(|entry| {
        let is_refused = !entry.is_directory && kind(&entry.path) == Kind::Refused;
        if is_refused {
            problems.push(DatasetError::UnsupportedImage { path: entry.path.clone() });
        }
        entry.is_directory || kind(&entry.path) == Kind::Image
    });
    found
}

/// Checks that a folder a layout needs is there.
pub(super) fn require_directory(path: &Path, layout: &'static str) -> Result<(), DatasetError> {
    if path.is_dir() {
        return Ok(());
    }
    if path.exists() {
        return Err(DatasetError::NotADirectory { path: path.to_path_buf(), layout });
    }
    let found = path.parent().filter(|parent| parent.is_dir()).map_or_else(String::new, contents);
    Err(DatasetError::DirectoryMissing { path: path.to_path_buf(), found, layout })
}

/// "; found there: `a`, `b` and 3 more", the first few names in a folder.
pub(super) fn contents(directory: &Path) -> String {
    const SHOWN: usize = 6;
    let found = entries(directory, &mut Problems::new());
    if found.is_empty() {
        return "; the folder is empty".to_owned();
    }
    let names: Vec<String> = found.iter().take(SHOWN).map(|entry| format!("`{}`", entry.name)).collect();
    let more = found.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("; found there: {}{more}", names.join(", "))
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
