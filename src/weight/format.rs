//! What the formats of weight files have in common: which there are, what their headers say, and how they are written.
//!
//! A format reads its headers from an [`Input`] into [`Contents`], or takes tensors one after the other as a [`Sink`].
//! This file knows no format by more than its name, so that the formats and those who use them ([`super::file`],
//! [`super::writer`]) need not know each other.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::stored::Stored;

/// What files of PyTorch are called.
const PYTORCH: &[&str] = &["ckpt", "pt", "pth", "bin"];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Safetensors.
    Safetensors,
    /// A zip archive as `torch.save` writes it since PyTorch 1.6.
    PytorchZip,
    /// A row of pickles as `torch.save` wrote it before.
    PytorchLegacy,
}

impl Format {
    /// The format in which a file is written, by the ending of its name.
    #[must_use]
    pub fn of_name(path: &Path) -> Format {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if PYTORCH.contains(&ending.as_str()) { Format::PytorchZip } else { Format::Safetensors }
    }

    /// Whether the ending of a name says which format is meant.
    #[must_use]
    pub fn is_known(path: &Path) -> bool {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        ending == "safetensors" || PYTORCH.contains(&ending.as_str())
    }

    /// Whether notes have a place in it.
    #[must_use]
    pub fn takes_notes(self) -> bool {
        self == Format::Safetensors
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Safetensors => "safetensors",
            Format::PytorchZip => "PyTorch zip",
            Format::PytorchLegacy => "PyTorch legacy pickle",
        })
    }
}

/// A tensor that a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Type of its elements.
    pub stored: Stored,
}

/// Something in a file besides its weights: the state of an optimiser, a number of steps, a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// Its name.
    pub name: String,
    /// What it is, in words: `5`, `a dict of 3`.
    pub what: String,
    /// Tensors in it.
    pub tensors: usize,
}

/// What the headers of a file say; everything in it lies within the file.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) format: Format,
    /// All tensors. A name begins with those of the dicts around the tensor, each followed by a dot.
    pub(super) tensors: BTreeMap<String, Elements>,
    pub(super) notes: BTreeMap<String, String>,
    /// Everything else that dicts hold, and the dicts themselves, each before what is in it.
    pub(super) entries: Vec<Entry>,
    /// Further names of dicts, and the name by which the tensors of each are known.
    pub(super) same: BTreeMap<String, String>,
}

/// An entry of a dict.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its name, which begins with those of the dicts around it.
    pub(super) name: String,
    /// The name of the dict that it is an entry of; empty for the outermost one.
    pub(super) owner: String,
    pub(super) what: String,
    /// Tensors in it.
    pub(super) tensors: usize,
    pub(super) kind: EntryKind,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A dict whose tensors are among those of the file.
    Dict,
    /// A tensor of the file.
    Tensor,
    /// Anything else, whose tensors can't be read.
    Other,
}

/// The elements of a tensor, and where they lie.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    pub(super) shape: Vec<usize>,
    pub(super) stored: Stored,
    /// Number of the file that they lie in, if the checkpoint has several.
    pub(super) shard: usize,
    /// Distance in the file of the first element from the beginning, in bytes.
    pub(super) at: u64,
    /// Distance of neighbours along each axis, in elements.
    pub(super) strides: Vec<usize>,
    /// How they are written there.
    pub(super) writing: Writing,
    /// What is still to be done to them.
    pub(super) view: View,
}

impl Elements {
    /// Elements that lie in row-major order without gaps.
    pub(super) fn plain(shape: Vec<usize>, stored: Stored, at: u64) -> Elements {
        let strides = contiguous(&shape);
        Elements { shape, stored, shard: 0, at, strides, writing: Writing::Bytes, view: View::Plain }
    }
}

/// How the bytes of elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// As they are.
    Bytes,
    /// Each as the letter of its number, in UTF-8 of so many bytes.
    Letters(u64),
}

/// What is still to be done to elements after they have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Nothing.
    Plain,
    /// Their signs turn.
    Negative,
    /// They are replaced by their conjugates.
    Conjugate,
}

/// Strides of a tensor whose elements lie in row-major order without gaps.
pub(super) fn contiguous(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1_usize; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

/// Elements from the first to the last of a view; none if that is more than can be counted, or there are no elements.
pub(super) fn span(shape: &[usize], strides: &[usize]) -> Option<usize> {
    let steps = shape.iter().zip(strides).map(|(&extent, &stride)| extent.checked_sub(1)?.checked_mul(stride));
    steps.into_iter().try_fold(1_usize, |sum, step| sum.checked_add(step?))
}

/// A file that is being read, and its length.
pub(super) struct Input {
    pub(super) file: fs::File,
    pub(super) length: u64,
}

impl Input {
    /// The bytes at a place, which must lie within the file.
    pub(super) fn at(&mut self, at: u64, count: u64, what: &str) -> Result<Vec<u8>, Fault> {
        if at.checked_add(count).is_none_or(|end| end > self.length) {
            let length = self.length;
            return Err(Fault::Damaged(format!("{what} would end after its {length} bytes; it may be cut off")));
        }
        let mut bytes = vec![0; count as usize];
        self.file.seek(SeekFrom::Start(at)).map_err(Fault::Read)?;
        self.file.read_exact(&mut bytes).map_err(Fault::Read)?;
        Ok(bytes)
    }
}

/// Why the headers of a file can't be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The system says so.
    Read(io::Error),
    /// They are wrong.
    Damaged(String),
    /// A pickle names something that is not among the harmless things.
    Refused(String),
}

/// A format that is being written.
pub(super) trait Sink {
    /// Writes the elements of the next tensor.
    fn put(&mut self, tensor: &Found, elements: &[u8]) -> io::Result<()>;

    /// Writes what comes after the last, and gives the file back.
    fn finish(self: Box<Self>) -> io::Result<fs::File>;
}
