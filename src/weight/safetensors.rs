//! The safetensors format: a length, a header in JSON, and the elements one tensor after the other.
//!
//! The header is checked as a whole, against the length of the file, before memory is taken for a tensor. Tensors are
//! written one by one, beside the file's place, and moved there when all are on the disk. The same tensors and notes
//! always give the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::execute::{HostData, HostTensor};

use super::error::WeightError;
use super::file::{Contents, Entry, Fault, Format, Found, Input, contiguous};
use super::stored::Stored;

/// Longer headers are refused, as by the format's other readers.
const LONGEST_HEADER: u64 = 100_000_000;

/// Reads and checks the header of a file.
pub(super) fn read(input: &mut Input) -> Result<Contents, Fault> {
    let size = input.at(0, 8, "the length of the header")?;
    let size = u64::from_le_bytes(size.try_into().expect("they are 8"));
    if size > LONGEST_HEADER || size > input.length - 8 {
        let length = input.length;
        return Err(Fault::Damaged(format!("its header would have {size} bytes, the file has {length}")));
    }
    let header = input.at(8, size, "its header")?;
    let header: Metadata =
        serde_json::from_slice(&header).map_err(|error| Fault::Damaged(format!("its header: {error}")))?;
    let start = 8 + size;
    let expected = start + header.data_len() as u64;
    if expected != input.length {
        let length = input.length;
        return Err(Fault::Damaged(format!("it should have {expected} bytes, it has {length}")));
    }
    let mut tensors = BTreeMap::new();
    let named: BTreeMap<String, &TensorInfo> = header.tensors().into_iter().collect();
    for (name, info) in named {
        let stored = stored(info.dtype)
            .ok_or_else(|| Fault::Damaged(format!("the elements of `{name}`, {}, are not whole bytes", info.dtype)))?;
        let at = start + info.data_offsets.0 as u64;
        let (shape, strides) = (info.shape.clone(), contiguous(&info.shape));
        tensors.insert(name, Entry { shape, stored, at, strides });
    }
    let notes: &HashMap<String, String> = &header.metadata().clone().unwrap_or_default();
    let notes: BTreeMap<String, String> = notes.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok(Contents { format: Format::Safetensors, tensors, notes, extras: Vec::new() })
}

fn stored(dtype: Dtype) -> Option<Stored> {
    let known = [
        (Dtype::F64, Stored::F64),
        (Dtype::F32, Stored::F32),
        (Dtype::F16, Stored::F16),
        (Dtype::BF16, Stored::Bf16),
        (Dtype::I64, Stored::I64),
        (Dtype::I32, Stored::I32),
        (Dtype::I16, Stored::I16),
        (Dtype::I8, Stored::I8),
        (Dtype::U8, Stored::U8),
        (Dtype::BOOL, Stored::Bool),
    ];
    let found = known.into_iter().find(|(own, _)| *own == dtype).map(|(_, stored)| stored);
    let other = || dtype.bitsize().is_multiple_of(8).then(|| Stored::Other(dtype.to_string(), dtype.bitsize() / 8));
    found.or_else(other)
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
    let found = tensors.iter().map(|(name, tensor)| {
        let stored = match &tensor.data {
            HostData::Float(_) => Stored::F32,
            HostData::Int(_) => Stored::I64,
            HostData::Bool(_) => Stored::Bool,
        };
        Found { name: (*name).to_owned(), shape: tensor.shape.clone(), stored }
    });
    let mut writer = Writer::create(path, found.collect(), notes)?;
    while let Some(place) = writer.next() {
        writer.put(&encode(&tensors[place].1.data))?;
    }
    writer.finish()
}

