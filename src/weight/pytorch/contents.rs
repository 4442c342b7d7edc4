//! From the value of a pickle to tensors by name: walks through dicts within dicts, and says what else they hold.
//!
//! In: the heap that a pickle has built. Out: every tensor and array that a row of names leads to, with where its
//! elements lie, and every other entry in a few words. Of the state of an optimiser no tensor is taken. A dict that two
//! names lead to is taken once; names together, and dicts within dicts, are limited.

use std::collections::{BTreeMap, HashMap};

use crate::weight::format::{Contents, Elements, Entry, EntryKind, Fault, Format, View, Writing, contiguous, span};

use super::harmless::odd;
use super::value::{ArrayState, Counter, Heap, Node, Storage, Tensor, Value};

/// The most bytes in the name of a tensor within its dict.
const LONGEST_NAME: u32 = 4096;
/// The most bytes in all names together.
const MOST_NAMES: usize = 64 << 20;
/// How many dicts may lie within each other.
const DEEPEST: usize = 12;

/// A pickle that has been run, and where it lies in its file.
#[derive(Clone, Copy)]
pub(super) struct Pickle<'a> {
    pub(super) heap: &'a Heap,
    pub(super) bytes: &'a [u8],
    pub(super) at: u64,
}

/// Where the bytes of a storage begin in the file, and how many there are.
type Find<'a> = dyn Fn(&Storage) -> Option<(u64, u64)> + 'a;

/// The tensors of a checkpoint by name, and its other entries. `find` returns the place and length of a storage.
pub(super) fn contents(format: Format, pickle: Pickle<'_>, root: Value, find: &Find<'_>) -> Result<Contents, Fault> {
    let heap = pickle.heap;
    let mut walk = Walk {
        pickle,
        find,
        counter: Counter::new(heap),
        seen_lists: vec![false; heap.lists.len()],
        seen_dicts: vec![false; heap.dicts.len()],
        first_names: HashMap::new(),
        names: MOST_NAMES,
        tensors: BTreeMap::new(),
        entries: Vec::new(),
        same: BTreeMap::new(),
    };
    let Some(top) = walk.children(root) else {
        return Err(damaged(format!("it holds {}, not weights by name", walk.describe(root))));
    };
    walk.walk("", &top, 1)?;
    if walk.tensors.is_empty() {
        let others = walk.entries.iter().filter(|entry| entry.owner.is_empty()).take(10);
        let others: Vec<String> = others.map(|entry| format!("`{}` ({})", entry.name, entry.what)).collect();
        return Err(damaged(match others.len() {
            0 => "it holds no tensors by name, and nothing else".to_owned(),
            _ => format!("it holds no tensors by name, only {}", others.join(", ")),
        }));
    }
    Ok(Contents { format, tensors: walk.tensors, notes: BTreeMap::new(), entries: walk.entries, same: walk.same })
}

struct Walk<'a> {
    pickle: Pickle<'a>,
    find: &'a Find<'a>,
    counter: Counter<'a>,
    /// Lists and dicts that have been taken.
    seen_lists: Vec<bool>,
    seen_dicts: Vec<bool>,
    /// Dicts with tensors, and the name that first leads to each.
    first_names: HashMap<u32, String>,
    /// Bytes that names may still have.
    names: usize,
    tensors: BTreeMap<String, Elements>,
    entries: Vec<Entry>,
    /// Further names of dicts, and the first name of each.
    same: BTreeMap<String, String>,
}

