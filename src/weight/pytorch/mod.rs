//! Files that `torch.save` writes: a zip archive, or before PyTorch 1.6 a row of pickles followed by the numbers.
//!
//! In: a file. Out: where the elements of each tensor lie, and which other entries there are. The pickle is read by a
//! stack machine that knows a fixed list of harmless names ([`harmless`]) and never executes anything. Tensors may
//! share a storage, begin anywhere in it and have any strides.

mod harmless;
mod pickle;
mod value;
mod write;

use std::collections::BTreeMap;
use std::io::BufReader;

use crate::archive::{Archive, ArchiveError, Entry, Packing};

use super::format::{Contents, Elements, Extra, Fault, Format, Input, span};
use pickle::Stop;
use value::{Counter, Heap, Storage, Value};
pub(super) use write::Output;

/// Names under which a checkpoint keeps its weights, if not at its top; the first that is there counts.
const WRAPPERS: &[&str] = &["state_dict", "model_state_dict", "model", "module"];
/// The integer with which a legacy file begins, as bytes.
const MAGIC: [u8; 10] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];
/// Version of the legacy format.
const VERSION: i64 = 1001;
/// The most bytes in the name of a tensor.
const LONGEST_NAME: u32 = 4096;
/// How many bytes of a legacy file are read first to find its pickles.
const FIRST_PIECE: u64 = 1 << 20;

/// Reads a zip archive.
pub(super) fn read_zip(input: &mut Input) -> Result<Contents, Fault> {
    let entries = entries(input)?;
    let pickles: Vec<&str> = entries.keys().map(String::as_str).filter(|name| is_named(name, "data.pkl")).collect();
    let &[pickle] = pickles.as_slice() else {
        let script = if entries.keys().any(|name| is_named(name, "constants.pkl")) {
            "; it looks like a TorchScript model: save its `state_dict()` instead"
        } else {
            ""
        };
        let count = pickles.len();
        return Err(damaged(format!("the archive holds {count} files `data.pkl` instead of one{script}")));
    };
    let folder = pickle.strip_suffix("data.pkl").expect("it ends so").to_owned();
    let (at, length) = entries[pickle];
    if length > pickle::LONGEST as u64 {
        return Err(damaged(format!("its pickle has {length} bytes")));
    }
    let bytes = input.at(at, length, "its pickle")?;
    if let Some(&(at, length)) = entries.get(&format!("{folder}byteorder")) {
        let order = input.at(at, length.min(10), "its byte order")?;
        if order != b"little" {
            return Err(damaged("its numbers are big-endian"));
        }
    }
    let mut heap = Heap::default();
    let root = match pickle::run(&mut heap, &bytes, 0) {
        Ok((root, _)) => root,
        Err(Stop::Short) => return Err(damaged("its pickle ends early")),
        Err(Stop::Wrong(fault)) => return Err(fault),
    };
    let find = |storage: &Storage| entries.get(&format!("{folder}data/{}", storage.key)).copied();
    contents(Format::PytorchZip, &heap, &bytes, root, find)
}

/// Place and length of each entry of an archive, by name. `torch.save` never compresses, so that the elements of
/// tensors can be read where they lie.
fn entries(input: &mut Input) -> Result<BTreeMap<String, (u64, u64)>, Fault> {
    let length = input.length;
    let archive = Archive::open(BufReader::new(&mut input.file), length).map_err(|error| match error {
        ArchiveError::Read(source) => Fault::Read(source),
        ArchiveError::Damaged(reason) => Fault::Damaged(reason),
    })?;
    let place = |entry: &Entry| match entry.packing {
        Packing::Stored => Ok((entry.name.clone(), (entry.at, entry.length))),
        Packing::Deflated | Packing::Other => {
            Err(damaged(format!("`{}` in the archive is compressed, which PyTorch never does", entry.name)))
        }
    };
    archive.entries().iter().map(place).collect()
}

fn is_named(path: &str, name: &str) -> bool {
    path == name || path.strip_suffix(name).is_some_and(|folder| folder.ends_with('/'))
}

