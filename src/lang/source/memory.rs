//! Files that are only in memory.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::Files;

/// Texts by their paths. A path is taken as it is written: `a.diad` and `./a.diad` are two files.
#[derive(Clone, Debug, Default)]
pub struct Memory(HashMap<PathBuf, String>);

impl Memory {
    /// Puts a text at a path, in the place of one that is there.
    pub fn write(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.0.insert(path.into(), text.into());
    }

    /// Takes the text at a path away.
    pub fn remove(&mut self, path: &Path) {
        self.0.remove(path);
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
