//! What can be wrong with a file of predictions.

use std::path::PathBuf;

use thiserror::Error;

/// A file of predictions that can't be used.
#[derive(Debug, Error)]
pub enum SavedError {
    /// It can't be read.
    #[error("`{}`: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what its name says, or holds something else than numbers and texts.
    #[error("`{}`: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Its name has no known ending.
    #[error("`{}` is no .npy, .npz or .safetensors file", .0.display())]
    Ending(PathBuf),
}
