//! Data sets: which images there are, to which class they belong, and where they are anomalous.
//!
//! In goes a [`Request`] (a name, a folder, some classes), out comes a [`Dataset`]: lists of [`Sample`]s in an order
//! that depends on names alone, never on the file system. After [`open`] every class has training and test images,
//! every image has a readable header, and masks are of the size of their images; pixels are decoded only when
//! asked for. This room knows no model and no command line, and stores nothing but what [`toy::write`] is told to
//! write.

use std::collections::BTreeMap;
use std::path::Path;

pub mod audit;
mod augment;
mod error;
mod image_file;
mod inputs;
mod jpeg;
mod layout;
mod listing;
mod mask;
mod request;
mod resample;
mod resize_mask;
mod sample;
mod source;
pub mod toy;
pub mod transform;

pub use augment::augment;
pub use error::DatasetError;
pub use image_file::{InputImage, Levels, read_brightness, read_image, read_input, read_levels, size as image_size};
pub use inputs::{images_in, predict_inputs};
pub use mask::{GreyMask, Mask, MaskRule};
pub use request::{Request, Unmarked, choose as chosen_classes};
pub use sample::Sample;
pub use source::{drawn_textures, folder_images};

/// The data set that is made in memory.
const TOY: &str = "toy";

/// The largest image that is read: 2^27 pixels, 384 megabytes of RGB.
const MOST_PIXELS: u64 = 1 << 27;

/// Classes of images, each with normal images to train on, and normal and defective images to test.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// Its name in the request.
    pub name: String,
    /// The names of the classes, sorted; [`Sample::class`] counts in this list.
    pub classes: Vec<String>,
    /// Images without defects, class by class.
    pub train: Vec<Sample>,
    /// Images that are neither trained on nor tested, where the data set has such a split.
    pub validation: Vec<Sample>,
    /// Images with and without defects, class by class.
    pub test: Vec<Sample>,
    /// Other images that objectives are given, by the names of their sources.
    pub sources: BTreeMap<String, Vec<Sample>>,
}

/// The names of the data sets that can be opened, the built-in one first.
#[must_use]
pub fn names() -> Vec<&'static str> {
    std::iter::once(TOY).chain(layout::LAYOUTS.iter().map(|layout| layout.name)).collect()
}

/// Finds the images of a data set and checks that they can be used, without decoding them.
///
/// # Errors
/// When the data set or a class is not known, a folder is missing, a class has no images to train on or to test, an
/// image or a mask has no readable header, a mask is missing for which the request has no rule, or a mask has another size
/// than its image.
pub fn open(request: &Request) -> Result<Dataset, DatasetError> {
    match place(request)? {
        Place::Memory => toy::generate_classes(request.classes.as_deref()),
        Place::Folder(layout, root) => layout::assemble(layout::scan(layout, root, request)?),
    }
}

/// Where a data set comes from.
enum Place<'a> {
    /// It is the toy set.
    Memory,
    /// It lies in a folder in a layout.
    Folder(&'static layout::Layout, &'a Path),
}

/// Where the requested data set comes from.
fn place(request: &Request) -> Result<Place<'_>, DatasetError> {
    let root = request.root.as_deref();
    if request.name == TOY {
        return match root {
            None => Ok(Place::Memory),
            Some(root) => Err(DatasetError::RootForToy { root: root.to_path_buf() }),
        };
    }
    let Some(layout) = layout::LAYOUTS.iter().find(|layout| layout.name == request.name) else {
        return Err(DatasetError::unknown_dataset(&request.name));
    };
    match root {
        Some(root) => Ok(Place::Folder(layout, root)),
        None => Err(DatasetError::RootMissing { dataset: layout.name.to_owned(), layout: layout.expected }),
    }
}
