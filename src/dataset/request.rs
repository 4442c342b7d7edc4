//! What is asked of [`open`](super::open), and the choice of classes within it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::DatasetError;

/// What a defective image counts as of which no pixel is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unmarked {
    /// All its pixels are good, though the image is not.
    Empty,
    /// It is not known which of its pixels are anomalous, so that its class has no pixel metrics.
    Unknown,
}

/// Which data set, where it lies, and which of its classes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// One of [`names`](super::names).
    pub name: String,
    /// The folder it lies in; `None` for the toy set, which lies nowhere.
    pub root: Option<PathBuf>,
    /// The classes to take, in any order; `None` takes all.
    pub classes: Option<Vec<String>>,
    /// What defective images without a mask count as, and with [`Unmarked::Empty`] also those whose masks are empty; `None`
    /// for what the data set itself does: most refuse them.
    pub unmarked: Option<Unmarked>,
}

/// The classes of `available` that are `wanted`, in the order of `available`: the order of the request does not matter.
///
/// # Errors
/// If none is wanted, one is wanted twice, or one is not available.
pub fn choose(available: Vec<String>, wanted: Option<&[String]>) -> Result<Vec<String>, DatasetError> {
    let Some(wanted) = wanted else {
        return Ok(available);
    };
    if wanted.is_empty() {
        return Err(DatasetError::NoClassWanted { known: available.join(", ") });
    }
    for (place, class) in wanted.iter().enumerate() {
        if wanted[..place].contains(class) {
            return Err(DatasetError::DuplicateClass { class: class.clone() });
        }
        if !available.contains(class) {
            return Err(DatasetError::unknown_class(class, &available));
        }
    }
    Ok(available.into_iter().filter(|class| wanted.contains(class)).collect())
}
