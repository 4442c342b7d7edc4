//! What can be wrong with a data set on a disk. Each message names the file, what is wrong with it, and the remedy.
//!
//! The reason a decoder or the system gave is part of the message and is also the `source` of the error.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A data set that can't be found, read or written.
#[derive(Debug, Error)]
pub enum DatasetError {
    /// No data set has this name.
    #[error("there is no data set `{name}`{hint}; the data sets are {known}")]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// " (did you mean ..?)", or nothing.
        hint: String,
        /// All names.
        known: String,
    },
    /// A data set that lies in a folder was asked for without one.
    #[error(
        "data set `{dataset}` needs the folder it lies in: `--data DIR`, or a line in `diadc.toml`; expected there:\n{layout}"
    )]
    RootMissing {
        /// The data set.
        dataset: String,
        /// What the folder should hold.
        layout: &'static str,
    },
    /// A folder was given for the toy set.
    #[error("data set `toy` is made in memory and reads no folder: leave `{root}` out, or read that folder as `mvtec`", root = .root.display())]
    RootForToy {
        /// The folder given.
        root: PathBuf,
    },
    /// A folder that should be there is not.
    #[error("`{path}` does not exist{found}; expected layout:\n{layout}", path = .path.display())]
    DirectoryMissing {
        /// The folder.
        path: PathBuf,
        /// What lies beside it.
        found: String,
        /// The layout it belongs to.
        layout: &'static str,
    },
    /// A file lies where a folder should be.
    #[error("`{path}` is not a directory; expected layout:\n{layout}", path = .path.display())]
    NotADirectory {
        /// The file.
        path: PathBuf,
        /// The layout that wants a folder there.
        layout: &'static str,
    },
    /// A list that should be there is not.
    #[error("`{path}` does not exist{found}; expected layout:\n{layout}", path = .path.display())]
    FileMissing {
        /// The list.
        path: PathBuf,
        /// What lies beside it.
        found: String,
        /// The layout it belongs to.
        layout: &'static str,
    },
    /// A folder does not have the requested layout, but another one.
    #[error("{error}\nit looks like the layout of `{name}`: use `--dataset {name}`")]
    OtherLayout {
        /// What is wrong with it as the layout that was requested.
        error: Box<DatasetError>,
        /// The data set whose layout it has.
        name: &'static str,
    },
    /// Two lists lie where one is expected.
    #[error("`{first}` and `{second}` are both lists of one phase: keep one in the folder", first = .first.display(), second = .second.display())]
    ListAmbiguous {
        /// One list.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Two folders lie where one is expected.
    #[error("`{first}` and `{second}` mean the same: keep one", first = .first.display(), second = .second.display())]
    FolderAmbiguous {
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The same images lie there in several resolutions.
    #[error("`{first}` and `{second}` hold the same images: name the one that is meant as the folder of the data set", first = .first.display(), second = .second.display())]
    ResolutionAmbiguous {
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A folder, list or file can't be read.
    #[error("can't read `{path}`: {source}; check that it is there and may be read", path = .path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file name that can't be part of the id of a sample.
    #[error("the name of `{path}` is not Unicode: rename it", path = .path.display())]
    NotUnicode {
        /// The file.
        path: PathBuf,
    },
    /// A folder holds no class at all.
    #[error("`{path}` holds no class{found}; expected layout:\n{layout}", path = .path.display())]
    NoClasses {
        /// The folder.
        path: PathBuf,
        /// What it holds instead.
        found: String,
        /// The layout it was read as.
        layout: &'static str,
    },
    /// A class of the layout `folder` has no folder of defective images, and others that have no place there.
    #[error("`{path}` has no folder of defective images (`defective`, `abnormal`, `anomalous`, `anomaly`, `bad` or `ng`){found}; rename or make one, which may be empty", path = .path.display())]
    NoDefective {
        /// The folder of the class.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// A class was asked for that is not there.
    #[error("there is no class `{class}`{hint}; the classes are {known}")]
    UnknownClass {
        /// The class asked for.
        class: String,
        /// " (did you mean ..?)", or nothing.
        hint: String,
        /// All classes.
        known: String,
    },
    /// A class was asked for twice.
    #[error("class `{class}` is asked for twice: name it once")]
    DuplicateClass {
        /// The class.
        class: String,
    },
    /// The list of classes asked for is empty.
    #[error("the list of wanted classes is empty: leave it out to take all, or name some of {known}")]
    NoClassWanted {
        /// All classes.
        known: String,
    },
    /// A class can't be trained on or can't be tested.
    #[error("class `{class}` has no {phase} images in `{path}`: add some, or leave the class out", path = .path.display())]
    EmptyClass {
        /// The class.
        class: String,
        /// `training` or `test`.
        phase: &'static str,
        /// Where they should be.
        path: PathBuf,
    },
    /// A folder or image that has no place in the layout.
    #[error("`{path}` has no place in this layout: {reason}; move it out of the data set", path = .path.display())]
    Unexpected {
        /// The folder or file.
        path: PathBuf,
        /// What the layout has there.
        reason: &'static str,
    },
    /// An image in a format that is not read.
    #[error("`{path}` is an image of an unsupported format: convert it to png, jpeg, bmp, tiff or webp", path = .path.display())]
    UnsupportedImage {
        /// The image.
        path: PathBuf,
    },
    /// A file with the name of an image that is none, or a damaged one.
    #[error("`{path}` can't be decoded: {source}; replace the file or remove it", path = .path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: image::ImageError,
    },
    /// A defective image has no mask.
    #[error("defective image `{image}` has no mask: expected `{expected}`; `--unmarked empty` counts it with an empty one", image = .image.display(), expected = .expected.display())]
    MaskMissing {
        /// The image.
        image: PathBuf,
        /// Where its mask should be.
        expected: PathBuf,
    },
    /// A list names no mask of a defective image.
    #[error("`{list}`, {at}: defective image `{image}` has no mask: name one; `--unmarked empty` counts it with an empty one", list = .list.display(), image = .image.display())]
    MaskUnlisted {
        /// The image.
        image: PathBuf,
        /// The list.
        list: PathBuf,
        /// The line, counted from 1.
        at: String,
    },
    /// A defective image has two masks.
    #[error("`{first}` and `{second}` are both masks of one image: remove one", first = .first.display(), second = .second.display())]
    MaskAmbiguous {
        /// One mask.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// An image that would take more memory than any photograph.
    #[error("`{path}` is {width}x{height} pixels, more than {limit} million: scale it down", path = .path.display(), limit = super::MOST_PIXELS / 1_000_000)]
    TooLarge {
        /// The image.
        path: PathBuf,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// A JPEG file that ends before its image does.
    #[error("`{path}` can't be decoded: it is cut short; replace the file or remove it", path = .path.display())]
    CutShort {
        /// The file.
        path: PathBuf,
    },
    /// A file with the name of an image whose first bytes are those of no image.
    #[error("`{path}` is no image: {what}", path = .path.display())]
    NoImage {
        /// The file.
        path: PathBuf,
        /// What it is, as a clause, and what to do about it.
        what: String,
    },
    /// A file without a byte.
    #[error("`{path}` can't be decoded: it is empty; replace the file or remove it", path = .path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A mask does not fit its image.
    #[error("mask `{mask}` is {mask_width}x{mask_height}, its image `{image}` is {width}x{height}: they must be of one size", mask = .mask.display(), image = .image.display())]
    MaskSize {
        /// The mask.
        mask: PathBuf,
        /// The width of the mask.
        mask_width: u32,
        /// The height of the mask.
        mask_height: u32,
        /// The image.
        image: PathBuf,
        /// The width of the image.
        width: u32,
        /// The height of the image.
        height: u32,
    },
    /// An image of floating-point colours.
    #[error("`{path}` has colours of floating point, of which nothing says what is white: save it with 8 or 16 bits", path = .path.display())]
    Floats {
        /// The image.
        path: PathBuf,
    },
    /// The mask of a defective image marks nothing.
    #[error("mask `{mask}` of a defective image marks no pixel: none is above {threshold} of 255; {remedy}", mask = .mask.display(), remedy = unmarked(*.highest))]
    MaskEmpty {
        /// The mask.
        mask: PathBuf,
        /// The value above which a pixel is anomalous.
        threshold: u8,
        /// The highest value in it.
        highest: u8,
    },
    /// A line of a list of images is wrong.
    #[error("`{path}`, {at}: {reason}", path = .path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// The line, counted from 1, or another place in it.
        at: String,
        /// What is wrong and what is expected.
        reason: String,
    },
    /// A picture in colours where one value a pixel is needed.
    #[error("`{path}` is in colours: save the values themselves, as a grey PNG of 16 bits or a float .npy", path = .path.display())]
    Coloured {
        /// The file.
        path: PathBuf,
    },
    /// None of the files and folders given holds an image.
    #[error("found no png, jpeg, bmp, tiff, webp or gif image in {places}: name images, or folders that hold some")]
    NoInputs {
        /// The files and folders, quoted.
        places: String,
    },
    /// A file given as an input does not have the name of an image.
    #[error("`{path}` is not named as an image: expected .png, .jpg, .jpeg, .bmp, .tif, .tiff, .webp or .gif", path = .path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
    },
    /// Something lies where a data set was to be written.
    #[error("`{path}` is already there and is left as it is: choose another folder, or remove it first", path = .path.display())]
    AlreadyThere {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder can't be written.
    #[error("can't write `{path}`: {source}; no part of the data set was left there", path = .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What can be done for a mask whose highest value marks nothing.
fn unmarked(highest: u8) -> String {
    match highest {
        0 => "write anomalous pixels as 255, or count it as it is with `--unmarked empty`".to_owned(),
        _ => format!("its highest value is {highest}: write anomalous pixels as 255"),
    }
}

impl DatasetError {
    pub(super) fn unknown_dataset(name: &str) -> Self {
        let known: Vec<String> = super::names().into_iter().map(str::to_owned).collect();
        Self::UnknownDataset { name: name.to_owned(), hint: hint(name, &known), known: known.join(", ") }
    }

    pub(super) fn unknown_class(class: &str, known: &[String]) -> Self {
        // As the command line takes them.
        let quoted = |name: &String| if name.contains(',') { format!("\"{name}\"") } else { name.clone() };
        let known: Vec<String> = known.iter().map(quoted).collect();
        Self::UnknownClass { class: class.to_owned(), hint: hint(class, &known), known: known.join(", ") }
    }

    /// The files and folders that are wrong.
    pub(super) fn places(&self) -> Vec<String> {
        let shown = |paths: &[&PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
        match self {
            Self::MaskAmbiguous { first, second }
            | Self::ListAmbiguous { first, second }
            | Self::FolderAmbiguous { first, second }
            | Self::ResolutionAmbiguous { first, second } => shown(&[first, second]),
            Self::OtherLayout { error, .. } => error.places(),
            Self::DirectoryMissing { path, .. }
            | Self::FileMissing { path, .. }
            | Self::NotADirectory { path, .. }
            | Self::Read { path, .. }
            | Self::NotUnicode { path }
            | Self::NoClasses { path, .. }
            | Self::NoDefective { path, .. }
            | Self::EmptyClass { path, .. }
            | Self::Unexpected { path, .. }
            | Self::UnsupportedImage { path }
            | Self::Decode { path, .. }
            | Self::TooLarge { path, .. }
            | Self::CutShort { path }
            | Self::EmptyFile { path }
            | Self::NoImage { path, .. }
            | Self::Coloured { path }
            | Self::Floats { path }
            | Self::List { path, .. }
            | Self::NotAnImage { path }
            | Self::AlreadyThere { path }
            | Self::Write { path, .. } => shown(&[path]),
            Self::MaskMissing { image, .. } | Self::MaskUnlisted { image, .. } => shown(&[image]),
            Self::MaskSize { mask, .. } | Self::MaskEmpty { mask, .. } => shown(&[mask]),
            Self::RootForToy { root } => shown(&[root]),
            Self::UnknownDataset { .. }
            | Self::RootMissing { .. }
            | Self::UnknownClass { .. }
            | Self::DuplicateClass { .. }
            | Self::NoClassWanted { .. }
            | Self::NoInputs { .. } => Vec::new(),
        }
    }

    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_path_buf(), source }
    }
}

/// " (did you mean ..?)" when a word begins with a known name, or one is at most a third of its letters away. Only letters and
/// digits count.
fn hint(name: &str, known: &[String]) -> String {
    let plain = |text: &str| text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
    let name = plain(name);
    let away = |other: &&String| {
        let other = plain(other);
        if !other.is_empty() && name.starts_with(&other) { 0 } else { strsim::damerau_levenshtein(&name, &other) }
    };
    let near = |other: &&String| away(other) <= (other.chars().count() / 3).max(1);
    let nearest = known.iter().filter(near).min_by_key(|other| (away(other), std::cmp::Reverse(other.len())));
    nearest.map_or_else(String::new, |other| format!(" (did you mean `{other}`?)"))
}
