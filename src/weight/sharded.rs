//! Checkpoints in several files, with an index in JSON that says in which of them each tensor lies.
//!
//! In: the index, `{"weight_map": {"a.weight": "model-00001-of-00002.safetensors"}}`, whose files lie beside it. Out: the
//! tensors of all of them, as if they lay in one file. The index can name no file outside of its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::diagnostic::count;

use super::error::WeightError;
use super::format::{Contents, Entry, EntryKind};
use super::headers::headers;

/// A longer index is refused.
pub(super) const LONGEST: u64 = 100_000_000;
/// The most files of one checkpoint.
const MOST_FILES: usize = 10_000;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Reads the headers of all files that an index names. Returns the files and what they hold.
pub(super) fn read(path: &Path, text: &[u8]) -> Result<(Vec<(PathBuf, u64)>, Contents), WeightError> {
    let damaged = |reason: String| WeightError::Damaged { path: path.to_owned(), reason };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let index: Index = serde_json::from_slice(text).map_err(|_| {
        damaged("it is JSON, such as the settings of a model, and no index of a checkpoint in several files".to_owned())
    })?;
    let names: BTreeSet<&str> = index.weight_map.values().map(String::as_str).collect();
    if names.is_empty() || names.len() > MOST_FILES {
        return Err(damaged(format!("it is an index that names {} files", names.len())));
    }
    if let Some(outside) =
        names.iter().find(|name| name.is_empty() || **name == ".." || name.contains(['/', '\\', '\0']))
    {
        return Err(damaged(format!("it names the file `{outside}`, which does not lie beside it")));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let absent: Vec<&str> = names.iter().copied().filter(|name| !folder.join(name).exists()).collect();
    if !absent.is_empty() {
        let first: Vec<String> = absent.iter().take(3).map(|name| format!("`{name}`")).collect();
        let more = if absent.len() > 3 { ", .." } else { "" };
        let (lost, all) = (absent.len(), names.len());
        return Err(damaged(format!(
            "it is the index of a checkpoint in {}, of which {lost} {} not beside it: {}{more}",
            count(all, "file"),
            if lost == 1 { "is" } else { "are" },
            first.join(", ")
        )));
    }
    let (mut files, mut all): (Vec<(PathBuf, u64)>, Option<Contents>) = (Vec::new(), None);
    for (number, name) in names.into_iter().enumerate() {
        let (length, contents) = headers(&folder.join(name))?;
        files.push((folder.join(name), length));
        let whole = all.get_or_insert_with(|| Contents {
            format: contents.format,
            tensors: BTreeMap::new(),
            notes: contents.notes.clone(),
            entries: Vec::new(),
            same: BTreeMap::new(),
        });
        for (tensor, mut elements) in contents.tensors {
            if index.weight_map.get(&tensor).is_some_and(|file| file == name) {
                let what = format!("a tensor {:?}", elements.shape);
                let (name, owner, kind) = (tensor.clone(), String::new(), EntryKind::Tensor);
                whole.entries.push(Entry { name, owner, what, tensors: 1, kind });
                elements.shard = number;
                whole.tensors.insert(tensor, elements);
            } else {
                let what = format!("a tensor {:?} in `{name}`, which the index does not name", elements.shape);
                let kind = EntryKind::Other;
                whole.entries.push(Entry { name: tensor, owner: String::new(), what, tensors: 1, kind });
            }
        }
    }
    let whole = all.expect("an index names at least one file");
    match index.weight_map.iter().find(|(tensor, _)| !whole.tensors.contains_key(*tensor)) {
        Some((tensor, file)) => Err(damaged(format!("it says that `{tensor}` lies in `{file}`, where it is not"))),
        None => Ok((files, whole)),
    }
}

/// The index that should lie beside a file of this name, if the name is that of one of several: `m-00002-of-00005.bin`.
pub(super) fn index_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (stem, ending) = name.rsplit_once('.')?;
    let (stem, all) = stem.rsplit_once("-of-")?;
    let (stem, number) = stem.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(all) && is_number(number)).then(|| format!("{stem}.{ending}.index.json"))
}
