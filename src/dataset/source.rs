//! Images that are no data set: those of a folder, and textures that are drawn where there is none.

use std::path::Path;

use super::error::DatasetError;
use super::listing::{images_below, require_directory};
use super::sample::{Marks, Sample, Source};
use super::toy;

/// All images in a folder and the folders below it, in the order of their paths. None is decoded.
///
/// # Errors
/// If the folder can't be read, or holds an image of a format that is not read.
pub fn folder_images(folder: &Path) -> Result<Vec<Sample>, DatasetError> {
    require_directory(folder, "a folder of images")?;
    let paths = images_below(folder)?.into_iter();
    Ok(paths
        .map(|path| Sample {
            id: path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/"),
            class: 0,
            defect: None,
            source: Source::File { image: path, marks: Marks::Unknown },
        })
        .collect())
}

/// Pictures of surfaces that are drawn when they are asked for: the good training images of the textures of the toy data set.
#[must_use]
pub fn drawn_textures() -> Vec<Sample> {
    toy::textures()
}
