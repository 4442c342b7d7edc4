//! Images that belong to no data set: what `predict` is given.

use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::image_file::{Kind, kind};
use super::listing;

/// The image files among `paths` and in the folders among them and below, sorted, each once.
///
/// In a folder, files that are no images and hidden ones are passed over; images of formats that are not read are among the
/// result. A file that is named itself must be an image that is read.
///
/// # Errors
/// When a path is not there, a file is not named as an image or is of an unsupported format, or there is no image at all.
pub fn predict_inputs<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>, DatasetError> {
    let mut found = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let metadata = path.metadata().map_err(|source| DatasetError::read(path, source))?;
        if metadata.is_dir() {
            found.extend(images_in(path)?);
            continue;
        }
        match kind(path) {
            Kind::Image => found.push(path.to_path_buf()),
            Kind::Refused => {
                return Err(DatasetError::UnsupportedImage { path: path.to_path_buf() });
            }
            Kind::Other => {
                return Err(DatasetError::NotAnImage { path: path.to_path_buf() });
            }
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(DatasetError::NoInputs { places: quoted(paths) });
    }
    Ok(found)
}

/// The image files in a folder and below, sorted, also those of formats that are not read.
///
/// # Errors
/// If a folder can't be listed, or a name is not Unicode.
pub fn images_in(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut found = listing::images_below(folder)?;
    found.sort();
    Ok(found)
}

fn quoted<P: AsRef<Path>>(paths: &[P]) -> String {
    if paths.is_empty() {
        return "an empty list of paths".to_owned();
    }
    let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.as_ref().display())).collect();
    names.join(", ")
}
