//! The markers of a JPEG file: its size without decoding it, whether it is all there, and bytes that belong to nothing.
//!
//! Decoders fill what is missing at the end of a file with grey and report nothing. A data set with such images is
//! damaged. A file is complete if the marker EOI follows its last scan; one within a thumbnail does not count (ITU-T
//! T.81, annex B). Some cameras leave bytes between two segments that are part of neither. As libjpeg does, and with it
//! Pillow and OpenCV, they are passed over.

use std::io::{self, BufRead, Seek, SeekFrom};

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// Whether these are the first bytes of a JPEG file.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&SOI)
}

/// Width and height; none if the file has no frame. The first two bytes of the file have been read.
pub(super) fn dimensions(file: &mut (impl BufRead + Seek)) -> io::Result<Option<(u32, u32)>> {
    loop {
        let marker = next_marker(file)?;
        if matches!(marker, SOS | EOI) {
            return Ok(None);
        }
        if !has_length(marker) {
            continue;
        }
        let mut head = [0; 7];
        file.read_exact(&mut head[..2])?;
        let length = i64::from(u16::from_be_bytes([head[0], head[1]]));
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            file.read_exact(&mut head[2..])?;
            let [height, width] = [3, 5].map(|at| u32::from(u16::from_be_bytes([head[at], head[at + 1]])));
            return Ok(Some((width, height)));
        }
        if length < 2 {
            return Ok(None);
        }
        file.seek(SeekFrom::Current(length - 2))?;
    }
}

/// The next marker, past fill bytes and bytes that belong to nothing.
fn next_marker(file: &mut impl BufRead) -> io::Result<u8> {
    let mut byte = [0];
    loop {
        file.skip_until(0xff)?;
        file.read_exact(&mut byte)?;
        while byte == [0xff] {
            file.read_exact(&mut byte)?;
        }
        if byte != [0] {
            return Ok(byte[0]);
        }
    }
}

/// Whether a marker begins a segment that states its length.
fn has_length(marker: u8) -> bool {
    !matches!(marker, 0x01 | 0xd0..=0xd9)
}

/// The image without bytes that belong to nothing, which decoders take for damage; none if it is not complete.
pub(super) fn whole(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let mut from = 0;
    let mut at = SOI.len();
    loop {
        let next = marker(&bytes, at)?;
        if next > at {
            kept.extend_from_slice(&bytes[from..at]);
            from = next;
        }
        let marker = bytes[next + 1];
        at = next + 2;
        if marker == EOI {
            break;
        }
        if has_length(marker) {
            let length = bytes.get(at..at + 2)?;
            at += usize::from(u16::from_be_bytes([length[0], length[1]]));
        }
        if marker == SOS {
            at = end_of_scan(&bytes, at)?;
        }
    }
    if from == 0 {
        return Some(bytes);
    }
    kept.extend_from_slice(&bytes[from..]);
    Some(kept)
}

/// The place of the next marker: of the last of the bytes `ff` before it, which may be several.
fn marker(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match bytes.get(at + 1)? {
            0 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// The place of the marker that ends a scan.
fn end_of_scan(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match bytes.get(at + 1)? {
            0 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}
