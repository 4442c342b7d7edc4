//! The markers of a JPEG file: its size without decoding it, and whether it is all there.
//!
//! Decoders fill what is missing at the end of a file with grey and report nothing. A data set with such images is
//! damaged. A file is complete if the marker EOI follows its last scan; one within a thumbnail does not count (ITU-T
//! T.81, annex B).

use std::io::{self, Read, Seek, SeekFrom};

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// Whether these are the first bytes of a JPEG file.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&SOI)
}

/// Width and height; none if the file has no frame. The first two bytes of the file have been read.
pub(super) fn dimensions(file: &mut (impl Read + Seek)) -> io::Result<Option<(u32, u32)>> {
    loop {
        let mut marker = [0; 2];
        file.read_exact(&mut marker)?;
        while marker == [0xff, 0xff] {
            file.read_exact(&mut marker[1..])?;
        }
        let is_frame = matches!(marker[1], 0xc0..=0xcf) && !matches!(marker[1], 0xc4 | 0xc8 | 0xcc);
        if marker[0] != 0xff || matches!(marker[1], SOS | EOI) {
            return Ok(None);
        }
        let mut head = [0; 7];
        file.read_exact(&mut head[..2])?;
        let length = i64::from(u16::from_be_bytes([head[0], head[1]]));
        if is_frame {
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

/// Whether the image is complete.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let mut at = SOI.len();
    loop {
        // Between segments: a marker, which may be preceded by fill bytes.
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(0xff), Some(0xff)) => at += 1,
            (Some(0xff), Some(&EOI)) => return true,
            (Some(0xff), Some(&marker)) => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
                if marker == SOS {
                    match end_of_scan(bytes, at) {
                        Some(end) => at = end,
                        None => return false,
                    }
                }
            }
            _ => return false,
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
