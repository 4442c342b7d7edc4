//! NumPy's npy format, versions 1 to 3 (numpy.lib.format): a header in Python's notation and the bare values.

use half::f16;

use super::array::{Array, Values};
use super::header::{Header, header};
use super::kind::{Kind, Order, kind};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The array of an npy file.
pub(super) fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (text, data) = split(bytes)?;
    let Header { descr, by_columns, shape } = header(text)?;
    let count = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    let count = count.ok_or_else(|| format!("an array of shape {shape:?} has too many values"))?;
    let values = values(&descr, count, data)?;
    let values = if by_columns && shape.len() > 1 { by_rows(values, &shape) } else { values };
    Ok(Array { shape, values })
}

/// The shape of the array of an npy file, of which `bytes` are at least the header, and whether it may need 64 bits.
pub(super) fn look(bytes: &[u8]) -> Result<(Vec<usize>, bool), String> {
    let header = header(split(bytes)?.0)?;
    let wide = matches!(kind(&header.descr)?.0, Kind::F64 | Kind::I32 | Kind::U32 | Kind::I64 | Kind::U64);
    Ok((header.shape, wide))
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

fn values(descr: &str, count: usize, data: &[u8]) -> Result<Values, String> {
    let (kind, order) = kind(descr)?;
    let narrow = Values::Numbers;
    let wide = Values::narrowed;
    Ok(match kind {
        Kind::F16 => narrow(each(data, count, order, |bytes| f16::from_le_bytes(bytes).to_f32())?),
        Kind::F32 => narrow(each(data, count, order, f32::from_le_bytes)?),
        Kind::F64 => wide(each(data, count, order, f64::from_le_bytes)?),
        Kind::U8 => narrow(each(data, count, order, |[byte]| f32::from(byte))?),
        Kind::I8 => narrow(each(data, count, order, |bytes| f32::from(i8::from_le_bytes(bytes)))?),
        Kind::U16 => narrow(each(data, count, order, |bytes| f32::from(u16::from_le_bytes(bytes)))?),
        Kind::I16 => narrow(each(data, count, order, |bytes| f32::from(i16::from_le_bytes(bytes)))?),
        Kind::U32 => wide(each(data, count, order, |bytes| f64::from(u32::from_le_bytes(bytes)))?),
        Kind::I32 => wide(each(data, count, order, |bytes| f64::from(i32::from_le_bytes(bytes)))?),
        Kind::U64 => Values::integers(each(data, count, order, |bytes| i128::from(u64::from_le_bytes(bytes)))?)?,
        Kind::I64 => Values::integers(each(data, count, order, |bytes| i128::from(i64::from_le_bytes(bytes)))?)?,
        Kind::Text { characters } => Values::Texts(texts(data, count, characters, order)?),
        Kind::Bytes { length } => Values::Texts(byte_texts(data, count, length)?),
    })
}

fn each<const N: usize, T>(
    data: &[u8],
    count: usize,
    order: Order,
    of: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    exactly(data, count, N)?;
    let (whole, _) = data.as_chunks::<N>();
    Ok(match order {
        Order::Little => whole.iter().map(|bytes| of(*bytes)).collect(),
        Order::Big => whole.iter().map(|bytes| of(std::array::from_fn(|at| bytes[N - 1 - at]))).collect(),
    })
}

fn exactly(data: &[u8], count: usize, width: usize) -> Result<(), String> {
    if count.checked_mul(width) == Some(data.len()) {
        return Ok(());
    }
    Err(format!("its header speaks of {count} values of {width} bytes, but {} bytes follow", data.len()))
}

/// Texts of a fixed number of 32-bit characters, filled up with zeros.
fn texts(data: &[u8], count: usize, characters: usize, order: Order) -> Result<Vec<String>, String> {
    let width = characters.checked_mul(4).ok_or("its texts are too long")?;
    if has_none(data, count, width)? {
        return Ok(Vec::new());
    }
    let code = |bytes: &[u8; 4]| match order {
        Order::Little => u32::from_le_bytes(*bytes),
        Order::Big => u32::from_be_bytes(*bytes),
    };
    let text = |bytes: &[u8]| {
        let characters = bytes.as_chunks::<4>().0.iter().map(code);
        characters.take_while(|&code| code != 0).map(char::from_u32).collect::<Option<String>>()
    };
    let texts: Option<Vec<String>> = data.chunks(width).map(text).collect();
    texts.ok_or_else(|| "a text of it holds what is no character".to_owned())
}

/// Texts of a fixed number of bytes, filled up with zeros.
fn byte_texts(data: &[u8], count: usize, length: usize) -> Result<Vec<String>, String> {
    if has_none(data, count, length)? {
        return Ok(Vec::new());
    }
    let text = |bytes: &[u8]| {
        let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        String::from_utf8(bytes[..end].to_vec()).map_err(|_| "it holds bytes that are no text".to_owned())
    };
    data.chunks(length).map(text).collect()
}

/// Checks the length of an array of texts; whether there is none.
fn has_none(data: &[u8], count: usize, width: usize) -> Result<bool, String> {
    exactly(data, count, width)?;
    match (count, width) {
        (0, _) => Ok(true),
        (_, 0) => Err("its texts have no characters".to_owned()),
        _ => Ok(false),
    }
}

/// Values that are stored with the first extent fastest, with the last one fastest.
fn by_rows(values: Values, shape: &[usize]) -> Values {
    match values {
        Values::Numbers(values) => Values::Numbers(turned(&values, shape)),
        Values::Wide(values) => Values::Wide(turned(&values, shape)),
        Values::Texts(values) => Values::Texts(turned(&values, shape)),
    }
}

fn turned<T: Clone>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut steps = vec![1; shape.len()];
    for axis in 1..shape.len() {
        steps[axis] = steps[axis - 1] * shape[axis - 1];
    }
    let mut turned = Vec::with_capacity(values.len());
    let mut at = vec![0; shape.len()];
    let mut place = 0;
    for _ in 0..values.len() {
        turned.push(values[place].clone());
        for axis in (0..shape.len()).rev() {
            at[axis] += 1;
            place += steps[axis];
            if at[axis] < shape[axis] {
                break;
            }
            place -= steps[axis] * shape[axis];
            at[axis] = 0;
        }
    }
    turned
}
