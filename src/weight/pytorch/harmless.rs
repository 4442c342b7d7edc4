//! The Python names that a checkpoint may use, and what calling one of them makes here.
//!
//! No name is ever looked up anywhere but in this list, and no Python code runs. Everything that is not needed to find
//! the weights becomes an inert object.

use crate::weight::format::{Fault, View};
use crate::weight::stored::Stored;

use super::numpy;
use super::value::{Heap, Storage, Tensor, Value};

/// What calling a name gives.
#[derive(Clone, Copy, Debug)]
enum Call {
    /// A dict, of pairs if some are given.
    Dict,
    /// A view: storage, offset, shape, strides; and the type of elements as the argument of a number.
    Tensor(Option<usize>),
    /// Its first argument.
    First,
    /// Calls its first argument with the third.
    Indirect,
    /// An empty dict, which entries are put into afterwards.
    EmptyDict,
    /// A view of a storage whose elements are quantised.
    Quantised,
    /// An array of NumPy without elements, and the type of one.
    Array,
    Dtype,
    /// Bytes that stand in the pickle as text.
    Latin,
    /// A tensor of a kind that can't be read, in words.
    Odd(&'static str),
    /// An inert object, which nothing needs.
    Inert,
    /// Nothing: the name stands for the type of the elements of a storage and must not be called.
    Never(Element),
}

/// Types of elements, of which a list can be made at compile time.
#[derive(Clone, Copy, Debug)]
enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
    Other(&'static str, usize),
}

/// The most arguments that are read, axes of a tensor, and bytes in the name of a storage.
const MOST_ARGUMENTS: usize = 8;
const MOST_AXES: usize = 64;
const LONGEST_KEY: u32 = 1000;

type Name = (&'static [&'static str], &'static str, Call);

const NAMES: &[Name] = &[
    (&["collections"], "OrderedDict", Call::Dict),
    (&["collections"], "Counter", Call::Dict),
    (&["collections"], "defaultdict", Call::EmptyDict),
    (&["collections"], "deque", Call::Inert),
    (&["torch._utils"], "_rebuild_tensor", Call::Tensor(None)),
    (&["torch._utils"], "_rebuild_tensor_v2", Call::Tensor(None)),
    (&["torch._utils"], "_rebuild_tensor_v3", Call::Tensor(Some(6))),
    (&["torch._utils"], "_rebuild_qtensor", Call::Quantised),
    (&["torch._utils"], "_rebuild_sparse_tensor", Call::Odd("a sparse tensor")),
    (&["torch._utils"], "_rebuild_sparse_csr_tensor", Call::Odd("a sparse tensor")),
    (&["torch._utils"], "_rebuild_nested_tensor", Call::Odd("a nested tensor")),
    (&["torch._utils"], "_rebuild_meta_tensor_no_storage", Call::Odd("a tensor without numbers, of the device `meta`")),
    (&["torch._utils"], "_rebuild_parameter", Call::First),
    (&["torch._utils"], "_rebuild_parameter_with_state", Call::First),
    (&["torch._tensor"], "_rebuild_from_type_v2", Call::Indirect),
    (&["torch"], "Size", Call::First),
    (&["torch"], "Tensor", Call::Inert),
    (&["torch"], "device", Call::Inert),
    (&["torch.nn.parameter"], "Parameter", Call::Inert),
    (&["torch"], "DoubleStorage", Call::Never(Element::F64)),
    (&["torch"], "FloatStorage", Call::Never(Element::F32)),
    (&["torch"], "HalfStorage", Call::Never(Element::F16)),
    (&["torch"], "BFloat16Storage", Call::Never(Element::Bf16)),
    (&["torch"], "LongStorage", Call::Never(Element::I64)),
    (&["torch"], "IntStorage", Call::Never(Element::I32)),
    (&["torch"], "ShortStorage", Call::Never(Element::I16)),
    (&["torch"], "CharStorage", Call::Never(Element::I8)),
    (&["torch"], "ByteStorage", Call::Never(Element::U8)),
    (&["torch"], "BoolStorage", Call::Never(Element::Bool)),
    (&["torch"], "ComplexFloatStorage", Call::Never(Element::Other("C64", 8))),
    (&["torch"], "ComplexDoubleStorage", Call::Never(Element::Other("C128", 16))),
    (&["torch"], "ComplexHalfStorage", Call::Never(Element::Other("C32", 4))),
    (&["torch"], "QInt8Storage", Call::Never(Element::Other("QI8", 1))),
    (&["torch"], "QUInt8Storage", Call::Never(Element::Other("QU8", 1))),
    (&["torch"], "QInt32Storage", Call::Never(Element::Other("QI32", 4))),
    (&["torch"], "QUInt4x2Storage", Call::Never(Element::Other("QU4x2", 1))),
    (&["torch"], "QUInt2x4Storage", Call::Never(Element::Other("QU2x4", 1))),
    (&["torch"], "per_tensor_affine", Call::Inert),
    (&["torch"], "per_channel_affine", Call::Inert),
    (&["torch"], "per_channel_affine_float_qparams", Call::Inert),
    (&["torch.serialization"], "_get_layout", Call::Inert),
    (&["torch"], "UntypedStorage", Call::Never(Element::U8)),
    (&["torch.storage"], "UntypedStorage", Call::Never(Element::U8)),
    (&["torch"], "float64", Call::Never(Element::F64)),
    (&["torch"], "float32", Call::Never(Element::F32)),
    (&["torch"], "float16", Call::Never(Element::F16)),
    (&["torch"], "bfloat16", Call::Never(Element::Bf16)),
    (&["torch"], "int64", Call::Never(Element::I64)),
    (&["torch"], "int32", Call::Never(Element::I32)),
    (&["torch"], "int16", Call::Never(Element::I16)),
    (&["torch"], "int8", Call::Never(Element::I8)),
    (&["torch"], "uint8", Call::Never(Element::U8)),
    (&["torch"], "bool", Call::Never(Element::Bool)),
    (&["torch"], "uint16", Call::Never(Element::Other("U16", 2))),
    (&["torch"], "uint32", Call::Never(Element::Other("U32", 4))),
    (&["torch"], "uint64", Call::Never(Element::Other("U64", 8))),
    (&["torch"], "complex32", Call::Never(Element::Other("C32", 4))),
    (&["torch"], "complex64", Call::Never(Element::Other("C64", 8))),
    (&["torch"], "complex128", Call::Never(Element::Other("C128", 16))),
    (&["torch"], "float8_e4m3fn", Call::Never(Element::Other("F8_E4M3", 1))),
    (&["torch"], "float8_e5m2", Call::Never(Element::Other("F8_E5M2", 1))),
    (&["torch"], "float8_e8m0fnu", Call::Never(Element::Other("F8_E8M0", 1))),
    (&["torch"], "float8_e4m3fnuz", Call::Never(Element::Other("F8_E4M3FNUZ", 1))),
    (&["torch"], "float8_e5m2fnuz", Call::Never(Element::Other("F8_E5M2FNUZ", 1))),
    (&["builtins", "__builtin__"], "set", Call::Inert),
    (&["builtins", "__builtin__"], "frozenset", Call::Inert),
    (&["builtins", "__builtin__"], "list", Call::Inert),
    (&["builtins", "__builtin__"], "dict", Call::Inert),
    (&["builtins", "__builtin__"], "tuple", Call::Inert),
    (&["builtins", "__builtin__"], "int", Call::Inert),
    (&["builtins", "__builtin__"], "long", Call::Inert),
    (&["builtins", "__builtin__"], "float", Call::Inert),
    (&["builtins", "__builtin__"], "complex", Call::Inert),
    (&["builtins", "__builtin__"], "bool", Call::Inert),
    (&["builtins", "__builtin__"], "str", Call::Inert),
    (&["builtins", "__builtin__"], "unicode", Call::Inert),
    (&["builtins", "__builtin__"], "bytes", Call::Inert),
    (&["builtins", "__builtin__"], "bytearray", Call::Inert),
    (&["builtins", "__builtin__"], "slice", Call::Inert),
    (&["builtins", "__builtin__"], "range", Call::Inert),
    (&["builtins", "__builtin__"], "object", Call::Inert),
    (&["copyreg", "copy_reg"], "_reconstructor", Call::Inert),
    (&["_codecs"], "encode", Call::Latin),
    (&["argparse"], "Namespace", Call::Inert),
    (&["types"], "SimpleNamespace", Call::Inert),
    (&["datetime"], "datetime", Call::Inert),
    (&["datetime"], "date", Call::Inert),
    (&["datetime"], "timedelta", Call::Inert),
    (&["random"], "Random", Call::Inert),
    (&["numpy.random._pickle"], "__randomstate_ctor", Call::Inert),
    (&["numpy.random._pickle"], "__generator_ctor", Call::Inert),
    (&["numpy.random._pickle"], "__bit_generator_ctor", Call::Inert),
    (&["numpy.random._mt19937"], "MT19937", Call::Inert),
    (&["numpy.random._pcg64"], "PCG64", Call::Inert),
    (&["numpy.random.bit_generator"], "SeedSequence", Call::Inert),
    (&["numpy.random.bit_generator"], "__pyx_unpickle_SeedSequence", Call::Inert),
    (&["pathlib", "pathlib._local"], "PosixPath", Call::Inert),
    (&["pathlib", "pathlib._local"], "WindowsPath", Call::Inert),
    (&["typing"], "Any", Call::Inert),
    (&["numpy"], "dtype", Call::Dtype),
    (&["numpy"], "ndarray", Call::Inert),
    (&["numpy.core.multiarray", "numpy._core.multiarray"], "scalar", Call::Inert),
    (&["numpy.core.multiarray", "numpy._core.multiarray"], "_reconstruct", Call::Array),
    (&["pytorch_lightning.utilities.parsing"], "AttributeDict", Call::Dict),
    (&["lightning_fabric.utilities.data", "lightning.fabric.utilities.data"], "AttributeDict", Call::Dict),
];

/// Packages whose classes hold the settings of a training: what is made of them is an inert object.
const SETTINGS: &[&str] =
    &["anomalib", "lightning", "lightning_fabric", "pytorch_lightning", "torchmetrics", "omegaconf"];

/// What a name means.
pub(super) fn named(heap: &mut Heap, module: &str, name: &str) -> Result<Value, Fault> {
    let known = NAMES.iter().position(|(modules, own, _)| *own == name && modules.contains(&module));
    match known {
        Some(index) => Ok(Value::Harmless(index)),
        None if SETTINGS.contains(&module.split('.').next().unwrap_or(module)) => {
            Ok(heap.mention(format!("{module}.{name}")))
        }
        None => Err(Fault::Refused(format!("{module}.{name}"))),
    }
}

/// Type of the elements that a name stands for.
pub(super) fn stored(value: Value) -> Option<Stored> {
    let Value::Harmless(index) = value else { return None };
    let Call::Never(element) = NAMES[index].2 else { return None };
    Some(match element {
        Element::F64 => Stored::F64,
        Element::F32 => Stored::F32,
        Element::F16 => Stored::F16,
        Element::Bf16 => Stored::Bf16,
        Element::I64 => Stored::I64,
        Element::I32 => Stored::I32,
        Element::I16 => Stored::I16,
        Element::I8 => Stored::I8,
        Element::U8 => Stored::U8,
        Element::Bool => Stored::Bool,
        Element::Other(name, width) => Stored::Other(name.to_owned(), width),
    })
}

/// Calls a name with the items of a tuple.
pub(super) fn call(heap: &mut Heap, bytes: &[u8], callee: Value, arguments: Value) -> Result<Value, Fault> {
    // Only so many are needed; a pickle must not have long lists copied again and again.
    let Some(items) = heap.items(arguments).map(|items| items[..items.len().min(MOST_ARGUMENTS)].to_vec()) else {
        return Err(damaged("a call without a tuple of arguments"));
    };
    let Value::Harmless(index) = callee else {
        return match callee {
            Value::Mention(_) => Ok(Value::Object(heap.list(vec![arguments]))),
            _ => Err(damaged("a call of something that is no name")),
        };
    };
    match NAMES[index].2 {
        Call::Dict => dict(heap, &items),
        Call::EmptyDict => Ok(heap.dict(Vec::new())),
        Call::Tensor(element) => {
            let metadata = if element.is_some() { 7 } else { 6 };
            let view = items.get(metadata).map_or(View::Plain, |metadata| view(heap, bytes, *metadata));
            tensor(heap, &items, element, view)
        }
        Call::Quantised => tensor(heap, &items, None, View::Plain),
        Call::Array => Ok(heap.array()),
        Call::Dtype => Ok(numpy::dtype(heap, &items)),
        Call::Latin => match items.first() {
            Some(Value::Text(slice)) => Ok(Value::Latin(*slice)),
            _ => Ok(Value::Object(heap.list(vec![arguments]))),
        },
        Call::Odd(_) => Ok(Value::Odd(index)),
        Call::First => items.first().copied().ok_or_else(|| damaged("a call without arguments")),
        Call::Indirect => match items[..] {
            // One step only, so that calls can't nest.
            [Value::Harmless(inner), _, arguments, ..] if matches!(NAMES[inner].2, Call::Tensor(_) | Call::First) => {
                call(heap, bytes, Value::Harmless(inner), arguments)
            }
            _ => Err(damaged("a tensor of an unknown class")),
        },
        Call::Inert => Ok(Value::Object(heap.list(vec![arguments]))),
        Call::Never(_) => Err(Fault::Refused(format!("{}.{}, called", NAMES[index].0[0], NAMES[index].1))),
    }
}

/// In words, what a value is whose elements can't be read.
pub(super) fn odd(index: usize) -> &'static str {
    let Call::Odd(words) = NAMES[index].2 else { unreachable!("only such a call makes an odd value") };
    words
}

