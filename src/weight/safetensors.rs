//! The safetensors format: a length, a header in JSON, and the elements one tensor after the other.
//!
//! The header is checked as a whole, against the length of the file, before memory is taken for a tensor; tensors
//! are then read one by one. The same tensors and notes always give the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::execute::{HostData, HostTensor};

use super::error::WeightError;
use super::layout::{Found, Stored};

/// Longer headers are refused, as by the format's other readers.
const LONGEST_HEADER: u64 = 100_000_000;

/// A safetensors file whose header has been read.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    header: Metadata,
    /// Where the elements begin.
    start: u64,
}

impl File {
    /// Reads and checks the header of a file.
    ///
    /// # Errors
    /// If the file can't be read, its header is wrong, or its length is not what the header says.
    pub fn open(path: &Path) -> Result<File, WeightError> {
        let damaged = |reason: String| WeightError::Damaged { path: path.to_owned(), reason };
        let unreadable = |source| WeightError::Read { path: path.to_owned(), source };
        let mut file = fs::File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        if length < 8 {
            return Err(damaged("it is shorter than 8 bytes".to_owned()));
        }
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(unreadable)?;
        let size = u64::from_le_bytes(size);
        if size > LONGEST_HEADER || size > length - 8 {
            return Err(damaged(format!("its header would have {size} bytes, the file has {length}")));
        }
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header).map_err(unreadable)?;
        let header: Metadata = serde_json::from_slice(&header).map_err(|error| damaged(error.to_string()))?;
        let start = 8 + size;
        let expected = start + header.data_len() as u64;
        if expected != length {
            return Err(damaged(format!("it should have {expected} bytes, it has {length}")));
        }
        Ok(File { path: path.to_owned(), header, start })
    }

    /// What is in it, sorted by name.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        let tensors: BTreeMap<String, &TensorInfo> = self.header.tensors().into_iter().collect();
        let found =
            |(name, info): (String, &TensorInfo)| Found { name, shape: info.shape.clone(), stored: stored(info.dtype) };
        tensors.into_iter().map(found).collect()
    }

    /// The notes that were written with it.
    #[must_use]
    pub fn notes(&self) -> BTreeMap<String, String> {
        self.header.metadata().clone().unwrap_or_default().into_iter().collect()
    }

    /// One tensor: floats of 16 and 32 bits become floats, integers of 64 bits integers.
    ///
    /// # Errors
    /// If it is not there, its type is another, or the file can't be read.
    pub fn read(&self, name: &str) -> Result<HostTensor, WeightError> {
        let missing = || WeightError::NoTensor { path: self.path.clone(), name: name.to_owned() };
        let unreadable = |source| WeightError::Read { path: self.path.clone(), source };
        let info = self.header.info(name).ok_or_else(missing)?;
        let (from, to) = info.data_offsets;
        let mut bytes = vec![0; to - from];
        let mut file = fs::File::open(&self.path).map_err(unreadable)?;
        file.seek(SeekFrom::Start(self.start + from as u64)).map_err(unreadable)?;
        file.read_exact(&mut bytes).map_err(unreadable)?;
        let data = match stored(info.dtype) {
            Stored::F32 => HostData::Float(elements(&bytes, f32::from_le_bytes)),
            Stored::F16 => HostData::Float(elements(&bytes, |b| f16::from_le_bytes(b).to_f32())),
            Stored::Bf16 => HostData::Float(elements(&bytes, |b| bf16::from_le_bytes(b).to_f32())),
            Stored::I64 => HostData::Int(elements(&bytes, i64::from_le_bytes)),
            Stored::Other(_) => return Err(missing()),
        };
        Ok(HostTensor::new(info.shape.clone(), data))
    }
}

fn elements<const N: usize, T>(bytes: &[u8], convert: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| convert(*chunk)).collect()
}

fn stored(dtype: Dtype) -> Stored {
    if dtype == Dtype::F32 {
        Stored::F32
    } else if dtype == Dtype::F16 {
        Stored::F16
    } else if dtype == Dtype::BF16 {
        Stored::Bf16
    } else if dtype == Dtype::I64 {
        Stored::I64
    } else {
        Stored::Other(dtype.to_string())
    }
}

/// Writes named tensors beside the file, makes sure that they are on the disk, and renames.
///
/// # Errors
/// If the file can't be written; what was there before is untouched then.
///
/// # Panics
/// If two tensors have one name.
pub fn write(
    path: &Path,
    tensors: &[(&str, &HostTensor)],
    notes: &BTreeMap<String, String>,
) -> Result<(), WeightError> {
    let partial = partial(path);
    let written = write_all(&partial, tensors, notes).and_then(|()| fs::rename(&partial, path));
    written.and_then(|()| sync_folder(path)).map_err(|source| {
        // The first error is the one to report; that the remains can't be removed adds nothing.
        let _ = fs::remove_file(&partial);
        WeightError::Write { path: path.to_owned(), source }
    })
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

fn write_all(path: &Path, tensors: &[(&str, &HostTensor)], notes: &BTreeMap<String, String>) -> io::Result<()> {
    // Elements of 8 bytes come first, so that every tensor is aligned to its elements.
    let mut order: Vec<&(&str, &HostTensor)> = tensors.iter().collect();
    order.sort_by_key(|(_, tensor)| std::cmp::Reverse(width(&tensor.data)));
    let mut file = BufWriter::new(fs::File::create(path)?);
    let header = header(&order, notes);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for (_, tensor) in order {
        match &tensor.data {
            HostData::Float(v) => v.iter().try_for_each(|x| file.write_all(&x.to_le_bytes()))?,
            HostData::Int(v) => v.iter().try_for_each(|x| file.write_all(&x.to_le_bytes()))?,
            HostData::Bool(v) => v.iter().try_for_each(|x| file.write_all(&[u8::from(*x)]))?,
        }
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn header(tensors: &[&(&str, &HostTensor)], notes: &BTreeMap<String, String>) -> Vec<u8> {
    let mut entries: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
    if !notes.is_empty() {
        entries.insert("__metadata__", serde_json::json!(notes));
    }
    let mut from = 0;
    for (name, tensor) in tensors {
        let to = from + tensor.data.len() * width(&tensor.data);
        let dtype = match &tensor.data {
            HostData::Float(_) => "F32",
            HostData::Int(_) => "I64",
            HostData::Bool(_) => "BOOL",
        };
        let entry = serde_json::json!({ "dtype": dtype, "shape": tensor.shape, "data_offsets": [from, to] });
        assert!(entries.insert(name, entry).is_none(), "two tensors are named `{name}`");
        from = to;
    }
    let mut bytes = serde_json::to_vec(&entries).expect("names and numbers can be written as JSON");
    bytes.resize(bytes.len().next_multiple_of(8), b' ');
    bytes
}

fn width(data: &HostData) -> usize {
    match data {
        HostData::Float(_) => 4,
        HostData::Int(_) => 8,
        HostData::Bool(_) => 1,
    }
}

/// Makes the new name itself last, where the system can do that.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::File::open(folder) {
        Ok(folder) => folder.sync_all().or(Ok(())),
        Err(_) => Ok(()),
    }
}
