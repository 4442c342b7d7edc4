//! What is asked of [`open`](super::open), and the choice of classes within it.

use std::path::PathBuf;

use super::error::DatasetError;

/// Which data set, where it lies, and which of its classes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// One of [`names`](super::names).
    pub name: String,
    /// The folder it lies in; `None` for the toy set, which lies nowhere.
    pub root: Option<PathBuf>,
    /// The classes to take, in any order; `None` takes all.
    pub classes: Option<Vec<String>>,
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