/// Elements as they are written.
pub(super) fn encode(data: &HostData) -> Vec<u8> {
    match data {
        HostData::Float(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::Int(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::Bool(v) => v.iter().map(|x| u8::from(*x)).collect(),
    }
}

/// A safetensors file that is being written, one tensor after the other; without [`Writer::finish`] nothing is left
/// of it.
pub struct Writer {
    path: PathBuf,
    partial: PathBuf,
    file: Option<BufWriter<fs::File>>,
    tensors: Vec<Found>,
    /// Numbers of the tensors in the order of the file.
    order: Vec<usize>,
    /// How many of them have been written.
    done: usize,
    is_whole: bool,
}

impl Writer {
    /// Begins a file of these tensors beside `path`.
    ///
    /// # Errors
    /// If it can't be written.
    ///
    /// # Panics
    /// If two tensors have one name.
    pub fn create(path: &Path, tensors: Vec<Found>, notes: &BTreeMap<String, String>) -> Result<Writer, WeightError> {
        let failed = |source| WeightError::Write { path: path.to_owned(), source };
        // Wide elements come first, so that every tensor is aligned to its elements.
        let mut order: Vec<usize> = (0..tensors.len()).collect();
        order.sort_by_key(|&place| std::cmp::Reverse(tensors[place].stored.width()));
        let header = header(order.iter().map(|&place| &tensors[place]), notes);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let file = fs::File::create(&partial).map_err(failed)?;
        let file = Some(BufWriter::new(file));
        let mut writer = Writer { path: path.to_owned(), partial, file, tensors, order, done: 0, is_whole: true };
        writer.bytes(&(header.len() as u64).to_le_bytes())?;
        writer.bytes(&header)?;
        Ok(writer)
    }

    /// The tensor that comes next, by its number in the list given to [`Writer::create`]; none after the last.
    #[must_use]
    pub fn next(&self) -> Option<usize> {
        self.order.get(self.done).copied()
    }

    /// Writes the elements of the tensor that comes next.
    ///
    /// # Errors
    /// If they can't be written: the disk is full.
    ///
    /// # Panics
    /// If they are not as many as announced.
    pub fn put(&mut self, elements: &[u8]) -> Result<(), WeightError> {
        let tensor = &self.tensors[self.next().expect("all tensors have been written")];
        let count: usize = tensor.shape.iter().product();
        assert_eq!(elements.len(), count * tensor.stored.width(), "bytes of `{}`", tensor.name);
        self.done += 1;
        self.bytes(elements)
    }

    /// Leaves out the tensor that comes next; the file can't be finished any more.
    pub fn skip(&mut self) {
        self.done += 1;
        self.is_whole = false;
    }

    /// Makes sure that everything is on the disk and moves the file to its place.
    ///
    /// # Errors
    /// If that fails; what was there before is untouched then.
    ///
    /// # Panics
    /// If a tensor has not been written.
    pub fn finish(mut self) -> Result<(), WeightError> {
        assert!(self.is_whole && self.done == self.order.len(), "all tensors must have been written");
        let file = self.file.take().expect("it is only taken here");
        let synced = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        let moved = synced.and_then(|()| fs::rename(&self.partial, &self.path)).and_then(|()| sync_folder(&self.path));
        moved.map_err(|source| WeightError::Write { path: self.path.clone(), source })
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), WeightError> {
        let file = self.file.as_mut().expect("it is only taken at the end");
        file.write_all(bytes).map_err(|source| WeightError::Write { path: self.path.clone(), source })
    }
}

impl Drop for Writer {
    /// Takes away what was not finished.
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // What is still in the buffer is not wanted any more.
            drop(file.into_parts());
        }
        // After a move there is nothing; and the error that led here is the one to report, not this one.
        let _ = fs::remove_file(&self.partial);
    }
}

fn header<'a>(tensors: impl Iterator<Item = &'a Found>, notes: &BTreeMap<String, String>) -> Vec<u8> {
    let mut entries: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
    if !notes.is_empty() {
        entries.insert("__metadata__", serde_json::json!(notes));
    }
    let mut from = 0;
    for tensor in tensors {
        let to = from + tensor.shape.iter().product::<usize>() * tensor.stored.width();
        let dtype = tensor.stored.to_string();
        let entry = serde_json::json!({ "dtype": dtype, "shape": tensor.shape, "data_offsets": [from, to] });
        assert!(entries.insert(&tensor.name, entry).is_none(), "two tensors are named `{}`", tensor.name);
        from = to;
    }
    let mut bytes = serde_json::to_vec(&entries).expect("names and numbers can be written as JSON");
    bytes.resize(bytes.len().next_multiple_of(8), b' ');
    bytes
}

/// Makes the new name itself last, where the system can do that.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::File::open(folder) {
        Ok(folder) => folder.sync_all().or(Ok(())),
        Err(_) => Ok(()),
    }
}
