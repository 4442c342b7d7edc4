//! Writes the toy set as files, in the layout of `MVTec` AD, so that reading them as `mvtec` gives the same pixels.
//!
//! Everything is written into `DIR.partial`, which is renamed when it is complete. What was there before is left alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use rayon::prelude::*;
use serde::Serialize;

use super::class::Class;
use super::scene::Scene;
use super::scenes;
use crate::dataset::error::DatasetError;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The folder that now holds the data set.
    pub directory: PathBuf,
    /// The number of classes.
    pub classes: usize,
    /// The number of training images.
    pub train: usize,
    /// The number of good test images.
    pub test_good: usize,
    /// The number of defective test images, each with a mask.
    pub test_defective: usize,
}

/// Writes all images and masks as PNG files into `directory`, which must be absent or empty.
///
/// # Errors
/// When there is something in the way, or a file can't be written; then nothing is left behind.
pub fn write(directory: &Path) -> Result<Summary, DatasetError> {
    let partial = partial(directory)?;
    for path in [directory, &partial] {
        if !is_vacant(path)? {
            return Err(DatasetError::AlreadyThere { path: path.to_path_buf() });
        }
    }
    let written = fill(&partial).and_then(|summary| {
        if directory.exists() {
            fs::remove_dir(directory).map_err(|source| failed(directory, source))?;
        }
        fs::rename(&partial, directory).map_err(|source| failed(directory, source))?;
        Ok(Summary { directory: directory.to_path_buf(), ..summary })
    });
    if written.is_err() && partial.exists() {
        // The first error is the one to tell; the folder is ours, made above.
        let _ = fs::remove_dir_all(&partial);
    }
    written
}

/// Where the files lie until all are there.
fn partial(directory: &Path) -> Result<PathBuf, DatasetError> {
    let Some(name) = directory.file_name() else {
        return Err(DatasetError::AlreadyThere { path: directory.to_path_buf() });
    };
    let mut name = name.to_os_string();
    name.push(".partial");
    Ok(directory.with_file_name(name))
}

/// Whether there is nothing, or an empty folder.
fn is_vacant(path: &Path) -> Result<bool, DatasetError> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(!path.exists()),
        Err(error) => Err(DatasetError::read(path, error)),
    }
}

fn fill(root: &Path) -> Result<Summary, DatasetError> {
    let scenes: Vec<Scene> = Class::all().into_iter().flat_map(scenes).collect();
    for file in scenes.iter().flat_map(|scene| [scene.id(), mask_name(*scene)]) {
        if let Some(folder) = root.join(file).parent() {
            fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
        }
    }
    scenes.par_iter().try_for_each(|scene| write_scene(root, *scene))?;
    let count = |is_train, is_defective| {
        let counted = |scene: &&Scene| (scene.is_train, scene.defect.is_some()) == (is_train, is_defective);
        scenes.iter().filter(counted).count()
    };
    Ok(Summary {
        directory: root.to_path_buf(),
        classes: Class::all().len(),
        train: count(true, false),
        test_good: count(false, false),
        test_defective: count(false, true),
    })
}

fn write_scene(root: &Path, scene: Scene) -> Result<(), DatasetError> {
    let (image, mask) = scene.image_and_mask();
    save(&image.into(), &root.join(scene.id()))?;
    let Some(mask) = mask else { return Ok(()) };
    let marked = mask.anomalous();
    let image = GrayImage::from_fn(mask.width, mask.height, |x, y| {
        Luma([u8::from(marked[(y * mask.width + x) as usize]) * u8::MAX])
    });
    save(&image.into(), &root.join(mask_name(scene)))
}

/// The mask of `CLASS/test/KIND/000.png` is `CLASS/ground_truth/KIND/000_mask.png`; of a good picture there is none, and
/// its own name stands in.
fn mask_name(scene: Scene) -> String {
    if scene.defect.is_none() {
        return scene.id();
    }
    scene.id().replace("/test/", "/ground_truth/").replace(".png", "_mask.png")
}

fn save(image: &DynamicImage, path: &Path) -> Result<(), DatasetError> {
    image.save_with_format(path, ImageFormat::Png).map_err(|error| failed(path, io::Error::other(error)))
}

fn failed(path: &Path, source: io::Error) -> DatasetError {
    DatasetError::Write { path: path.to_path_buf(), source }
}
