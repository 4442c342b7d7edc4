//! Files that are written beside their place and moved there when they are whole.
//!
//! In: a path and bytes. Out: a file that has all of them, on the disk, or what was there before: nothing half-written
//! is ever found under the path. A file that replaces another keeps its permissions; a link stays, and what it leads to
//! is replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is being written. Unless it is moved to its place, nothing is left of it.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    /// Where it lies until it is whole; none if it is written in its place, or has been moved there.
    partial: Option<PathBuf>,
}

impl NewFile {
    /// Begins a file beside `path`, whose folder must be there. Devices and pipes are written to directly.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn create(path: &Path) -> io::Result<(NewFile, File)> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let replaced = fs::metadata(&path).ok();
        if replaced.as_ref().is_some_and(|replaced| !replaced.is_file()) {
            let file = File::create(&path)?;
            return Ok((NewFile { path, partial: None }, file));
        }
        let mut partial = path.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        // One may be left over from a run that was killed. If it can't be taken away, the next line says so.
        let _ = fs::remove_file(&partial);
        let file = OpenOptions::new().write(true).create_new(true).open(&partial)?;
        let new = NewFile { path, partial: Some(partial) };
        if let Some(replaced) = replaced {
            file.set_permissions(replaced.permissions())?;
        }
        Ok((new, file))
    }

    /// Makes sure that all bytes are on the disk, and moves the file to its place.
    ///
    /// # Errors
    /// If that fails; what was there before is untouched then.
    pub fn place(mut self, file: File) -> io::Result<()> {
        self.move_there(file)
    }

    /// Does the same, and makes sure that the move is on the disk as well, where the system can do that.
    ///
    /// # Errors
    /// If that fails; what was there before is untouched then.
    pub fn place_for_good(mut self, file: File) -> io::Result<()> {
        self.move_there(file)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match File::open(folder) {
            Ok(folder) => folder.sync_all().or(Ok(())),
            Err(_) => Ok(()),
        }
    }

    fn move_there(&mut self, file: File) -> io::Result<()> {
        let Some(partial) = &self.partial else { return Ok(()) };
        file.sync_all()?;
        drop(file);
        fs::rename(partial, &self.path)?;
        self.partial = None;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            // The error that led here is the one to report, not that this fails too.
            let _ = fs::remove_file(partial);
        }
    }
}

/// Where this version of diadc keeps what it can make again: below the user's cache folder, or nowhere if no folder of the
/// user's is known.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    let of_variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || of_variable("HOME").map(|home| home.join(".cache"));
    let folder = of_variable("XDG_CACHE_HOME").or_else(home).or_else(|| of_variable("LOCALAPPDATA"))?;
    Some(folder.join("diadc").join(env!("CARGO_PKG_VERSION")))
}

/// Writes a whole file; its folder must be there.
///
/// # Errors
/// If it can't be written; what was there before is untouched then.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (new, mut file) = NewFile::create(path)?;
    file.write_all(bytes)?;
    new.place(file)
}
