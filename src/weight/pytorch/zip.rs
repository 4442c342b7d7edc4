//! The directory of a zip archive whose entries are stored as they are.
//!
//! In: a file. Out: where each entry's bytes lie. `torch.save` never compresses, so an entry that is compressed or
//! encrypted is refused, and nothing can grow on being read. Archives above 4 GB have their numbers in the zip64
//! fields, which are read; archives in several volumes are refused. (PKWARE APPNOTE 6.3.)

use std::collections::BTreeMap;

use crate::weight::file::{Fault, Input};

/// The bytes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Distance from the beginning of the file.
    pub(super) at: u64,
    /// How many they are.
    pub(super) length: u64,
}

/// The fixed part of the record that ends an archive, and the longest comment behind it.
const END: u64 = 22;
const LONGEST_COMMENT: u64 = 65_535;
/// The record that leads to the zip64 end, and the fixed part of that.
const LOCATOR: u64 = 20;
const END_64: u64 = 56;
/// The fixed parts of the records of an entry: in the directory, and in front of its bytes.
const DIRECTORY_ENTRY: usize = 46;
const LOCAL_ENTRY: u64 = 30;
/// A number that stands in a zip64 field instead.
const ELSEWHERE: u64 = 0xFFFF_FFFF;
/// A directory longer than this is refused.
const LONGEST_DIRECTORY: u64 = 256 << 20;

/// Where the bytes of each entry lie, by name.
pub(super) fn entries(input: &mut Input) -> Result<BTreeMap<String, Place>, Fault> {
    let (at, length, count) = directory(input)?;
    if length > LONGEST_DIRECTORY {
        return Err(damaged(format!("its zip directory would have {length} bytes")));
    }
    let bytes = input.at(at, length, "the zip directory")?;
    let mut rest = bytes.as_slice();
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let (name, place, used) = entry(input, rest)?;
        rest = &rest[used..];
        // A folder has no bytes.
        if name.ends_with('/') {
            continue;
        }
        if entries.insert(name.clone(), place).is_some() {
            return Err(damaged(format!("the archive holds `{name}` twice")));
        }
    }
    disjoint(&entries)?;
    Ok(entries)
}

/// Place, length and number of entries of the directory.
fn directory(input: &mut Input) -> Result<(u64, u64, u64), Fault> {
    let tail = input.length.min(END + LONGEST_COMMENT);
    let start = input.length - tail;
    let bytes = input.at(start, tail, "the end of the archive")?;
    let found = (0..=bytes.len().saturating_sub(END as usize)).rev().find(|&at| {
        bytes[at..].starts_with(b"PK\x05\x06")
            && bytes.len() - at >= END as usize
            && bytes.len() - at - END as usize == usize::from(short(&bytes[at + 20..]))
    });
    let Some(found) = found else {
        return Err(damaged("the zip directory at its end is missing; the file may be cut off"));
    };
    let end = &bytes[found..];
    if short(&end[4..]) != 0 && short(&end[4..]) != 0xFFFF {
        return Err(damaged("it is one of several volumes"));
    }
    let (count, length, at) = (u64::from(short(&end[10..])), word(&end[12..]), word(&end[16..]));
    if count != 0xFFFF && length != ELSEWHERE && at != ELSEWHERE {
        return Ok((at, length, count));
    }
    let locator = (start + found as u64).checked_sub(LOCATOR).ok_or_else(|| damaged("its zip64 locator is missing"))?;
    let locator = input.at(locator, LOCATOR, "the zip64 locator")?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Err(damaged("its zip64 locator is missing"));
    }
    let end = input.at(long(&locator[8..]), END_64, "the zip64 end of the directory")?;
    if !end.starts_with(b"PK\x06\x06") {
        return Err(damaged("its zip64 locator leads nowhere"));
    }
    Ok((long(&end[48..]), long(&end[40..]), long(&end[32..])))
}

/// Name and place of the first entry of a directory, and the bytes that it takes there.
fn entry(input: &mut Input, bytes: &[u8]) -> Result<(String, Place, usize), Fault> {
    if bytes.len() < DIRECTORY_ENTRY || !bytes.starts_with(b"PK\x01\x02") {
        return Err(damaged("its zip directory ends early"));
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(short(&bytes[at..])));
    let used = DIRECTORY_ENTRY + name + extra + comment;
    if bytes.len() < used {
        return Err(damaged("its zip directory ends early"));
    }
    let extra = &bytes[DIRECTORY_ENTRY + name..][..extra];
    let name = String::from_utf8_lossy(&bytes[DIRECTORY_ENTRY..][..name]).into_owned();
    if short(&bytes[8..]) & 1 != 0 {
        return Err(damaged(format!("`{name}` in the archive is encrypted")));
    }
    if short(&bytes[10..]) != 0 {
        return Err(damaged(format!("`{name}` in the archive is compressed, which PyTorch never does")));
    }
    let [mut packed, mut length, mut at] = [20, 24, 42].map(|at| word(&bytes[at..]));
    wide(extra, [&mut length, &mut packed, &mut at])
        .ok_or_else(|| damaged(format!("the zip64 fields of `{name}` end early")))?;
    if packed != length {
        return Err(damaged(format!("`{name}` in the archive has two lengths")));
    }
    let local = input.at(at, LOCAL_ENTRY, &format!("`{name}` in the archive"))?;
    if !local.starts_with(b"PK\x03\x04") {
        return Err(damaged(format!("`{name}` is not where the zip directory says")));
    }
    let start = at + LOCAL_ENTRY + u64::from(short(&local[26..])) + u64::from(short(&local[28..]));
    if start.checked_add(length).is_none_or(|end| end > input.length) {
        return Err(damaged(format!("`{name}` in the archive would end behind the file's {} bytes", input.length)));
    }
    Ok((name, Place { at: start, length }, used))
}

/// Takes those numbers from the zip64 field that stand there, in its order; none if the field is too short.
fn wide(mut extra: &[u8], numbers: [&mut u64; 3]) -> Option<()> {
    while extra.len() >= 4 {
        let (kind, length) = (short(extra), usize::from(short(&extra[2..])));
        let mut field = extra[4..].get(..length)?;
        if kind == 1 {
            for number in numbers {
                if *number == ELSEWHERE {
                    *number = long(field.get(..8)?);
                    field = &field[8..];
                }
            }
            return Some(());
        }
        extra = &extra[4 + length..];
    }
    numbers.iter().all(|number| **number != ELSEWHERE).then_some(())
}

/// Refuses entries that share bytes.
fn disjoint(entries: &BTreeMap<String, Place>) -> Result<(), Fault> {
    let mut places: Vec<(&str, Place)> = entries.iter().map(|(name, place)| (name.as_str(), *place)).collect();
    places.retain(|(_, place)| place.length > 0);
    places.sort_by_key(|(_, place)| place.at);
    for pair in places.windows(2) {
        let [(first, a), (second, b)] = pair else { continue };
        if a.at + a.length > b.at {
            return Err(damaged(format!("`{first}` and `{second}` in the archive overlap")));
        }
    }
    Ok(())
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}

fn short(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[0], bytes[1]])
}

fn word(bytes: &[u8]) -> u64 {
    u64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn long(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("they are 8"))
}