/// Reads a legacy file: pickles of a magic number, a version, the system, the object and the names of storages; after
/// them the storages.
pub(super) fn read_legacy(input: &mut Input) -> Result<Contents, Fault> {
    let most = input.length.min(pickle::LONGEST as u64);
    let mut piece = most.min(FIRST_PIECE);
    loop {
        let bytes = input.at(0, piece, "its pickles")?;
        match legacy(input, &bytes) {
            Err(Stop::Short) if piece < most => piece = (piece * 8).min(most),
            Err(Stop::Short) => return Err(damaged("its pickles end early; the file may be cut off")),
            Err(Stop::Wrong(fault)) => return Err(fault),
            Ok(contents) => return Ok(contents),
        }
    }
}

fn legacy(input: &mut Input, bytes: &[u8]) -> Result<Contents, Stop> {
    let mut heap = Heap::default();
    let (magic, at) = pickle::run(&mut heap, bytes, 0)?;
    let is_magic = match magic {
        Value::Long(slice) => bytes[slice.start as usize..][..slice.length as usize] == MAGIC,
        _ => false,
    };
    if !is_magic {
        return Err(damaged("it is a pickle, but not one of PyTorch: its magic number is missing").into());
    }
    let (version, at) = pickle::run(&mut heap, bytes, at)?;
    if version != Value::Int(VERSION) {
        return Err(damaged("it has an unknown version of the legacy format").into());
    }
    let (system, at) = pickle::run(&mut heap, bytes, at)?;
    let is_big = heap
        .entries(system)
        .unwrap_or_default()
        .iter()
        .any(|&(key, value)| text(bytes, key).as_deref() == Some("little_endian") && value == Value::Bool(false));
    if is_big {
        return Err(damaged("its numbers are big-endian").into());
    }
    let (root, at) = pickle::run(&mut heap, bytes, at)?;
    let (keys, at) = pickle::run(&mut heap, bytes, at)?;
    let keys = heap.items(keys).ok_or_else(|| damaged("its list of storages is no list"))?;
    // Each storage: how many elements, then the elements; how wide they are its tensors know.
    let widths: BTreeMap<&str, usize> =
        heap.storages.iter().map(|storage| (storage.key.as_str(), storage.stored.width())).collect();
    let mut places = BTreeMap::new();
    let mut at = at as u64;
    for &key in keys {
        let key = text(bytes, key).ok_or_else(|| damaged("the name of a storage is no text"))?;
        let width = *widths.get(key.as_str()).ok_or_else(|| damaged(format!("no tensor uses the storage `{key}`")))?;
        let count = input.at(at, 8, &format!("the storage `{key}`"))?;
        let count = u64::from_le_bytes(count.try_into().expect("they are 8"));
        let length = count.checked_mul(width as u64);
        let end = length.and_then(|length| at.checked_add(8)?.checked_add(length)).filter(|end| *end <= input.length);
        let Some(end) = end else {
            return Err(
                damaged(format!("the storage `{key}` would end after the file's {} bytes", input.length)).into()
            );
        };
        if places.insert(key.clone(), (at + 8, end - at - 8)).is_some() {
            return Err(damaged(format!("it holds the storage `{key}` twice")).into());
        }
        at = end;
    }
    Ok(contents(Format::PytorchLegacy, &heap, bytes, root, |storage| places.get(&storage.key).copied())?)
}

