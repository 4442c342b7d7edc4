//! Archives that are read (PKWARE APPNOTE 6.3, with its zip64 fields for files above 4 GB).

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Deflate can't shrink by more than this factor.
const MOST_DEFLATED: u64 = 1032;
/// An archive with more bytes of headers than this is refused.
const MOST_HEADERS: u64 = 256 << 20;

/// An archive whose headers have been read and checked.
pub(crate) struct Archive<R> {
    zip: ZipArchive<Limited<R>>,
    entries: Vec<Entry>,
    /// Bytes that may still be read.
    left: Rc<Cell<u64>>,
}

/// A file in an archive.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) packing: Packing,
    /// Distance of its bytes from the beginning of the archive.
    pub(crate) at: u64,
    /// Bytes that it takes there.
    pub(crate) packed: u64,
    /// Bytes that it has when it is unpacked.
    pub(crate) length: u64,
    /// Its number in the directory.
    number: usize,
}

/// How the bytes of an entry are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// They are as they were.
    Stored,
    /// They are compressed by deflate.
    Deflated,
    /// They are compressed in another way, which is not supported.
    Other,
}

/// Why an archive can't be used.
#[derive(Debug)]
pub(crate) enum ArchiveError {
    /// The system says so.
    Read(io::Error),
    /// It is damaged or hostile; the reason is a clause in which "it" is the file.
    Damaged(String),
}

impl<R: Read + Seek> Archive<R> {
    /// Reads and checks all headers of an archive of `length` bytes, and nothing else.
    pub(crate) fn open(reader: R, length: u64) -> Result<Archive<R>, ArchiveError> {
        let left = Rc::new(Cell::new(MOST_HEADERS));
        let limited = Limited { reader, left: Rc::clone(&left) };
        let unreadable = |error| failed(error, "its zip directory can't be read; it may be cut off");
        let mut zip = ZipArchive::new(limited).map_err(unreadable)?;
        if zip.has_duplicate_names() {
            return Err(damaged("the archive holds one of its files twice"));
        }
        let mut entries = Vec::new();
        for number in 0..zip.len() {
            let entry = entry(&mut zip, number)?;
            // A folder has no bytes.
            if !entry.name.ends_with('/') {
                entries.push(entry);
            }
        }
        check_names(&entries)?;
        check_places(&entries, zip.central_directory_start().min(length))?;
        Ok(Archive { zip, entries, left })
    }

    /// What is in it.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The bytes of an entry that is stored or deflated.
    pub(crate) fn unpack(&mut self, entry: &Entry) -> Result<Vec<u8>, ArchiveError> {
        let broken = |reason: &dyn Display| damaged(format!("`{}` can't be unpacked: {reason}", entry.name));
        self.left.update(|left| left + entry.packed);
        let file = self.zip.by_index(entry.number).map_err(|error| broken(&error))?;
        let mut bytes = Vec::new();
        // The checksum is compared at the end, which only one byte too many reaches.
        file.take(entry.length + 1).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
        if bytes.len() as u64 != entry.length {
            return Err(broken(&format!("it does not have {} bytes", entry.length)));
        }
        Ok(bytes)
    }
}

/// Reads and checks the header of an entry that stands before its bytes.
fn entry<R: Read + Seek>(zip: &mut ZipArchive<R>, number: usize) -> Result<Entry, ArchiveError> {
    let file = zip.by_index_raw(number).map_err(|error| failed(error, "its zip directory leads nowhere"))?;
    let name = String::from_utf8_lossy(file.name_raw()).into_owned();
    let (packed, length) = (file.compressed_size(), file.size());
    if file.encrypted() {
        return Err(damaged(format!("`{name}` in the archive is encrypted")));
    }
    let packing = match file.compression() {
        CompressionMethod::Stored if packed != length => {
            return Err(damaged(format!("`{name}` in the archive has two different lengths")));
        }
        CompressionMethod::Stored => Packing::Stored,
        CompressionMethod::Deflated if length > packed.saturating_mul(MOST_DEFLATED) => {
            return Err(damaged(format!("`{name}`: {length} bytes can't have been packed into {packed}")));
        }
        CompressionMethod::Deflated => Packing::Deflated,
        _ => Packing::Other,
    };
    let at = file.data_start().expect("the header before its bytes has been read");
    Ok(Entry { name, packing, at, packed, length, number })
}

/// Refuses names that differ only in what is no text.
fn check_names(entries: &[Entry]) -> Result<(), ArchiveError> {
    let mut names = BTreeSet::new();
    match entries.iter().find(|entry| !names.insert(entry.name.as_str())) {
        Some(entry) => Err(damaged(format!("the archive holds `{}` twice", entry.name))),
        None => Ok(()),
    }
}

/// Refuses entries that share bytes with each other or with what comes at `end`.
fn check_places(entries: &[Entry], end: u64) -> Result<(), ArchiveError> {
    let mut entries: Vec<&Entry> = entries.iter().filter(|entry| entry.packed > 0).collect();
    entries.sort_by_key(|entry| entry.at);
    for [first, second] in entries.array_windows() {
        if first.at.saturating_add(first.packed) > second.at {
            return Err(damaged(format!("`{}` and `{}` in the archive overlap", first.name, second.name)));
        }
    }
    match entries.last().filter(|last| last.at.saturating_add(last.packed) > end) {
        Some(last) => Err(damaged(format!("`{}` in the archive would end after its {end} bytes", last.name))),
        None => Ok(()),
    }
}

fn failed(error: ZipError, reason: &str) -> ArchiveError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => ArchiveError::Read(error),
        error => damaged(format!("{reason} ({error})")),
    }
}

fn damaged(reason: impl Into<String>) -> ArchiveError {
    ArchiveError::Damaged(reason.into())
}

/// A file of which only so much is read as headers and wanted entries have, however much it claims that they are.
struct Limited<R> {
    reader: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = bytes.len().min(usize::try_from(self.left.get()).unwrap_or(usize::MAX));
        if most == 0 && !bytes.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its headers are too long"));
        }
        let read = self.reader.read(&mut bytes[..most])?;
        self.left.update(|left| left - read as u64);
        Ok(read)
    }
}

impl<R: Seek> Seek for Limited<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.reader.seek(to)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        self.reader.stream_position()
    }
}
