//! NumPy's npz format: a zip archive of npy files, stored or deflated (PKWARE APPNOTE 6.3).

use std::collections::BTreeMap;
use std::io::Read;

use super::{Array, npy};

const END: &[u8] = b"PK\x05\x06";
const DIRECTORY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// A number that stands in a zip64 field instead.
const ELSEWHERE: u64 = 0xFFFF_FFFF;
/// Deflate can't shrink by more than this factor.
const MOST_DEFLATED: u64 = 1032;

struct Entry {
    name: String,
    method: u16,
    packed: u64,
    length: u64,
    at: u64,
}

/// The arrays of an npz file, by name.
pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    let tail = bytes.len().saturating_sub(22 + 65_535);
    let end = bytes[tail..].windows(4).rposition(|window| window == END).map(|at| tail + at);
    let end = end.ok_or("the directory at its end is missing; the file may be cut off, or be no npz file")?;
    let (mut at, mut count) = (number(bytes, end + 16, 4)?, number(bytes, end + 10, 2)?);
    if at == ELSEWHERE || count == 0xFFFF {
        let locator = end.checked_sub(20).ok_or("its zip64 locator is missing")?;
        let wide = number(bytes, locator + 8, 8)? as usize;
        (count, at) = (number(bytes, wide.saturating_add(32), 8)?, number(bytes, wide.saturating_add(48), 8)?);
    }
    let mut arrays = BTreeMap::new();
    let mut at = at as usize;
    let mut packed = 0_u64;
    for _ in 0..count {
        let (entry, next) = entry(bytes, at)?;
        at = next;
        packed = packed.saturating_add(entry.packed);
        if packed > bytes.len() as u64 {
            return Err("its arrays lie over each other".to_owned());
        }
        let name = entry.name.strip_suffix(".npy").unwrap_or(&entry.name).to_owned();
        let array = content(bytes, &entry).and_then(|content| npy::parse(&content));
        let array = array.map_err(|reason| format!("in `{name}`: {reason}"))?;
        if arrays.insert(name.clone(), array).is_some() {
            return Err(format!("it holds `{name}` twice"));
        }
    }
    Ok(arrays)
}

/// An entry of the directory, and where the next one begins.
fn entry(bytes: &[u8], at: usize) -> Result<(Entry, usize), String> {
    if slice(bytes, at, 4)? != DIRECTORY {
        return Err("its directory is damaged".to_owned());
    }
    let of = |offset: usize, width| number(bytes, at.saturating_add(offset), width);
    let (name_length, extra_length, comment) = (of(28, 2)? as usize, of(30, 2)? as usize, of(32, 2)? as usize);
    let name = slice(bytes, at + 46, name_length)?;
    let name = std::str::from_utf8(name).map_err(|_| "the name of an array is no text".to_owned())?.to_owned();
    let (mut packed, mut length, mut start) = (of(20, 4)?, of(24, 4)?, of(42, 4)?);
    let mut extra = slice(bytes, at + 46 + name_length, extra_length)?;
    while extra.len() >= 4 {
        let (kind, size) = (number(extra, 0, 2)?, number(extra, 2, 2)? as usize);
        let mut field = slice(extra, 4, size)?;
        if kind == 1 {
            for value in [&mut length, &mut packed, &mut start].into_iter().filter(|value| **value == ELSEWHERE) {
                *value = number(field, 0, 8)?;
                field = &field[8..];
            }
        }
        extra = &extra[4 + size..];
    }
    let entry = Entry { name, method: of(10, 2)? as u16, packed, length, at: start };
    Ok((entry, at + 46 + name_length + extra_length + comment))
}

fn content(bytes: &[u8], entry: &Entry) -> Result<Vec<u8>, String> {
    let at = entry.at as usize;
    if slice(bytes, at, 4)? != LOCAL {
        return Err("its entry is damaged".to_owned());
    }
    let skipped = 30 + number(bytes, at + 26, 2)? as usize + number(bytes, at + 28, 2)? as usize;
    let packed = slice(bytes, at + skipped, entry.packed as usize)?;
    match entry.method {
        0 => Ok(packed.to_vec()),
        8 if entry.length > entry.packed.saturating_mul(MOST_DEFLATED) => {
            Err(format!("{} bytes can't have been packed into {}", entry.length, entry.packed))
        }
        8 => {
            let mut content = Vec::new();
            let unpacked = flate2::read::DeflateDecoder::new(packed).take(entry.length).read_to_end(&mut content);
            unpacked.map_err(|error| format!("it can't be unpacked: {error}"))?;
            Ok(content)
        }
        other => Err(format!("it is packed by method {other}; write it with `np.savez` or `np.savez_compressed`")),
    }
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Result<&[u8], String> {
    let end = at.checked_add(length);
    end.and_then(|end| bytes.get(at..end)).ok_or_else(|| "it is cut off or damaged".to_owned())
}

/// A little-endian number of `width` bytes.
fn number(bytes: &[u8], at: usize, width: usize) -> Result<u64, String> {
    Ok(slice(bytes, at, width)?.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}
