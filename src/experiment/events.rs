//! Event files of TensorBoard: what training reports of each step, as scalars.
//!
//! In: the steps that training reports. Out: records of the format TFRecord, each a message `Event` of TensorFlow's
//! `event.proto` in the encoding of protocol buffers. A record has its length, the bytes, and a checksum of each.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The version of the format, which stands in the first record.
const VERSION: &str = "brain.Event:2";
/// Numbers of the fields of `Event`, `Summary`, `Summary.Value` and `SessionLog`.
const WALL_TIME: u64 = 1;
const STEP: u64 = 2;
const FILE_VERSION: u64 = 3;
const SUMMARY: u64 = 5;
const SESSION_LOG: u64 = 7;
const VALUE: u64 = 1;
const TAG: u64 = 1;
const SIMPLE_VALUE: u64 = 2;
const STATUS: u64 = 1;
/// `SessionLog.START`: what follows replaces what earlier files have from this step on.
const START: u64 = 1;
/// Types of fields: how the end of a value is found.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED_32: u64 = 5;

/// A file that grows by a record for each step.
pub(super) struct Events {
    file: File,
    path: PathBuf,
}

impl Events {
    /// Begins a file in a folder, for steps after `before`.
    pub(super) fn begin(folder: &Path, before: usize) -> Result<Events, (PathBuf, io::Error)> {
        // TensorBoard reads the files of a folder in the order of their names.
        let (seconds, process) = (now() as u64, std::process::id());
        let name = |number: usize| format!("events.out.tfevents.{seconds:010}.diadc.{process}.{number:04}");
        let path = (0..10_000).map(|number| folder.join(name(number))).find(|path| !path.exists());
        let path = path.unwrap_or_else(|| folder.join(name(0)));
        let fail = |error| (path.clone(), error);
        fs::create_dir_all(folder).map_err(fail)?;
        let file = File::create_new(&path).map_err(fail)?;
        let mut events = Events { file, path: path.clone() };
        events.add(0, &bytes(FILE_VERSION, VERSION.as_bytes())).map_err(fail)?;
        let start = number(STATUS, START);
        events.add(before as u64 + 1, &bytes(SESSION_LOG, &start)).map_err(fail)?;
        Ok(events)
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds the scalars of a step: tag, value.
    pub(super) fn scalars(&mut self, step: usize, scalars: &[(&str, f32)]) -> io::Result<()> {
        let value = |(tag, value): &(&str, f32)| {
            let value = [bytes(TAG, tag.as_bytes()), fixed(SIMPLE_VALUE, FIXED_32, &value.to_le_bytes())].concat();
            bytes(VALUE, &value)
        };
        let summary: Vec<u8> = scalars.iter().flat_map(value).collect();
        self.add(step as u64, &bytes(SUMMARY, &summary))
    }

    /// Adds an event.
    fn add(&mut self, step: u64, what: &[u8]) -> io::Result<()> {
        let time = fixed(WALL_TIME, FIXED_64, &now().to_le_bytes());
        self.file.write_all(&record(&[&time[..], &number(STEP, step), what].concat()))
    }
}

/// Seconds since the beginning of 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// A record of the format TFRecord.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), data, &checksum(data)].concat()
}

/// The checksum that TFRecord takes: CRC-32C, turned and moved, so that one of data that hold checksums is no less good.
fn checksum(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// A number in groups of seven bits, the lowest first; each but the last has its highest bit set.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A field with a whole number.
fn number(field: u64, number: u64) -> Vec<u8> {
    [varint(field << 3 | VARINT), varint(number)].concat()
}

/// A field of a fixed length.
fn fixed(field: u64, kind: u64, bytes: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | kind)[..], bytes].concat()
}

/// A field with a text or a message.
fn bytes(field: u64, bytes: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | LENGTH)[..], &varint(bytes.len() as u64), bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::{bytes, checksum, number, record, varint};

    #[test]
    fn numbers_and_checksums_are_those_of_their_definitions() {
        // 300 is the example of the documentation of protocol buffers.
        assert_eq!((varint(0), varint(127), varint(300)), (vec![0], vec![127], vec![0xac, 0x02]));
        assert_eq!(number(1, 150), [0x08, 0x96, 0x01]);
        assert_eq!(bytes(2, b"testing"), [&[0x12, 0x07][..], b"testing"].concat());
        // CRC-32C of "123456789" is 0xe3069283 (RFC 3720).
        assert_eq!(checksum(b"123456789"), 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes());
        assert_eq!(record(b"ab").len(), 8 + 4 + 2 + 4);
    }
}
