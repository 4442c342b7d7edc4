//! A file of weights of any known format: what is in it, and its tensors one by one.
//!
//! Each format reads its headers and gives, for every tensor, where its elements lie; from there on all formats are
//! the same. A tensor is only read if the file is long enough to hold as many elements as it has, so that no file can
//! ask for more memory than a small multiple of its own length.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::execute::HostTensor;

use super::error::WeightError;
use super::stored::Stored;
use super::{pytorch, safetensors};

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

/// Something in a file beside its weights: the state of an optimiser, a number of steps, a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// Its name.
    pub name: String,
    /// What it is, in words: `5`, `a dict of 3`.
    pub what: String,
    /// Tensors in it.
    pub tensors: usize,
}

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

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Safetensors => "safetensors",
            Format::PytorchZip => "PyTorch zip",
            Format::PytorchLegacy => "PyTorch legacy pickle",
        })
    }
}

/// Where the elements of a tensor lie.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) shape: Vec<usize>,
    pub(super) stored: Stored,
    /// Distance in the file of the first element from the beginning, in bytes.
    pub(super) at: u64,
    /// Distance of neighbours along each axis, in elements.
    pub(super) strides: Vec<usize>,
}

/// What the headers of a file say; everything in it lies within the file.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) format: Format,
    pub(super) tensors: BTreeMap<String, Entry>,
    pub(super) notes: BTreeMap<String, String>,
    pub(super) extras: Vec<Extra>,
}

/// A file whose headers have been read.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    length: u64,
    contents: Contents,
}

impl File {
    /// Finds out the format of a file by its first bytes, and reads and checks its headers.
    ///
    /// # Errors
    /// If the file can't be read, is of no known format or damaged, or a pickle in it asks for more than tensors.
    pub fn open(path: &Path) -> Result<File, WeightError> {
        let unreadable = |source| WeightError::Read { path: path.to_owned(), source };
        let mut file = fs::File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory")));
        }
        let length = metadata.len();
        let mut start = Vec::new();
        file.by_ref().take(16).read_to_end(&mut start).map_err(unreadable)?;
        let mut input = Input { file, length };
        // The length of a header may begin with any byte, and neither an archive nor a pickle of PyTorch has a brace there.
        let contents = if start.get(8) == Some(&b'{') {
            safetensors::read(&mut input)
        } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            pytorch::read_zip(&mut input)
        } else if start.first() == Some(&0x80) {
            pytorch::read_legacy(&mut input)
        } else if path.extension().is_some_and(|end| end == "safetensors") {
            safetensors::read(&mut input)
        } else {
            Err(Fault::Damaged(unknown(&start)))
        };
        match contents {
            Ok(contents) => Ok(File { path: path.to_owned(), length, contents }),
            Err(Fault::Read(source)) => Err(unreadable(source)),
            Err(Fault::Damaged(reason)) => Err(WeightError::Damaged { path: path.to_owned(), reason }),
            Err(Fault::Refused(global)) => Err(WeightError::Refused { path: path.to_owned(), global }),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How it is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.contents.format
    }

    /// What is in it, sorted by name.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        let found = |(name, entry): (&String, &Entry)| Found {
            name: name.clone(),
            shape: entry.shape.clone(),
            stored: entry.stored.clone(),
        };
        self.contents.tensors.iter().map(found).collect()
    }

    /// Whether a tensor of this name is in it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.contents.tensors.contains_key(name)
    }

    /// The notes that were written with it.
    #[must_use]
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.contents.notes
    }

    /// What is in it beside its weights.
    #[must_use]
    pub fn extras(&self) -> &[Extra] {
        &self.contents.extras
    }

    /// One tensor: floating point becomes floats of 32 bits, integers become those of 64.
    ///
    /// # Errors
    /// If it is not there, its type is another, or the file can't be read.
    pub fn read(&self, name: &str) -> Result<HostTensor, WeightError> {
        let missing = || WeightError::NoTensor { path: self.path.clone(), name: name.to_owned() };
        let entry = self.contents.tensors.get(name).ok_or_else(missing)?;
        let data = entry.stored.decode(&self.bytes(name)?).ok_or_else(missing)?;
        Ok(HostTensor::new(entry.shape.clone(), data))
    }

    /// The elements of one tensor as they are stored, in row-major order.
    ///
    /// # Errors
    /// If it is not there, has more elements than the file has bytes for, or the file can't be read.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, WeightError> {
        let missing = || WeightError::NoTensor { path: self.path.clone(), name: name.to_owned() };
        let entry = self.contents.tensors.get(name).ok_or_else(missing)?;
        let width = entry.stored.width();
        let count: usize = entry.shape.iter().product();
        if (count as u64).saturating_mul(width as u64) > self.length {
            let reason = format!(
                "`{name}` repeats its elements to {count}, more than the file has bytes for; write it with `.contiguous()`"
            );
            return Err(WeightError::Damaged { path: self.path.clone(), reason });
        }
        if count == 0 {
            return Ok(Vec::new());
        }
        let span = span(&entry.shape, &entry.strides).expect("it was checked when the file was opened");
        let mut bytes = vec![0; span * width];
        let mut file = fs::File::open(&self.path).map_err(|source| self.unreadable(source))?;
        file.seek(SeekFrom::Start(entry.at)).map_err(|source| self.unreadable(source))?;
        file.read_exact(&mut bytes).map_err(|source| self.unreadable(source))?;
        if entry.strides == contiguous(&entry.shape) {
            return Ok(bytes);
        }
        Ok(gather(&bytes, width, &entry.shape, &entry.strides))
    }

    fn unreadable(&self, source: io::Error) -> WeightError {
        WeightError::Read { path: self.path.clone(), source }
    }
}

/// What is likely meant by a file that begins with these bytes.
fn unknown(start: &[u8]) -> String {
    if start.len() < 16 {
        return "it is too short".to_owned();
    }
    let guess = match start {
        [b'v', b'e', b'r', b's', b'i', b'o', b'n', b' ', ..] => {
            "; it is the pointer that Git LFS leaves: fetch the file"
        }
        [b'<', ..] => "; it looks like a web page: the download may have failed",
        [0x1f, 0x8b, ..] => "; it is compressed with gzip: unpack it",
        [0x89, b'H', b'D', b'F', ..] => "; it is an HDF5 file",
        [b'G', b'G', b'U', b'F', ..] => "; it is a GGUF file",
        _ => "",
    };
    format!("it begins like none of them{guess}")
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
            return Err(Fault::Damaged(format!("{what} would end behind its {length} bytes; it may be cut off")));
        }
        let mut bytes = vec![0; count as usize];
        self.file.seek(SeekFrom::Start(at)).map_err(Fault::Read)?;
        self.file.read_exact(&mut bytes).map_err(Fault::Read)?;
        Ok(bytes)
    }
}

/// Why a format's headers can't be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The system says so.
    Read(io::Error),
    /// They are wrong.
    Damaged(String),
    /// A pickle names something that is not among the harmless things.
    Refused(String),
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

/// The elements of a view in row-major order.
fn gather(bytes: &[u8], width: usize, shape: &[usize], strides: &[usize]) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut result = Vec::with_capacity(count * width);
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    for _ in 0..count {
        result.extend_from_slice(&bytes[at * width..(at + 1) * width]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= index[axis] * strides[axis];
            index[axis] = 0;
        }
    }
    result
}
