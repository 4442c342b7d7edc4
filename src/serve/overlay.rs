//! The files that the compiler sees: those on disk, and over them the texts that the editor has open.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use diadc_lang::source::{Disk, Files};

/// Open texts by their paths, saved or not, and all other files as they lie on disk.
#[derive(Debug, Default)]
pub(super) struct Overlay(HashMap<PathBuf, String>);

impl Overlay {
    /// A file is open, with this text.
    pub(super) fn open(&mut self, path: PathBuf, text: String) {
        self.0.insert(path, text);
    }

    /// A file is no longer open.
    pub(super) fn close(&mut self, path: &Path) {
        self.0.remove(path);
    }
}

impl Files for Overlay {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).map_or_else(|| Disk.read(path), |text| Ok(text.clone()))
    }
}
