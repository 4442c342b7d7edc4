//! The files on disk, by paths relative to the working directory. This is the only place in the language that reads them.

use std::io;
use std::path::Path;

use super::Files;

/// The files on disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        super::files::text(std::fs::read(path)?)
    }
}

impl Disk {
    /// Whether there is anything at a path.
    #[must_use]
    pub fn has(self, path: &Path) -> bool {
        path.exists()
    }
}
