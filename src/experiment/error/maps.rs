//! What can be wrong with the maps of a data set.

use std::path::PathBuf;

/// Maps that do not match the images of a data set.
#[derive(Debug, thiserror::Error)]
pub enum MapsError {
    /// Test images without a map.
    #[error("{missing} of {of} test images have no map: {names}; expected `{}`, or `.tiff` or `.png`{hint}", .expected.display())]
    Missing {
        /// How many lack one.
        missing: usize,
        /// How many test images there are.
        of: usize,
        /// The first few of them.
        names: String,
        /// Where the map of the first of them was looked for.
        expected: PathBuf,
        /// What lies there instead.
        hint: String,
    },
    /// A folder in which there is nothing to measure.
    #[error("`{}` holds no .npy, .tiff or .png file{others}: there is nothing to measure", .folder.display())]
    None {
        /// The folder.
        folder: PathBuf,
        /// Which other files it holds, in words; empty if none.
        others: String,
    },
    /// Masks that belong to no map.
    #[error("masks without a map in `{}`: {names}; `{}` needs a map of that name", .maps.display(), .first.display())]
    NoMap {
        /// The first few of them, and how many more there are.
        names: String,
        /// The file of the first.
        first: PathBuf,
        /// Where maps lie.
        maps: PathBuf,
    },
    /// Masks whose values do not say which pixels are anomalous.
    #[error("{0}")]
    Masks(String),
    /// Maps whose rows are the columns of their images or masks.
    #[error("`{}` has {} rows and {} columns, its {of} {} rows and {} columns: one of the two is turned; save its transpose, `.T` in Python",
        .path.display(), .size[0], .size[1], .other[0], .other[1])]
    Turned {
        /// The first of them that shows it.
        path: PathBuf,
        /// Its rows and columns.
        size: [usize; 2],
        /// What they are compared with: an image or a mask.
        of: &'static str,
        /// The rows and columns of that.
        other: [usize; 2],
    },
    /// Two files are the map of one image, or one file that of two.
    #[error("{0}")]
    Ambiguous(String),
    /// Files of two kinds, whose values can't be compared.
    #[error("`{}` and `{}` are maps of two kinds, whose values can't be compared: save all alike", .first.display(), .second.display())]
    Kinds {
        /// A file of one kind.
        first: PathBuf,
        /// A file of the other.
        second: PathBuf,
    },
    /// A map of a size that neither its image nor the other maps have.
    #[error("`{}` is {}x{}, its image {}x{} and `{}` {}x{}: maps are each of the size of their image, or all of one size (height x width)",
        .path.display(), .size[0], .size[1], .image[0], .image[1], .other.display(), .common[0], .common[1])]
    Size {
        /// The map.
        path: PathBuf,
        /// Its rows and columns.
        size: [usize; 2],
        /// Those of its image.
        image: [usize; 2],
        /// Another map.
        other: PathBuf,
        /// The rows and columns of that.
        common: [usize; 2],
    },
}
