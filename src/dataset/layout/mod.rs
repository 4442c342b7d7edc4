//! The published directory layouts, one per file, and what is checked of each alike.
//!
//! A layout turns a folder into one [`ClassFiles`] per wanted class; [`assemble`] makes the data set of them. Nothing
//! that looks like an image is passed over in silence: where a layout has no place for it, that is an error.

mod mvtec;
mod split_list;
mod visa;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::DatasetError;
use super::sample::{MaskFile, Sample, Source};
use super::{Dataset, listing};

pub(super) use mvtec::open as open_mvtec;
pub(super) use visa::open as open_visa;

/// The images of one class, as a layout found them.
struct ClassFiles {
    name: String,
    train: Vec<ImageFile>,
    test: Vec<ImageFile>,
    /// Where training and test images were looked for, for the message when there are none.
    train_at: PathBuf,
    test_at: PathBuf,
}

/// One image as a layout found it.
struct ImageFile {
    id: String,
    path: PathBuf,
    defect: Option<(String, MaskFile)>,
}

/// What the folder of a data set should hold, in words.
pub(super) fn expected(dataset: &str) -> &'static str {
    match dataset {
        "visa" => visa::LAYOUT,
        _ => mvtec::LAYOUT,
    }
}

/// Numbers the classes and checks that each can be trained on and tested, and that the headers of all files are sound.
fn assemble(name: &str, classes: Vec<ClassFiles>) -> Result<Dataset, DatasetError> {
    let mut dataset = Dataset { name: name.to_owned(), classes: Vec::new(), train: Vec::new(), test: Vec::new() };
    for (class, files) in classes.into_iter().enumerate() {
        for (images, phase, at) in [(&files.train, "training", &files.train_at), (&files.test, "test", &files.test_at)]
        {
            if images.is_empty() {
                return Err(DatasetError::EmptyClass { class: files.name, phase, path: at.clone() });
            }
        }
        dataset.train.extend(files.train.into_iter().map(|file| file.sample(class)));
        dataset.test.extend(files.test.into_iter().map(|file| file.sample(class)));
        dataset.classes.push(files.name);
    }
    let samples: Vec<&Sample> = dataset.train.iter().chain(&dataset.test).collect();
    // Collected before the first error is looked for, so that the error shown is always the same one.
    let checked: Vec<Result<(), DatasetError>> = samples.par_iter().map(|sample| sample.check_headers()).collect();
    checked.into_iter().collect::<Result<(), DatasetError>>()?;
    Ok(dataset)
}

/// The classes of a folder, by name: folders in it that are told by `is_class`, or the folder itself if it is one.
fn class_directories(
    root: &Path,
    layout: &'static str,
    is_class: fn(&Path) -> bool,
) -> Result<Vec<(String, PathBuf)>, DatasetError> {
    listing::require_directory(root, layout)?;
    if is_class(root) {
        return Ok(vec![(listing::file_name(root)?, root.to_path_buf())]);
    }
    let found: Vec<(String, PathBuf)> = listing::entries(root)?
        .into_iter()
        .filter(|entry| is_class(&entry.path))
        .map(|entry| (entry.name, entry.path))
        .collect();
    if found.is_empty() {
        return Err(DatasetError::NoClasses { path: root.to_path_buf(), layout });
    }
    Ok(found)
}

impl ImageFile {
    fn sample(self, class: usize) -> Sample {
        let (defect, mask) = self.defect.unzip();
        Sample { id: self.id, class, defect, source: Source::File { image: self.path, mask } }
    }
}