impl Walk<'_> {
    /// The entries of a dict, or of a list of dicts by their numbers, if they are to be walked through.
    fn children(&mut self, value: Value) -> Option<Vec<(Option<String>, Value)>> {
        let Pickle { heap, bytes, .. } = self.pickle;
        let is_new = |seen: &mut bool| !std::mem::replace(seen, true);
        match value {
            Value::Dict(Node(at)) => {
                let entries = &heap.dicts[at as usize];
                let is_optimiser = entries.iter().any(|(key, _)| text(bytes, *key).as_deref() == Some("param_groups"));
                let taken = !is_optimiser && is_new(&mut self.seen_dicts[at as usize]);
                taken.then(|| entries.iter().map(|&(key, value)| (text(bytes, key), value)).collect())
            }
            Value::List(Node(at)) | Value::Tuple(Node(at)) => {
                let items = &heap.lists[at as usize];
                let holds_dicts = items.iter().any(|item| matches!(item, Value::Dict(_)));
                let taken = holds_dicts && is_new(&mut self.seen_lists[at as usize]);
                taken.then(|| items.iter().enumerate().map(|(i, item)| (Some(i.to_string()), *item)).collect())
            }
            _ => None,
        }
    }

    /// Takes what is in a dict.
    fn walk(&mut self, owner: &str, children: &[(Option<String>, Value)], depth: usize) -> Result<(), Fault> {
        for (key, value) in children {
            let short = key.clone().unwrap_or_else(|| "a key that is no text".to_owned());
            let name = if owner.is_empty() { short } else { format!("{owner}.{short}") };
            self.names = self
                .names
                .checked_sub(name.len() + owner.len())
                .ok_or_else(|| damaged(format!("its names have more than {MOST_NAMES} bytes")))?;
            if key.is_some()
                && let Some(elements) = self.elements(&name, *value)?
            {
                if self.tensors.insert(name.clone(), elements).is_some() {
                    return Err(damaged(format!("it names `{name}` twice")));
                }
                self.enter(owner, name, *value, EntryKind::Tensor);
                continue;
            }
            let inner = if key.is_some() && depth < DEEPEST { self.children(*value) } else { None };
            let place = self.entries.len();
            let before = self.tensors.len();
            self.enter(owner, name.clone(), *value, EntryKind::Other);
            if let (Value::Dict(Node(at)), None) = (value, &inner)
                && let Some(first) = self.first_names.get(at)
            {
                self.entries[place].what = format!("the same as `{first}`");
                self.same.insert(name.clone(), first.clone());
            }
            if let Some(inner) = inner {
                self.walk(&name, &inner, depth + 1)?;
                if self.tensors.len() > before {
                    self.entries[place].kind = EntryKind::Dict;
                    if let Value::Dict(Node(at)) = value {
                        self.first_names.insert(*at, name);
                    }
                } else {
                    // A dict without tensors is said in a few words, not entry by entry.
                    self.entries.truncate(place + 1);
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, owner: &str, name: String, value: Value, kind: EntryKind) {
        let (what, tensors) = (self.describe(value), self.counter.tensors(value));
        self.entries.push(Entry { name, owner: owner.to_owned(), what, tensors, kind });
    }

    /// Where the elements of a tensor or array lie; none for anything else.
    fn elements(&self, name: &str, value: Value) -> Result<Option<Elements>, Fault> {
        let heap = self.pickle.heap;
        match value {
            Value::Tensor(Node(at)) => {
                let tensor = &heap.tensors[at as usize];
                let storage = &heap.storages[tensor.storage.0 as usize];
                elements(name, tensor, storage, self.find).map(Some)
            }
            Value::Array(Node(at)) => match &heap.arrays[at as usize].state {
                Some(array) => self.array(name, array).map(Some),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Where the elements of an array lie: in the pickle.
    fn array(&self, name: &str, array: &ArrayState) -> Result<Elements, Fault> {
        let (shape, length) = (array.shape.clone(), u64::from(array.data.length));
        let count = shape.iter().try_fold(array.stored.width(), |product, extent| product.checked_mul(*extent));
        // A letter has one or two bytes.
        let least = if array.is_latin { length.div_ceil(2) } else { length };
        if count.is_none_or(|count| !(least..=length).contains(&(count as u64))) {
            return Err(damaged(format!("`{name}` has {length} bytes, which are not those of {shape:?}")));
        }
        let strides = if array.is_fortran {
            let mut turned = contiguous(&shape.iter().rev().copied().collect::<Vec<_>>());
            turned.reverse();
            turned
        } else {
            contiguous(&shape)
        };
        let writing = if array.is_latin { Writing::Letters(length) } else { Writing::Bytes };
        let at = self.pickle.at + u64::from(array.data.start);
        Ok(Elements { shape, stored: array.stored.clone(), shard: 0, at, strides, writing, view: View::Plain })
    }

    /// A value in a few words.
    fn describe(&self, value: Value) -> String {
        let Pickle { heap, bytes, .. } = self.pickle;
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
            Value::Latin(_) => "bytes".to_owned(),
            Value::Tuple(node) | Value::List(node) => format!("a list of {}", heap.lists[node.0 as usize].len()),
            Value::Dict(node) => format!("a dict of {}", heap.dicts[node.0 as usize].len()),
            Value::Tensor(node) => format!("a tensor {:?}", heap.tensors[node.0 as usize].shape),
            Value::Array(node) => match &heap.arrays[node.0 as usize].state {
                Some(array) => format!("an array {:?}", array.shape),
                None => "an array of objects".to_owned(),
            },
            Value::Odd(index) => odd(index).to_owned(),
            Value::Dtype(_) => "a type".to_owned(),
            Value::Storage(_) => "a storage".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::Mention(node) => heap.mentions[node.0 as usize].clone(),
            Value::Harmless(_) => "a class".to_owned(),
        }
    }
}

/// Where the elements of a tensor lie. They must lie within its storage, and the storage within the file.
fn elements(name: &str, tensor: &Tensor, storage: &Storage, find: &Find<'_>) -> Result<Elements, Fault> {
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
    let (shape, strides) = (tensor.shape.clone(), tensor.strides.clone());
    let at = start + begin + from.min(available);
    Ok(Elements { shape, stored, shard: 0, at, strides, writing: Writing::Bytes, view: tensor.view })
}

/// The text of a value; that of a number is its digits.
pub(super) fn text(bytes: &[u8], value: Value) -> Option<String> {
    match value {
        Value::Text(slice) if slice.length <= LONGEST_NAME => {
            let bytes = bytes.get(slice.start as usize..)?.get(..slice.length as usize)?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}
