//! The safetensors format: a length, a header in JSON, and the elements one tensor after the other.
//!
//! The header is checked as a whole, against the length of the file, before memory is taken for a tensor. The same
//! tensors and notes always give the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, BufWriter, Write};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::format::{Contents, Elements, Entry, EntryKind, Fault, Format, Found, Input, Sink};
use super::stored::Stored;

/// Longer headers are refused, as other readers of the format do.
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
    let header: Metadata = serde_json::from_slice(&header)
        .map_err(|error| Fault::Damaged(format!("its header can't be parsed: {error}")))?;
    let start = 8 + size;
    let expected = start + header.data_len() as u64;
    if expected != input.length {
        let length = input.length;
        return Err(Fault::Damaged(format!("it should have {expected} bytes, it has {length}")));
    }
    let (mut tensors, mut entries) = (BTreeMap::new(), Vec::new());
    let named: BTreeMap<String, &TensorInfo> = header.tensors().into_iter().collect();
    for (name, info) in named {
        let stored = stored(info.dtype).ok_or_else(|| {
            Fault::Damaged(format!("the type of `{name}`, {}, has elements that are no whole bytes", info.dtype))
        })?;
        let at = start + info.data_offsets.0 as u64;
        let what = format!("a tensor {:?}", info.shape);
        entries.push(Entry { name: name.clone(), owner: String::new(), what, tensors: 1, kind: EntryKind::Tensor });
        tensors.insert(name, Elements::plain(info.shape.clone(), stored, at));
    }
    let notes: &HashMap<String, String> = &header.metadata().clone().unwrap_or_default();
    let notes: BTreeMap<String, String> = notes.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok(Contents { format: Format::Safetensors, tensors, notes, entries, same: BTreeMap::new() })
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

/// Whether the format has a type of this name.
pub(super) fn knows(stored: &Stored) -> bool {
    serde_json::from_value::<Dtype>(stored.to_string().into()).is_ok()
}

/// A file into which tensors are written one after the other.
pub(super) struct Output(BufWriter<fs::File>);

impl Output {
    /// Writes the header for these tensors, which come in this order.
    pub(super) fn begin(file: fs::File, tensors: &[&Found], notes: &BTreeMap<String, String>) -> io::Result<Output> {
        let header = header(tensors, notes);
        let mut file = BufWriter::new(file);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        Ok(Output(file))
    }
}

impl Sink for Output {
    fn put(&mut self, _tensor: &Found, elements: &[u8]) -> io::Result<()> {
        self.0.write_all(elements)
    }

    fn finish(self: Box<Self>) -> io::Result<fs::File> {
        self.0.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn header(tensors: &[&Found], notes: &BTreeMap<String, String>) -> Vec<u8> {
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
