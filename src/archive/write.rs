//! Archives that are written: each entry as it is, at a multiple of the bytes that its reader wants.

use std::fs;
use std::io::{self, BufWriter, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive into which entries are written one after the other. The same entries always give the same bytes.
pub(crate) struct ArchiveWriter(ZipWriter<BufWriter<fs::File>>);

impl ArchiveWriter {
    /// An archive without entries in an empty file.
    pub(crate) fn new(file: fs::File) -> ArchiveWriter {
        ArchiveWriter(ZipWriter::new(BufWriter::new(file)))
    }

    /// Writes an entry whose bytes begin at a multiple of `alignment`.
    pub(crate) fn put(&mut self, name: &str, bytes: &[u8], alignment: u16) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(u32::try_from(bytes.len()).is_err())
            .with_alignment(alignment);
        self.0.start_file(name, options)?;
        self.0.write_all(bytes)
    }

    /// Writes the directory, and gives the file back.
    pub(crate) fn finish(self) -> io::Result<fs::File> {
        self.0.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
    }
}
