//! Files that `torch.save` writes: a zip archive, or before PyTorch 1.6 a row of pickles followed by the numbers.
//!
//! In: a file. Out: where the elements of each tensor lie, and which other entries there are. The pickle is read by a
//! stack machine that knows a fixed list of harmless names ([`harmless`]) and never executes anything. Tensors may
//! share a storage, begin anywhere in it and have any strides.

mod contents;
mod harmless;
mod numpy;
mod pickle;
mod value;
mod write;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;

use crate::archive::{Archive, ArchiveError, Entry, Packing};

use super::format::{Contents, Fault, Format, Input};
use contents::{Pickle, contents, text};
use pickle::Stop;
use value::{Heap, Storage, Value};
pub(super) use write::Output;

/// The integer with which a legacy file begins, as bytes.
const MAGIC: [u8; 10] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];
/// Version of the legacy format.
const VERSION: i64 = 1001;
/// How many bytes of a legacy file are read first to find its pickles.
const FIRST_PIECE: u64 = 1 << 20;

/// Reads a zip archive.
pub(super) fn read_zip(input: &mut Input) -> Result<Contents, Fault> {
    let entries = entries(input)?;
    let pickles: Vec<&str> = entries.keys().map(String::as_str).filter(|name| is_named(name, "data.pkl")).collect();
    let &[pickle] = pickles.as_slice() else {
        return Err(damaged(format!("the archive holds {} files `data.pkl` instead of one", pickles.len())));
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
    let pickle = Pickle { heap: &heap, bytes: &bytes, at };
    contents(Format::PytorchZip, pickle, root, &find)
}

/// Place and length of each entry of an archive, by name. `torch.save` never compresses, so that the elements of
/// tensors can be read where they lie.
fn entries(input: &mut Input) -> Result<BTreeMap<String, (u64, u64)>, Fault> {
    let length = input.length;
    let archive = Archive::open(BufReader::new(&mut input.file), length).map_err(|error| match error {
        ArchiveError::Read(source) => Fault::Read(source),
        ArchiveError::Damaged(reason) => Fault::Damaged(reason),
    })?;
    let names: Vec<&str> = archive.entries().iter().map(|entry| entry.name.as_str()).collect();
    if let Some(words) = other_archive(&names) {
        return Err(damaged(words));
    }
    let place = |entry: &Entry| match entry.packing {
        Packing::Stored => Ok((entry.name.clone(), (entry.at, entry.length))),
        Packing::Deflated | Packing::Other => {
            Err(damaged(format!("`{}` in the archive is compressed, which PyTorch never does", entry.name)))
        }
    };
    archive.entries().iter().map(place).collect()
}

/// What an archive with these files is, if it is known to be none that `torch.save` writes.
fn other_archive(names: &[&str]) -> Option<String> {
    let has = |test: &dyn Fn(&str) -> bool| names.iter().any(|name| test(name));
    if has(&|name| is_named(name, "constants.pkl")) {
        return Some("it is a TorchScript model: save its `state_dict()` instead".to_owned());
    }
    if has(&|name| name.contains("serialized_exported_program") || is_named(name, "archive_format")) {
        return Some("it is a program of `torch.export`: save the `state_dict()` of its module instead".to_owned());
    }
    if has(&|name| is_named(name, "data.pkl")) {
        return None;
    }
    if !names.is_empty() && names.iter().all(|name| name.ends_with(".npy")) {
        return Some("it is an archive of NumPy arrays (.npz): save them with PyTorch or as safetensors".to_owned());
    }
    let weights = names.iter().find(|name| Format::is_known(Path::new(name)));
    let first = weights.or_else(|| names.first()).map(|name| format!(" that holds `{name}`")).unwrap_or_default();
    Some(format!("it is a zip archive{first}, and none of PyTorch: unpack it"))
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
    let pickle = Pickle { heap: &heap, bytes, at: 0 };
    Ok(contents(Format::PytorchLegacy, pickle, root, &|storage| places.get(&storage.key).copied())?)
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}
