//! What can be wrong with a file of weights. Each error names the file.

use std::io;
use std::path::PathBuf;

use super::comparison::Comparison;
use super::table::NoTable;

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
    #[error("can't write `{path}`: {source}; what was there before is untouched", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says: the disk is full, or the folder may not be written.
        source: io::Error,
    },
    /// PyTorch has no storage for a type.
    #[error("`{path}` can't hold `{name}`: files of PyTorch have no {stored}; write safetensors", path = path.display())]
    NoStorage {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// Type of its elements.
        stored: String,
    },
    /// Neither PyTorch's files nor safetensors have a storage for a type that a file of weights holds.
    #[error("`{path}` can't hold `{name}`: it is {stored}", path = path.display())]
    NoStorageAnywhere {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// Type of its elements, and what can be done.
        stored: String,
    },
    /// The format of the file is not known, or the file is damaged.
    #[error("`{path}` is no safetensors or PyTorch file that can be read: {reason}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A pickle names a Python function or class that is not on the list of harmless ones.
    #[error(
        "`{path}` asks for `{global}`, which a file of weights does not need; nothing of it was run. If you trust it, \
         save its `state_dict()` alone with PyTorch, or as safetensors",
        path = path.display()
    )]
    Refused {
        /// The file.
        path: PathBuf,
        /// The name of Python that it asks for.
        global: String,
    },
    /// A tensor is not in the file, or its type is not supported.
    #[error("`{path}` has no tensor `{name}` of a supported type", path = path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
    },
    /// Two tensors of the file stand for the same weight.
    #[error("`{path}` has two tensors for `{weight}`: `{first}` and `{second}`; take one of them out", path = path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The weight that both stand for.
        weight: String,
        /// Name of one tensor.
        first: String,
        /// Name of the other.
        second: String,
    },
    /// The file holds other weights than the spec; none of them was used.
    #[error("the weights in `{path}` are not those of this spec\n{comparison}", path = path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// What differs.
        comparison: Box<Comparison>,
    },
    /// Several networks in the file fit equally well.
    #[error(
        "`{path}` holds {} networks that fit equally well: {}; name one with --within", networks.len(), listed(networks),
        path = path.display()
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// Each of them, with how many tensors it has.
        networks: Vec<String>,
    },
    /// No name fits as it stands, and those of whole networks do without what stands before them.
    #[error("`{path}` names its weights within {}; name one with --within", listed(networks), path = path.display())]
    Begun {
        /// The file.
        path: PathBuf,
        /// What stands before the names of each network, with how many tensors it has.
        networks: Vec<String>,
    },
    /// No dict of the file, and no beginning of its names, is called so; or several are.
    #[error("`{path}` has no one dict `{name}`; {}", dicts(networks), path = path.display())]
    NoDict {
        /// The file.
        path: PathBuf,
        /// The name that was given.
        name: String,
        /// The dicts that it may be, each with how many tensors it has.
        networks: Vec<String>,
    },
    /// Some numbers in the file are not finite, which the new file can't be written with.
    #[error("`{path}` holds numbers that are not finite, in {}", names(weights), path = path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The weights that hold such numbers.
        weights: Vec<String>,
    },
    /// Some numbers in the file are too large for the type to which they are converted.
    #[error(
        "`{path}` holds numbers above {largest}, the largest of {stored}, in {}; choose another type, or cut them off with \
         --clamp",
        names(weights),
        path = path.display()
    )]
    Overflow {
        /// The file.
        path: PathBuf,
        /// The type.
        stored: String,
        /// Its largest number.
        largest: f64,
        /// The tensors that hold such numbers.
        weights: Vec<String>,
    },
    /// The file does not fit the model; the differences have been printed.
    #[error("`{path}` does not fit `{model}`", path = path.display())]
    Misfit {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
    },
    /// There is no part of this name.
    #[error("`{model}` has no part `{part}`; {help}")]
    NoPart {
        /// The model.
        model: String,
        /// The name that was given.
        part: String,
        /// What may have been meant.
        help: String,
    },
    /// There is no rename table of this name.
    #[error(transparent)]
    NoTable(#[from] NoTable),
}

/// At most ten dicts, and how many more there are.
fn listed(all: &[String]) -> String {
    match all.len().saturating_sub(10) {
        0 => all.join(", "),
        more => format!("{} and {more} more", all[..10].join(", ")),
    }
}

fn dicts(all: &[String]) -> String {
    if all.is_empty() { "all its tensors lie in one".to_owned() } else { format!("it has {}", listed(all)) }
}

/// At most ten names, and how many more there are.
pub(super) fn names(all: &[String]) -> String {
    let shown: Vec<String> = all.iter().take(10).map(|name| format!("`{name}`")).collect();
    match all.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
