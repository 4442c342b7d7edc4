//! What an array holds, from its `descr`, which names a type of NumPy.

/// A type that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F16,
    F32,
    F64,
    /// Also truth values.
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    Text {
        characters: usize,
    },
    Bytes {
        length: usize,
    },
}

/// Which byte of a value comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

/// Types by their names: with the number of bytes, as NumPy writes them; of a single letter; and in full.
const NAMES: &[(Kind, &[&str])] = &[
    (Kind::F16, &["f2", "e", "float16", "half"]),
    (Kind::F32, &["f4", "f", "float32", "single"]),
    (Kind::F64, &["f8", "d", "float64", "double", "float"]),
    (Kind::U8, &["u1", "B", "b1", "?", "uint8", "bool", "bool_"]),
    (Kind::I8, &["i1", "b", "int8"]),
    (Kind::U16, &["u2", "H", "uint16"]),
    (Kind::I16, &["i2", "h", "int16"]),
    (Kind::U32, &["u4", "I", "uint32"]),
    (Kind::I32, &["i4", "i", "int32"]),
    (Kind::U64, &["u8", "Q", "uint64"]),
    (Kind::I64, &["i8", "q", "int64", "int"]),
];

/// The type that a `descr` names; without a letter for it the order of bytes is that of this processor's kind.
pub(super) fn kind(descr: &str) -> Result<(Kind, Order), String> {
    let (order, name) = match descr.split_at_checked(1) {
        Some((">", name)) => (Order::Big, name),
        Some(("<" | "=" | "|", name)) => (Order::Little, name),
        _ => (Order::Little, descr),
    };
    if let Some((kind, _)) = NAMES.iter().find(|(_, names)| names.contains(&name)) {
        return Ok((*kind, order));
    }
    let sized = |letter: char| name.strip_prefix(letter).and_then(|size| size.parse::<usize>().ok());
    if let Some(characters) = sized('U') {
        return Ok((Kind::Text { characters }, order));
    }
    if let Some(length) = sized('S').or_else(|| sized('a')) {
        return Ok((Kind::Bytes { length }, order));
    }
    Err(match name.chars().next() {
        Some('O') => "its array holds Python objects, which are not read; save numbers or texts".to_owned(),
        Some('c' | 'F' | 'D') => format!("its values are complex numbers (`{descr}`); save the parts that are meant"),
        Some('M' | 'm') => format!("its values are dates or times (`{descr}`); save numbers or texts"),
        Some('V') => format!("its values have no type that NumPy knows (`{descr}`); save them as float32"),
        Some('f' | 'g') => format!("its values are of the type `{descr}`; save them as float64"),
        _ => format!("its values are of the type `{descr}`, which is not read; save numbers or texts"),
    })
}
