//! A file of weights in any known format: which tensors it holds, and their elements.
//!
//! Opening a file reads only its headers, which say where the elements of each tensor lie; elements are then read in
//! the same way for all formats. A tensor is read only if its elements take no more bytes than the whole file, so that
//! a hostile file can't take more memory than a small multiple of its own length. A file may hold several dicts of
//! tensors, of which it is read from one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::execute::HostTensor;

use super::elements::read_elements;
use super::error::WeightError;
use super::format::{Contents, Elements, EntryKind, Extra, Fault, Format, Found};
use super::headers::{begin, has_header, headers};
use super::kind::is_json;
use super::sharded;
use super::usual::{USUAL, is_averaged};

/// How many of several networks are told.
const MOST_TOLD: usize = 10;

/// A file whose headers have been read.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    /// The files that elements lie in, and their lengths: this one, or those that an index names.
    shards: Vec<(PathBuf, u64)>,
    contents: Contents,
    /// The name of the dict that it is read from; empty for the outermost one.
    dict: String,
}

impl File {
    /// Recognises the format of a file by its first bytes, and reads and checks its headers. It is read from the dict
    /// that holds all networks in it, running averages aside.
    ///
    /// # Errors
    /// If the file can't be read, its format is not known, it is damaged, or a pickle in it names anything harmful.
    pub fn open(path: &Path) -> Result<File, WeightError> {
        let (shards, contents) = match index(path)? {
            Some(text) => sharded::read(path, &text)?,
            None => {
                let (length, contents) = headers(path)?;
                (vec![(path.to_owned(), length)], contents)
            }
        };
        let mut file = File { path: path.to_owned(), shards, contents, dict: String::new() };
        file.dict = file.usual();
        Ok(file)
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes; that of all its files together if it is an index.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.shards.iter().map(|(_, length)| length).sum()
    }

