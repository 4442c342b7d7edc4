//! Data sets: which images there are, to which class they belong, and where they are anomalous.
//!
//! In goes a [`Request`] (a name, a folder, some classes), out comes a [`Dataset`]: lists of [`Sample`]s in an order that
//! depends on names alone, never on the file system. After [`open`] every class has training and test images, every
//! image has a readable header, and every defective image has a mask of its size; pixels are decoded only when asked for.
//! This room knows no model and no command line, and stores nothing but what [`toy::write`] is told to write.

mod error;
mod image_file;
mod inputs;
mod layout;
mod listing;
mod mask;
mod request;
mod resize_mask;
mod sample;
pub mod toy;
pub mod transform;

pub use error::DatasetError;
pub use image_file::read_image;
pub use inputs::predict_inputs;
pub use mask::Mask;
pub use request::Request;
pub use sample::Sample;

/// The names [`open`] knows, the built-in one first.
const NAMES: [&str; 3] = ["toy", "mvtec", "visa"];

/// Classes of images, each with normal images to learn from and mixed ones to be tested on.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The name it was asked for by.
    pub name: String,
    /// The names of the classes, sorted; [`Sample::class`] counts in this list.
    pub classes: Vec<String>,
    /// Images without defects, class by class.
    pub train: Vec<Sample>,
    /// Images with and without defects, class by class.
    pub test: Vec<Sample>,
}

/// The names of the data sets that can be opened.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &NAMES
}

/// Finds the images of a data set and checks that they can be used, without decoding them.
///
/// # Errors
/// When the data set or a class is not known, a folder is missing, a class has no images to train on or to test, an
/// image or a mask has no readable header, a mask is missing, or a mask has another size than its image.
pub fn open(request: &Request) -> Result<Dataset, DatasetError> {
    let classes = request.classes.as_deref();
    match (request.name.as_str(), request.root.as_deref()) {
        ("toy", None) => toy::generate_classes(classes),
        ("toy", Some(root)) => Err(DatasetError::RootForToy { root: root.to_path_buf() }),
        ("mvtec", Some(root)) => layout::open_mvtec(root, classes),
        ("visa", Some(root)) => layout::open_visa(root, classes),
        (name, None) if NAMES.contains(&name) => {
            Err(DatasetError::RootMissing { dataset: name.to_owned(), layout: layout::expected(name) })
        }
        (name, _) => Err(DatasetError::unknown_dataset(name)),
    }
}
