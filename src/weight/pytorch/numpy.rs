//! Arrays of NumPy in a pickle, which stand in the place of tensors in checkpoints of some programs.
//!
//! An array is made empty and then given its state: shape, type, order and the elements as bytes of the pickle. Before
//! protocol 3 bytes are pickled as text, each byte as the letter of its number.

use crate::weight::stored::Stored;

use super::value::{Array, ArrayState, Dtype, Heap, Node, Slice, Value};

/// The most axes of an array.
const MOST_AXES: usize = 64;

/// The type that a call such as `dtype("f4", False, True)` makes.
pub(super) fn dtype(heap: &mut Heap, items: &[Value]) -> Value {
    let name = match items.first() {
        Some(Value::Text(slice)) if slice.length <= 8 => Some(*slice),
        _ => None,
    };
    heap.dtype(Dtype { name, is_big: false })
}

/// Notes the order of bytes that the state of a type says: `(3, "<", ..)`.
pub(super) fn set_order(heap: &mut Heap, bytes: &[u8], Node(at): Node, state: Value) {
    let order = heap.items(state).and_then(|items| items.get(1).copied());
    if let Some(Value::Text(slice)) = order {
        heap.dtypes[at as usize].is_big = text(bytes, slice) == b">";
    }
}

/// Gives an array its state: `(version, shape, type, is_fortran, elements)`. What can't be understood stays empty.
pub(super) fn set_state(heap: &mut Heap, bytes: &[u8], Node(at): Node, state: Value) {
    let known = |heap: &Heap| -> Option<ArrayState> {
        let &[_, shape, dtype, Value::Bool(is_fortran), data, ..] = heap.items(state)? else { return None };
        let extents = heap.items(shape).filter(|items| items.len() <= MOST_AXES)?;
        let extent = |value: &Value| match value {
            Value::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        };
        let shape = extents.iter().map(extent).collect::<Option<Vec<usize>>>()?;
        let (data, is_latin) = match data {
            Value::Text(slice) => (slice, false),
            Value::Latin(slice) => (slice, true),
            // No bytes at all are written as a call of `bytes`.
            Value::Object(_) if shape.contains(&0) => (Slice { start: 0, length: 0 }, false),
            _ => return None,
        };
        Some(ArrayState { shape, stored: stored(heap, bytes, dtype)?, is_fortran, data, is_latin })
    };
    heap.arrays[at as usize] = Array { state: known(heap) };
}

fn stored(heap: &Heap, bytes: &[u8], dtype: Value) -> Option<Stored> {
    let Value::Dtype(Node(at)) = dtype else { return None };
    let Dtype { name, is_big } = &heap.dtypes[at as usize];
    let stored = match text(bytes, (*name)?) {
        b"f8" => Stored::F64,
        b"f4" => Stored::F32,
        b"f2" => Stored::F16,
        b"i8" => Stored::I64,
        b"i4" => Stored::I32,
        b"i2" => Stored::I16,
        b"i1" => Stored::I8,
        b"u1" => Stored::U8,
        b"b1" => Stored::Bool,
        b"c8" => Stored::Other("C64".to_owned(), 8),
        b"c16" => Stored::Other("C128".to_owned(), 16),
        b"u2" => Stored::Other("U16".to_owned(), 2),
        b"u4" => Stored::Other("U32".to_owned(), 4),
        b"u8" => Stored::Other("U64".to_owned(), 8),
        _ => return None,
    };
    Some(if *is_big && stored.width() > 1 {
        Stored::Other(format!("big-endian {stored}"), stored.width())
    } else {
        stored
    })
}

fn text(bytes: &[u8], slice: Slice) -> &[u8] {
    &bytes[slice.start as usize..][..slice.length as usize]
}