    /// Its format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.contents.format
    }

    /// The name of the dict that it is read from; empty for the outermost one.
    #[must_use]
    pub fn within(&self) -> &str {
        &self.dict
    }

    /// The tensors of the dict that it is read from, sorted by name.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        self.found_in(&self.dict)
    }

    /// The tensors of a dict, sorted by name.
    pub(super) fn found_in(&self, dict: &str) -> Vec<Found> {
        let found = |(name, elements): (&str, &Elements)| Found {
            name: name.to_owned(),
            shape: elements.shape.clone(),
            stored: elements.stored.clone(),
        };
        self.elements_in(dict).map(found).collect()
    }

    fn elements_in<'a>(&'a self, dict: &str) -> impl Iterator<Item = (&'a str, &'a Elements)> {
        let start = if dict.is_empty() { String::new() } else { format!("{dict}.") };
        let range = self.contents.tensors.range(start.clone()..);
        range.map_while(move |(name, elements)| Some((name.strip_prefix(&start)?, elements)))
    }

    /// Whether the dict that it is read from has a tensor of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.contents.tensors.contains_key(&full_name(&self.dict, name))
    }

    /// The notes in its metadata.
    #[must_use]
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.contents.notes
    }

    /// What it holds besides the tensors of the dict that it is read from.
    #[must_use]
    pub fn extras(&self) -> Vec<Extra> {
        let extra = self.contents.entries.iter().filter(|entry| {
            let is_beside = is_in(&self.dict, &entry.owner) && !is_in(&entry.name, &self.dict);
            match entry.kind {
                EntryKind::Other => is_beside || is_in(&entry.owner, &self.dict),
                EntryKind::Tensor => is_beside,
                EntryKind::Dict => is_beside && !is_in(&self.dict, &entry.name),
            }
        });
        let made = extra.map(|entry| {
            let tensors = match entry.kind {
                EntryKind::Dict => self.elements_in(&entry.name).count(),
                EntryKind::Tensor | EntryKind::Other => entry.tensors,
            };
            Extra { name: entry.name.clone(), what: entry.what.clone(), tensors }
        });
        made.collect()
    }

    /// All dicts that hold tensors, the outermost one first, which has no name.
    pub(super) fn dicts(&self) -> Vec<String> {
        let dicts = self.contents.entries.iter().filter(|entry| entry.kind == EntryKind::Dict);
        std::iter::once(String::new()).chain(dicts.map(|entry| entry.name.clone())).collect()
    }

    /// A dict and how many tensors it holds, in words.
    pub(super) fn told(&self, dict: &str) -> String {
        let count = self.elements_in(dict).count();
        let name = if dict.is_empty() { "all of it".to_owned() } else { format!("`{dict}`") };
        format!("{name} ({count} tensor{})", if count == 1 { "" } else { "s" })
    }

    /// The networks in it, each with how many tensors it has, in words, the first few of many; none if there is only one.
    #[must_use]
    pub fn networks(&self) -> Vec<String> {
        let networks = self.inner("");
        match networks.len() {
            0 | 1 => Vec::new(),
            count => {
                let mut told: Vec<String> = networks.iter().take(MOST_TOLD).map(|dict| self.told(dict)).collect();
                if count > MOST_TOLD {
                    told.push(format!("{} more", count - MOST_TOLD));
                }
                told
            }
        }
    }

    /// The dicts within a dict that hold tensors themselves, not only in other dicts.
    fn inner(&self, dict: &str) -> Vec<String> {
        let tensors = self.contents.entries.iter().filter(|entry| entry.kind == EntryKind::Tensor);
        let owners: BTreeSet<&str> = tensors.map(|entry| entry.owner.as_str()).collect();
        owners.into_iter().filter(|owner| is_in(owner, dict)).map(str::to_owned).collect()
    }

    /// The dict that is read if nobody says which: the innermost one that holds all networks, running averages aside; but
    /// where one has a usual name, what lies beside it is not looked at.
    fn usual(&self) -> String {
        let mut dict = String::new();
        let all: BTreeSet<String> = self.dicts().into_iter().collect();
        loop {
            let named = USUAL.iter().map(|usual| full_name(&dict, usual)).find(|name| all.contains(name));
            if let Some(named) = named {
                dict = named;
                continue;
            }
            let mut networks = self.inner(&dict);
            if networks.iter().any(|name| !is_averaged(name)) {
                networks.retain(|name| !is_averaged(name));
            }
            let deepest = common(&networks, &all);
            if deepest.len() <= dict.len() {
                return dict;
            }
            dict = deepest;
        }
    }

    /// The dict that a user means by a name, or the beginning of names that end with a dot there.
    ///
    /// # Errors
    /// If there is none, or several; the error lists the names that there are.
    pub(super) fn dict(&self, name: &str) -> Result<String, WeightError> {
        let name = name.trim_end_matches('.');
        let usual = full_name(&self.dict, name);
        for whole in [name, &usual] {
            if !whole.is_empty() && self.elements_in(whole).next().is_some() {
                return Ok(whole.to_owned());
            }
            if let Some(first) = self.contents.same.get(whole) {
                return Ok(first.clone());
            }
        }
        let ends: Vec<String> =
            self.dicts().into_iter().filter(|dict| dict.strip_suffix(name).is_some_and(|d| d.ends_with('.'))).collect();
        match ends.as_slice() {
            [one] => Ok(one.clone()),
            others => {
                let networks = if others.is_empty() { self.dicts() } else { others.to_vec() };
                let networks = networks.iter().filter(|dict| !dict.is_empty()).map(|dict| self.told(dict)).collect();
                Err(WeightError::NoDict { path: self.path.clone(), name: name.to_owned(), networks })
            }
        }
    }

    /// Reads from this dict from now on.
    ///
    /// # Errors
    /// If there is no such dict, or several; the error lists the names that there are.
    pub fn look_within(&mut self, name: &str) -> Result<(), WeightError> {
        self.dict = self.dict(name)?;
        Ok(())
    }

    /// Reads from this dict from now on, which is there.
    pub(super) fn read_from(&mut self, dict: String) {
        self.dict = dict;
    }

    /// Reads one tensor: floating point becomes 32-bit floats, integers become 64-bit integers.
    ///
    /// # Errors
    /// If it is not there, its type is another, or the file can't be read.
    pub fn read(&self, name: &str) -> Result<HostTensor, WeightError> {
        let (missing, elements) = (|| self.missing(name), self.elements(name)?);
        let data = elements.stored.decode(&self.bytes(name)?).ok_or_else(missing)?;
        Ok(HostTensor::new(elements.shape.clone(), data))
    }

    /// Reads the elements of one tensor as they are stored, in row-major order.
    ///
    /// # Errors
    /// If it is not there, has more elements than the file has bytes for, or the file can't be read.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, WeightError> {
        let elements = self.elements(name)?;
        let (path, length) = &self.shards[elements.shard];
        read_elements(path, *length, name, elements).map_err(|fault| match fault {
            Fault::Read(source) => WeightError::Read { path: path.clone(), source },
            Fault::Damaged(reason) | Fault::Refused(reason) => WeightError::Damaged { path: path.clone(), reason },
        })
    }

    fn elements(&self, name: &str) -> Result<&Elements, WeightError> {
        self.contents.tensors.get(&full_name(&self.dict, name)).ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> WeightError {
        WeightError::NoTensor { path: self.path.clone(), name: name.to_owned() }
    }
}

/// The innermost of these dicts that holds all networks.
fn common(networks: &[String], all: &BTreeSet<String>) -> String {
    let mut common = networks.first().cloned().unwrap_or_default();
    let outer = |name: &str| name.rfind('.').map_or(String::new(), |dot| name[..dot].to_owned());
    for name in networks {
        while !is_in(name, &common) {
            common = outer(&common);
        }
    }
    while !all.contains(&common) {
        common = outer(&common);
    }
    common
}

/// The whole name of a tensor of a dict.
pub(super) fn full_name(dict: &str, name: &str) -> String {
    if dict.is_empty() { name.to_owned() } else { format!("{dict}.{name}") }
}

fn is_below(name: &str, dict: &str) -> bool {
    name.strip_prefix(dict).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether a name is that of a dict or of something in it.
fn is_in(name: &str, dict: &str) -> bool {
    dict.is_empty() || name == dict || is_below(name, dict)
}

/// The text of a file that may be the index of a checkpoint in several files.
fn index(path: &Path) -> Result<Option<Vec<u8>>, WeightError> {
    let (mut input, start) = begin(path)?;
    if !is_json(&start) || has_header(&start, input.length) || input.length > sharded::LONGEST {
        return Ok(None);
    }
    let mut text = Vec::new();
    let read = input.file.seek(SeekFrom::Start(0)).and_then(|_| input.file.take(input.length).read_to_end(&mut text));
    read.map_err(|source| WeightError::Read { path: path.to_owned(), source })?;
    Ok(Some(text))
}