fn text(bytes: &[u8], value: Value) -> Option<String> {
    match value {
        Value::Text(slice) if slice.length <= LONGEST_NAME => {
            let bytes = bytes.get(slice.start as usize..)?.get(..slice.length as usize)?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The tensors of a checkpoint by name, and its other entries. `find` returns the place and length of a storage.
fn contents(
    format: Format,
    heap: &Heap,
    bytes: &[u8],
    root: Value,
    find: impl Fn(&Storage) -> Option<(u64, u64)>,
) -> Result<Contents, Fault> {
    let Some(top) = heap.entries(root) else {
        return Err(damaged(format!("it holds {}, not weights by name", describe(heap, bytes, root))));
    };
    let holds_tensors =
        |value: Value| heap.entries(value).is_some_and(|entries| entries.iter().any(|(_, v)| is_tensor(*v)));
    let wrapped = WRAPPERS.iter().find_map(|wrapper| {
        top.iter().find(|&&(key, value)| text(bytes, key).as_deref() == Some(*wrapper) && holds_tensors(value))
    });
    let weights = wrapped.map_or(root, |(_, value)| *value);
    let (mut extras, mut counter) = (Vec::new(), Counter::new(heap));
    let mut extra = |key: Value, value: Value| {
        let name = text(bytes, key).unwrap_or_else(|| describe(heap, bytes, key));
        Extra { name, what: describe(heap, bytes, value), tensors: counter.tensors(value) }
    };
    if let Some((wrapper, _)) = wrapped {
        let others = top.iter().filter(|(key, _)| key != wrapper);
        extras.extend(others.map(|(key, value)| extra(*key, *value)));
    }
    let mut tensors = BTreeMap::new();
    for &(key, value) in heap.entries(weights).expect("it is a dict") {
        let Value::Tensor(node) = value else {
            extras.push(extra(key, value));
            continue;
        };
        let name = text(bytes, key).ok_or_else(|| damaged("the name of a tensor is no text"))?;
        let tensor = &heap.tensors[node.0 as usize];
        let storage = &heap.storages[tensor.storage.0 as usize];
        let elements = elements(&name, tensor, storage, &find)?;
        if tensors.insert(name.clone(), elements).is_some() {
            return Err(damaged(format!("it names `{name}` twice")));
        }
    }
    if tensors.is_empty() {
        let parts: Vec<String> =
            extras.iter().take(10).map(|extra| format!("`{}` ({})", extra.name, extra.what)).collect();
        return Err(damaged(format!("it holds no tensors by name, only {}", parts.join(", "))));
    }
    Ok(Contents { format, tensors, notes: BTreeMap::new(), extras })
}

/// Where the elements of a tensor lie. They must lie within its storage, and the storage within the file.
fn elements(
    name: &str,
    tensor: &value::Tensor,
    storage: &Storage,
    find: &impl Fn(&Storage) -> Option<(u64, u64)>,
) -> Result<Elements, Fault> {
    let outside = || damaged(format!("`{name}` lies outside of its storage"));
    let (start, length) = find(storage).ok_or_else(|| damaged(format!("the numbers of `{name}` are missing")))?;
    let inner = storage.stored.width() as u64;
    let begin = storage.offset.checked_mul(inner).ok_or_else(outside)?;
    let available = storage.count.checked_mul(inner).ok_or_else(outside)?;
    if begin.checked_add(available).is_none_or(|end| end > length) {
        return Err(damaged(format!("the storage of `{name}` should have {available} bytes, the file has {length}")));
    }
    let stored = tensor.stored.clone().unwrap_or_else(|| storage.stored.clone());
    let width = stored.width() as u64;
    let count = tensor.shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
    let from = tensor.offset.checked_mul(width).ok_or_else(outside)?;
    if count.ok_or_else(outside)? > 0 {
        let span = span(&tensor.shape, &tensor.strides).ok_or_else(outside)? as u64;
        let end = span.checked_mul(width).and_then(|bytes| bytes.checked_add(from)).ok_or_else(outside)?;
        if end > available {
            return Err(outside());
        }
    }
    let at = start + begin + from.min(available);
    Ok(Elements { shape: tensor.shape.clone(), stored, at, strides: tensor.strides.clone() })
}

fn is_tensor(value: Value) -> bool {
    matches!(value, Value::Tensor(_))
}

/// A value in a few words.
fn describe(heap: &Heap, bytes: &[u8], value: Value) -> String {
    match value {
        Value::None => "none".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Long(_) => "a large integer".to_owned(),
        Value::Text(slice) => {
            let Some(text) = text(bytes, value) else { return format!("a text of {} bytes", slice.length) };
            let short: String = text.chars().take(40).collect();
            if short.len() < text.len() { format!("\"{short}\"..") } else { format!("\"{short}\"") }
        }
        Value::Tuple(node) | Value::List(node) => format!("a list of {}", heap.lists[node.0 as usize].len()),
        Value::Dict(node) => format!("a dict of {}", heap.dicts[node.0 as usize].len()),
        Value::Tensor(node) => format!("a tensor {:?}", heap.tensors[node.0 as usize].shape),
        Value::Storage(_) => "a storage".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Mention(node) => heap.mentions[node.0 as usize].clone(),
        Value::Harmless(_) => "a class".to_owned(),
    }
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}