fn dict(heap: &mut Heap, items: &[Value]) -> Result<Value, Fault> {
    let Some(&first) = items.first() else { return Ok(heap.dict(Vec::new())) };
    // A counter is made of the dict of its counts.
    if let Some(entries) = heap.entries(first).map(<[_]>::to_vec) {
        heap.copied += entries.len();
        return Ok(heap.dict(entries));
    }
    let pairs = heap.items(first).ok_or_else(|| damaged("a dict of something that is no list"))?;
    let pair = |pair: &Value| match heap.items(*pair) {
        Some(&[key, value]) => Some((key, value)),
        _ => None,
    };
    let entries: Option<Vec<_>> = pairs.iter().map(pair).collect();
    heap.copied += pairs.len();
    Ok(heap.dict(entries.ok_or_else(|| damaged("a dict of things that are no pairs"))?))
}

/// What the metadata of a view say that is still to be done to its elements: `{"neg": True}`.
fn view(heap: &Heap, bytes: &[u8], metadata: Value) -> View {
    let is_set = |word: &[u8]| {
        let names = |key: Value| match key {
            Value::Text(slice) => bytes[slice.start as usize..][..slice.length as usize] == *word,
            _ => false,
        };
        heap.entries(metadata).unwrap_or_default().iter().any(|&(key, value)| names(key) && value != Value::Bool(false))
    };
    match (is_set(b"conj"), is_set(b"neg")) {
        (true, _) => View::Conjugate,
        (false, true) => View::Negative,
        (false, false) => View::Plain,
    }
}

