//! The values that a pickle builds; they refer to one another by number.
//!
//! No value owns another one, so that a pickle may nest, share and loop values without harm: nothing that visits values
//! is recursive. Texts stay where they are in the pickle.

use crate::weight::format::View;
use crate::weight::stored::Stored;

/// Some bytes of a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) start: u32,
    pub(super) length: u32,
}

/// Number of something on the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(pub(super) u32);

/// A value of a pickle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 64 bits.
    Long(Slice),
    Float(f64),
    /// Text, or bytes.
    Text(Slice),
    Tuple(Node),
    List(Node),
    Dict(Node),
    /// An inert object with everything that was put into it.
    Object(Node),
    /// A Python name, by its number in the list of harmless ones.
    Harmless(usize),
    /// The name of a class of settings, as a key or to be called.
    Mention(Node),
    Storage(Node),
    Tensor(Node),
    /// An array of NumPy, perhaps still without its elements.
    Array(Node),
    /// The type of the elements of an array of NumPy.
    Dtype(Node),
    /// Bytes that are written as text, each as the letter of its number.
    Latin(Slice),
    /// Something with elements that can't be read, by its number in the list of harmless names.
    Odd(usize),
}

/// Elements in a row, to which tensors refer.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    /// Its name in the file.
    pub(super) key: String,
    pub(super) stored: Stored,
    /// How many elements it has.
    pub(super) count: u64,
    /// Where it begins in the storage of that name, in elements.
    pub(super) offset: u64,
}

/// A view of a storage.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) storage: Node,
    /// Type of its elements, if it is not that of the storage.
    pub(super) stored: Option<Stored>,
    /// Where it begins in the storage, in elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
    /// What is still to be done to its elements.
    pub(super) view: View,
}

/// An array of NumPy.
#[derive(Clone, Debug, Default)]
pub(super) struct Array {
    /// None if it never got its elements, or its elements are objects.
    pub(super) state: Option<ArrayState>,
}

/// What an array of NumPy holds.
#[derive(Clone, Debug)]
pub(super) struct ArrayState {
    pub(super) shape: Vec<usize>,
    pub(super) stored: Stored,
    /// Whether its first axis is the one that changes fastest.
    pub(super) is_fortran: bool,
    /// Where its elements lie in the pickle.
    pub(super) data: Slice,
    /// Whether each byte is written as a letter.
    pub(super) is_latin: bool,
}

/// The type of the elements of an array of NumPy.
#[derive(Clone, Debug)]
pub(super) struct Dtype {
    /// Its name, such as `f4`.
    pub(super) name: Option<Slice>,
    pub(super) is_big: bool,
}

/// Everything that values refer to.
#[derive(Debug, Default)]
pub(super) struct Heap {
    /// Tuples, lists and objects.
    pub(super) lists: Vec<Vec<Value>>,
    pub(super) dicts: Vec<Vec<(Value, Value)>>,
    pub(super) storages: Vec<Storage>,
    pub(super) tensors: Vec<Tensor>,
    pub(super) mentions: Vec<String>,
    pub(super) arrays: Vec<Array>,
    pub(super) dtypes: Vec<Dtype>,
    /// Items that were copied from one thing into another.
    pub(super) copied: usize,
}

impl Heap {
    pub(super) fn list(&mut self, items: Vec<Value>) -> Node {
        self.lists.push(items);
        node(self.lists.len())
    }

    pub(super) fn dict(&mut self, entries: Vec<(Value, Value)>) -> Value {
        self.dicts.push(entries);
        Value::Dict(node(self.dicts.len()))
    }

    pub(super) fn storage(&mut self, storage: Storage) -> Value {
        self.storages.push(storage);
        Value::Storage(node(self.storages.len()))
    }

    pub(super) fn tensor(&mut self, tensor: Tensor) -> Value {
        self.tensors.push(tensor);
        Value::Tensor(node(self.tensors.len()))
    }

    pub(super) fn mention(&mut self, name: String) -> Value {
        self.mentions.push(name);
        Value::Mention(node(self.mentions.len()))
    }

    /// An array that has no elements yet.
    pub(super) fn array(&mut self) -> Value {
        self.arrays.push(Array::default());
        Value::Array(node(self.arrays.len()))
    }

    pub(super) fn dtype(&mut self, dtype: Dtype) -> Value {
        self.dtypes.push(dtype);
        Value::Dtype(node(self.dtypes.len()))
    }

    /// How many things there are, copies included.
    pub(super) fn len(&self) -> usize {
        self.copied
            + self.lists.len()
            + self.dicts.len()
            + self.storages.len()
            + self.tensors.len()
            + self.mentions.len()
            + self.arrays.len()
            + self.dtypes.len()
    }

    /// The items of a tuple, list or object.
    pub(super) fn items(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::Tuple(node) | Value::List(node) | Value::Object(node) => Some(&self.lists[node.0 as usize]),
            _ => None,
        }
    }

    /// The entries of a dict, in the order in which they were put there.
    pub(super) fn entries(&self, value: Value) -> Option<&[(Value, Value)]> {
        match value {
            Value::Dict(node) => Some(&self.dicts[node.0 as usize]),
            _ => None,
        }
    }
}

/// Counts tensors; what has been counted in one value does not count again in the next.
pub(super) struct Counter<'a> {
    heap: &'a Heap,
    lists: Vec<bool>,
    dicts: Vec<bool>,
    tensors: Vec<bool>,
}

impl Counter<'_> {
    pub(super) fn new(heap: &Heap) -> Counter<'_> {
        let unseen = |count: usize| vec![false; count];
        let (lists, dicts, tensors) = (unseen(heap.lists.len()), unseen(heap.dicts.len()), unseen(heap.tensors.len()));
        Counter { heap, lists, dicts, tensors }
    }

    /// Tensors in a value.
    pub(super) fn tensors(&mut self, value: Value) -> usize {
        let mut count = 0;
        let mut open = vec![value];
        let is_new = |seen: &mut bool| !std::mem::replace(seen, true);
        while let Some(value) = open.pop() {
            match value {
                Value::Tuple(Node(at)) | Value::List(Node(at)) | Value::Object(Node(at))
                    if is_new(&mut self.lists[at as usize]) =>
                {
                    open.extend(&self.heap.lists[at as usize]);
                }
                Value::Dict(Node(at)) if is_new(&mut self.dicts[at as usize]) => {
                    open.extend(self.heap.dicts[at as usize].iter().flat_map(|&(key, value)| [key, value]));
                }
                Value::Tensor(Node(at)) => count += usize::from(is_new(&mut self.tensors[at as usize])),
                _ => {}
            }
        }
        count
    }
}

fn node(length: usize) -> Node {
    Node(u32::try_from(length - 1).expect("the machine stops long before"))
}
