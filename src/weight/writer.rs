//! Writes a file of weights, one tensor after the other, in the format that the ending of its name stands for.
//!
//! The file takes its place when all tensors are on the disk ([`crate::file`]). Formats only lay out bytes ([`Sink`]).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::execute::{HostData, HostTensor};
use crate::file::NewFile;

use super::error::WeightError;
use super::format::{Format, Found, Sink};
use super::stored::Stored;
use super::{pytorch, safetensors};

/// Writes named tensors to a file.
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
    let found = tensors.iter().map(|(name, tensor)| Found::of(name, tensor));
    let mut writer = Writer::create(path, found.collect(), notes)?;
    while let Some(place) = writer.next() {
        writer.put_tensor(tensors[place].1)?;
    }
    writer.finish()
}

impl Found {
    /// The name, shape and type under which a host tensor is written.
    #[must_use]
    pub fn of(name: &str, tensor: &HostTensor) -> Found {
        let stored = match &tensor.data {
            HostData::Float(_) => Stored::F32,
            HostData::Int(_) => Stored::I64,
            HostData::Bool(_) => Stored::Bool,
        };
        Found { name: name.to_owned(), shape: tensor.shape.clone(), stored }
    }
}

/// Elements as they are written.
fn encode(data: &HostData) -> Vec<u8> {
    match data {
        HostData::Float(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::Int(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::Bool(v) => v.iter().map(|x| u8::from(*x)).collect(),
    }
}

/// A file that is being written, one tensor after the other; without [`Writer::finish`] nothing is left of it.
pub struct Writer {
    path: PathBuf,
    sink: Box<dyn Sink>,
    file: NewFile,
    tensors: Vec<Found>,
    /// Numbers of the tensors in the order of the file.
    order: Vec<usize>,
    /// How many of them have been written.
    done: usize,
    is_whole: bool,
}

impl Writer {
    /// Begins a file of these tensors: a PyTorch file if `path` ends in `.ckpt`, `.pt`, `.pth` or `.bin`, a safetensors
    /// file if not. `notes` are written if the format has a place for them.
    ///
    /// # Errors
    /// If it can't be written, or the format has no name for the type of a tensor.
    ///
    /// # Panics
    /// If two tensors have one name.
    pub fn create(path: &Path, tensors: Vec<Found>, notes: &BTreeMap<String, String>) -> Result<Writer, WeightError> {
        let failed = |source| WeightError::Write { path: path.to_owned(), source };
        let mut names: Vec<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "each tensor has a name of its own");
        let format = Format::of_name(path);
        let has_storage = |stored: &Stored| match stored {
            Stored::Other(..) => format == Format::Safetensors && safetensors::knows(stored),
            _ => true,
        };
        if let Some(tensor) = tensors.iter().find(|tensor| !has_storage(&tensor.stored)) {
            let (path, name, stored) = (path.to_owned(), tensor.name.clone(), tensor.stored.told());
            return Err(if safetensors::knows(&tensor.stored) {
                WeightError::NoStorage { path, name, stored }
            } else {
                WeightError::NoStorageAnywhere { path, name, stored }
            });
        }
        // Wide elements come first, so that every tensor is aligned to its elements.
        let mut order: Vec<usize> = (0..tensors.len()).collect();
        order.sort_by_key(|&place| std::cmp::Reverse(tensors[place].stored.width()));
        let ordered: Vec<&Found> = order.iter().map(|&place| &tensors[place]).collect();
        let (new, file) = NewFile::create(path).map_err(failed)?;
        let sink: io::Result<Box<dyn Sink>> = match format {
            Format::PytorchZip | Format::PytorchLegacy => {
                pytorch::Output::begin(file, &ordered).map(|output| Box::new(output) as Box<dyn Sink>)
            }
            Format::Safetensors => {
                safetensors::Output::begin(file, &ordered, notes).map(|output| Box::new(output) as Box<dyn Sink>)
            }
        };
        let sink = sink.map_err(failed)?;
        Ok(Writer { path: path.to_owned(), sink, file: new, tensors, order, done: 0, is_whole: true })
    }

    /// The tensor that comes next, by its number in the list given to [`Writer::create`]; none after the last.
    #[must_use]
    pub fn next(&self) -> Option<usize> {
        self.order.get(self.done).copied()
    }

    /// Writes the elements of the tensor that comes next.
    ///
    /// # Errors
    /// If they can't be written, because the disk is full for example.
    ///
    /// # Panics
    /// If they are not as many as the tensor was announced with.
    pub fn put(&mut self, elements: &[u8]) -> Result<(), WeightError> {
        let tensor = &self.tensors[self.next().expect("all tensors have been written")];
        let count: usize = tensor.shape.iter().product();
        assert_eq!(elements.len(), count * tensor.stored.width(), "bytes of `{}`", tensor.name);
        self.done += 1;
        self.sink.put(tensor, elements).map_err(|source| WeightError::Write { path: self.path.clone(), source })
    }

    /// Writes the elements of the tensor that comes next, which [`Found::of`] has announced.
    ///
    /// # Errors
    /// If they can't be written, because the disk is full for example.
    ///
    /// # Panics
    /// If they are not as many as the tensor was announced with.
    pub fn put_tensor(&mut self, tensor: &HostTensor) -> Result<(), WeightError> {
        self.put(&encode(&tensor.data))
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
    pub fn finish(self) -> Result<(), WeightError> {
        assert!(self.is_whole && self.done == self.order.len(), "all tensors must have been written");
        let placed = self.sink.finish().and_then(|file| self.file.place_for_good(file));
        placed.map_err(|source| WeightError::Write { path: self.path, source })
    }
}
