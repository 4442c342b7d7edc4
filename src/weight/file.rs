//! A file of weights in any known format: which tensors it holds, and their elements.
//!
//! Opening a file reads only its headers, which say where the elements of each tensor lie; elements are then read in
//! the same way for all formats. A tensor is read only if its elements take no more bytes than the whole file, so that
//! a hostile file can't take more memory than a small multiple of its own length.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::execute::HostTensor;

use super::error::WeightError;
use super::format::{Contents, Elements, Extra, Fault, Format, Found, Input, contiguous, span};
use super::{pytorch, safetensors};

/// A file whose headers have been read.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    length: u64,
    contents: Contents,
}

impl File {
    /// Recognises the format of a file by its first bytes, and reads and checks its headers.
    ///
    /// # Errors
    /// If the file can't be read, its format is not known, it is damaged, or a pickle in it names anything harmful.
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
        // The length of a header may begin with any byte, and neither an archive nor a pickle of PyTorch has a brace
        // there.
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

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Its format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.contents.format
    }

    /// Its tensors, sorted by name.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        let found = |(name, elements): (&String, &Elements)| Found {
            name: name.clone(),
            shape: elements.shape.clone(),
            stored: elements.stored.clone(),
        };
        self.contents.tensors.iter().map(found).collect()
    }

    /// Whether it has a tensor of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.contents.tensors.contains_key(name)
    }

    /// The notes in its metadata.
    #[must_use]
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.contents.notes
    }

    /// Its entries that are no weights.
    #[must_use]
    pub fn extras(&self) -> &[Extra] {
        &self.contents.extras
    }

    /// Reads one tensor: floating point becomes 32-bit floats, integers become 64-bit integers.
    ///
    /// # Errors
    /// If it is not there, its type is another, or the file can't be read.
    pub fn read(&self, name: &str) -> Result<HostTensor, WeightError> {
        let missing = || WeightError::NoTensor { path: self.path.clone(), name: name.to_owned() };
        let elements = self.contents.tensors.get(name).ok_or_else(missing)?;
        let data = elements.stored.decode(&self.bytes(name)?).ok_or_else(missing)?;
        Ok(HostTensor::new(elements.shape.clone(), data))
    }

    /// Reads the elements of one tensor as they are stored, in row-major order.
    ///
    /// # Errors
    /// If it is not there, has more elements than the file has bytes for, or the file can't be read.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, WeightError> {
        let missing = || WeightError::NoTensor { path: self.path.clone(), name: name.to_owned() };
        let elements = self.contents.tensors.get(name).ok_or_else(missing)?;
        let width = elements.stored.width();
        let count: usize = elements.shape.iter().product();
        if (count as u64).saturating_mul(width as u64) > self.length {
            let reason = format!(
                "`{name}` repeats its elements to {count}, more than the file has bytes for; write it with `.contiguous()`"
            );
            return Err(WeightError::Damaged { path: self.path.clone(), reason });
        }
        if count == 0 {
            return Ok(Vec::new());
        }
        let span = span(&elements.shape, &elements.strides).expect("it was checked when the file was opened");
        let mut bytes = vec![0; span * width];
        let mut file = fs::File::open(&self.path).map_err(|source| self.unreadable(source))?;
        file.seek(SeekFrom::Start(elements.at)).map_err(|source| self.unreadable(source))?;
        file.read_exact(&mut bytes).map_err(|source| self.unreadable(source))?;
        if elements.strides == contiguous(&elements.shape) {
            return Ok(bytes);
        }
        Ok(gather(&bytes, width, &elements.shape, &elements.strides))
    }

    fn unreadable(&self, source: io::Error) -> WeightError {
        WeightError::Read { path: self.path.clone(), source }
    }
}

/// Why a file that begins with these bytes can't be read, and what it probably is.
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
    format!("it begins like neither of them{guess}")
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
