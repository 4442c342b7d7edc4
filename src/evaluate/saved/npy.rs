//! NumPy's npy format, versions 1 to 3 (numpy.lib.format): a header in Python's notation and the bare values.

use half::f16;

use super::{Array, Values};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The array of an npy file.
pub(super) fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (header, data) = split(bytes)?;
    let descr = field(header, "descr")?.trim_matches(['\'', '"']);
    let fortran = field(header, "fortran_order")?;
    let shape = shape(field(header, "shape")?)?;
    let count = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    let count = count.ok_or_else(|| format!("an array of shape {shape:?} has too many values"))?;
    if fortran == "True" && shape.len() > 1 {
        return Err("its array is stored column by column; save `np.ascontiguousarray(array)`".to_owned());
    }
    let values = values(descr, count, data)?;
    Ok(Array { shape, values })
}

/// The shape of the array of an npy file, of which `bytes` are at least the header.
pub(super) fn shape_of(bytes: &[u8]) -> Result<Vec<usize>, String> {
    shape(field(split(bytes)?.0, "shape")?)
}

/// The header as text, and what follows it.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let short = || "it ends within the header of its array".to_owned();
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as an npy array does")?;
    let (&[major, _], rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    let (length, rest) = match major {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        other => return Err(format!("its array is of npy version {other}; 1 to 3 are known")),
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(short)?;
    let header = std::str::from_utf8(header).map_err(|_| "the header of its array is no text".to_owned())?;
    Ok((header, data))
}

/// The value of a key in `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
fn field<'a>(header: &'a str, key: &str) -> Result<&'a str, String> {
    let missing = || format!("the header of its array lacks `{key}`");
    let quoted = format!("'{key}':");
    let at = header.find(&quoted).ok_or_else(missing)? + quoted.len();
    let rest = header[at..].trim_start();
    let end = match rest.chars().next() {
        Some('(') => rest.find(')').map(|at| at + 1),
        Some('[') => return Err("its array has fields of several types; save each as an array of its own".to_owned()),
        _ => rest.find([',', '}']),
    };
    Ok(rest[..end.ok_or_else(missing)?].trim())
}

fn shape(text: &str) -> Result<Vec<usize>, String> {
    let inner = text.trim_start_matches('(').trim_end_matches(')');
    let extents = inner.split(',').map(str::trim).filter(|extent| !extent.is_empty());
    extents.map(|extent| extent.parse().map_err(|_| format!("`{text}` is no shape of an array"))).collect()
}

fn values(descr: &str, count: usize, data: &[u8]) -> Result<Values, String> {
    if descr.contains('O') {
        return Err("its array holds Python objects, which are not read; save numbers or texts".to_owned());
    }
    let (order, kind) = descr.split_at_checked(1).unwrap_or(("", ""));
    if order == ">" {
        return Err(
            "its values are big-endian; save them with `array.astype(array.dtype.newbyteorder('<'))`".to_owned()
        );
    }
    if let Some(length) = kind.strip_prefix('U').and_then(|length| length.parse::<usize>().ok()) {
        let width = length.checked_mul(4).ok_or("its texts are too long")?;
        return texts(data, count, width);
    }
    let numbers = match kind {
        "f2" => each(data, count, |bytes| f16::from_le_bytes(bytes).to_f32()),
        "f4" => each(data, count, f32::from_le_bytes),
        "f8" => each(data, count, |bytes| f64::from_le_bytes(bytes) as f32),
        "u1" | "b1" => each(data, count, |[byte]: [u8; 1]| f32::from(byte)),
        "i1" => each(data, count, |bytes| f32::from(i8::from_le_bytes(bytes))),
        "u2" => each(data, count, |bytes| f32::from(u16::from_le_bytes(bytes))),
        "i2" => each(data, count, |bytes| f32::from(i16::from_le_bytes(bytes))),
        "i4" => each(data, count, |bytes| i32::from_le_bytes(bytes) as f32),
        "u4" => each(data, count, |bytes| u32::from_le_bytes(bytes) as f32),
        "i8" => each(data, count, |bytes| i64::from_le_bytes(bytes) as f32),
        "u8" => each(data, count, |bytes| u64::from_le_bytes(bytes) as f32),
        _ => return Err(format!("its values are of the type `{descr}`, which is not read; save them as float32")),
    };
    numbers.map(Values::Numbers)
}

fn each<const N: usize>(data: &[u8], count: usize, of: impl Fn([u8; N]) -> f32) -> Result<Vec<f32>, String> {
    exactly(data, count, N)?;
    Ok(data.as_chunks::<N>().0.iter().map(|bytes| of(*bytes)).collect())
}

fn exactly(data: &[u8], count: usize, width: usize) -> Result<(), String> {
    if count.checked_mul(width) == Some(data.len()) {
        return Ok(());
    }
    Err(format!("its header speaks of {count} values of {width} bytes, but {} bytes follow", data.len()))
}

/// Texts of a fixed number of 32-bit characters, filled up with zeros.
fn texts(data: &[u8], count: usize, width: usize) -> Result<Values, String> {
    exactly(data, count, width)?;
    if width == 0 {
        let none = (count == 0).then(|| Values::Texts(Vec::new()));
        return none.ok_or_else(|| "its texts have no characters".to_owned());
    }
    let text = |bytes: &[u8]| {
        let characters = bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        characters.take_while(|&code| code != 0).map(char::from_u32).collect::<Option<String>>()
    };
    let texts: Option<Vec<String>> = data.chunks(width).map(text).collect();
    texts.map(Values::Texts).ok_or_else(|| "a text of it holds what is no character".to_owned())
}
