//! What can be wrong with a file of weights; each names the file.

use std::io;
use std::path::PathBuf;

use super::layout::Layout;

/// A file of weights can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WeightError {
    /// The file can't be opened or read.
    #[error("can't read `{path}`: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file can't be written; what was there before is untouched.
    #[error("can't write `{path}`: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says: the disk is full, or the folder may not be written.
        source: io::Error,
    },
    /// It is no safetensors file, or a damaged one.
    #[error("`{path}` is not a safetensors file: {reason}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor that is needed is not in it, or not of the right type.
    #[error("`{path}` has no tensor `{name}` of a supported type", path = path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
    },
    /// It holds other weights than expected; nothing of it was used.
    #[error("the weights in `{path}` are not those of this spec\n{layout}", path = path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What differs.
        layout: Box<Layout>,
    },
    /// Some of its numbers are not finite; nothing of it was used.
    #[error("`{path}` holds numbers that are not finite, in {}", names(weights), path = path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The weights in question.
        weights: Vec<String>,
    },
}

/// At most ten names, and how many there are besides.
fn names(all: &[String]) -> String {
    let shown: Vec<String> = all.iter().take(10).map(|name| format!("`{name}`")).collect();
    match all.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