fn tensor(heap: &mut Heap, items: &[Value], element: Option<usize>, view: View) -> Result<Value, Fault> {
    let [Value::Storage(storage), Value::Int(offset), shape, strides, ..] = items[..] else {
        return Err(damaged("a tensor without a storage, an offset, a shape and strides"));
    };
    let stored = match element {
        Some(place) => Some(
            items.get(place).and_then(|value| stored(*value)).ok_or_else(|| damaged("a tensor of an unknown type"))?,
        ),
        None => None,
    };
    let numbers = |value: Value| -> Option<Vec<usize>> {
        let number = |item: &Value| match item {
            Value::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        };
        heap.items(value).filter(|items| items.len() <= MOST_AXES)?.iter().map(number).collect()
    };
    let (Some(shape), Some(strides)) = (numbers(shape), numbers(strides)) else {
        return Err(damaged("a tensor whose shape or strides are no list of numbers"));
    };
    if shape.len() != strides.len() {
        return Err(damaged("a tensor has not as many strides as axes"));
    }
    let offset = u64::try_from(offset).map_err(|_| damaged("a tensor begins before its storage"))?;
    Ok(heap.tensor(Tensor { storage, stored, offset, shape, strides, view }))
}

/// The storage that a persistent id stands for: `("storage", type, key, device, count)`, in old files with the part of
/// another storage that it is; or an inert object for the source of a module.
pub(super) fn persistent(heap: &mut Heap, bytes: &[u8], id: Value) -> Result<Value, Fault> {
    let text = |value: Value| match value {
        Value::Text(slice) if slice.length <= LONGEST_KEY => {
            std::str::from_utf8(&bytes[slice.start as usize..][..slice.length as usize]).ok().map(str::to_owned)
        }
        _ => None,
    };
    let items = heap.items(id).map(|items| items[..items.len().min(MOST_ARGUMENTS)].to_vec()).unwrap_or_default();
    let kind = items.first().and_then(|value| text(*value)).unwrap_or_default();
    match (kind.as_str(), &items[..]) {
        ("module", &[_, class, ..]) => Ok(class),
        ("storage", &[_, class, key, _, Value::Int(count), ref view @ ..]) => {
            let stored = stored(class).ok_or_else(|| damaged("a storage of an unknown type"))?;
            let key = text(key).ok_or_else(|| damaged("a storage without a name"))?;
            let mut count = u64::try_from(count).map_err(|_| damaged("a storage of a negative length"))?;
            let mut offset = 0;
            if let Some(&[_, Value::Int(from), Value::Int(length)]) = view.first().and_then(|value| heap.items(*value))
            {
                let unsigned = |n: i64| u64::try_from(n).map_err(|_| damaged("a storage of a negative length"));
                (offset, count) = (unsigned(from)?, unsigned(length)?);
            }
            Ok(heap.storage(Storage { key, stored, count, offset }))
        }
        _ => Err(damaged("a persistent id that is no storage")),
    }
}

fn damaged(reason: &str) -> Fault {
    Fault::Damaged(format!("its pickle has {reason}"))
}
