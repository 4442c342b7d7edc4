//! The folder in which compiled kernels are kept from one process to the next.
//!
//! CubeCL appends them to files and trusts what it finds there: it panics where it can't write, and takes a damaged kernel
//! for a whole one. So a folder is handed to it only if no other process uses it, all files in it are as they were when
//! they were sealed by this same program, and there is room for more. Kernels that were not sealed, because a process was
//! killed, are cut off. What makes this fail is an error, and the process then compiles for itself.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use diadc_core::file;

/// So many processes can keep kernels of the same kind at a time, each in a folder of its own.
const FOLDERS: usize = 8;

/// The bytes that must be free, which is more than the kernels of large models take.
const ROOM: usize = 1 << 24;

/// A folder of kernels that this process uses alone until it ends.
#[derive(Debug)]
pub(crate) struct KernelCache {
    folder: PathBuf,
    program: u32,
    /// Held until the process ends.
    _lock: File,
}

/// A file as it was when it was sealed.
#[derive(Debug, PartialEq, Eq)]
struct Sealed {
    path: PathBuf,
    length: u64,
    crc: u32,
}

impl KernelCache {
    /// Takes the first of the folders in `kind` that no other process uses, and removes what can't be trusted there. `kind`
    /// is named after all that compiled kernels depend on, but for `program`: the checksum of the program that makes them.
    ///
    /// # Errors
    /// If a folder or a file can't be made, or other processes use all folders.
    pub(crate) fn open(kind: &Path, program: u32) -> io::Result<KernelCache> {
        for place in 0..FOLDERS {
            let folder = kind.join(place.to_string());
            fs::create_dir_all(&folder)?;
            let lock = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join("lock"))?;
            match lock.try_lock() {
                Ok(()) => {
                    let cache = KernelCache { folder, program, _lock: lock };
                    cache.clean()?;
                    cache.check_room()?;
                    return Ok(cache);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::other(format!("{FOLDERS} other processes use it")))
    }

    /// The folder that CubeCL fills.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("kernels")
    }

    /// Seals what is there now, so that a later process uses it. The device must be at rest.
    ///
    /// # Errors
    /// If a file can't be read or written; a later process then uses what was sealed before.
    pub(crate) fn seal(&self) -> io::Result<()> {
        let mut lines = vec![format!("{:08x}", self.program)];
        for path in files(&self.root())? {
            let length = fs::metadata(&path)?.len();
            let inside = path.strip_prefix(&self.folder).map_err(io::Error::other)?;
            let inside = inside.to_str().ok_or_else(|| io::Error::other("a name that is no text"))?;
            lines.push(format!("{length} {:08x} {inside}", checksum(&path, length)?));
        }
        file::write(&self.folder.join("seal"), (lines.join("\n") + "\n").as_bytes())
    }

    /// Removes what was not sealed by this program, or has changed since.
    fn clean(&self) -> io::Result<()> {
        let root = self.root();
        let sealed = self.sealed().unwrap_or_default();
        let is_whole = |one: &Sealed| checksum(&one.path, one.length).is_ok_and(|crc| crc == one.crc);
        if sealed.is_empty() || !sealed.iter().all(is_whole) {
            return match fs::symlink_metadata(&root) {
                Ok(found) if found.is_dir() => fs::remove_dir_all(&root),
                Ok(_) => fs::remove_file(&root),
                Err(_) => Ok(()),
            };
        }
        for path in files(&root)? {
            match sealed.iter().find(|one| one.path == path) {
                Some(one) => OpenOptions::new().write(true).open(&path)?.set_len(one.length)?,
                None => fs::remove_file(&path)?,
            }
        }
        Ok(())
    }

    /// The files that the seal names, if it is one of this program.
    fn sealed(&self) -> Option<Vec<Sealed>> {
        let text = fs::read_to_string(self.folder.join("seal")).ok()?;
        let mut lines = text.lines();
        if u32::from_str_radix(lines.next()?, 16).ok()? != self.program {
            return None;
        }
        let read = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let (length, crc) = (words.next()?.parse().ok()?, u32::from_str_radix(words.next()?, 16).ok()?);
            Some(Sealed { path: self.folder.join(words.next()?), length, crc })
        };
        lines.map(read).collect()
    }

    fn check_room(&self) -> io::Result<()> {
        let path = self.folder.join("room");
        let written = fs::write(&path, vec![0; ROOM]);
        let removed = if path.exists() { fs::remove_file(&path) } else { Ok(()) };
        written.and(removed)
    }
}

/// The checksum of this program, whose kernels change with it.
///
/// # Errors
/// If its file can't be read.
pub(crate) fn program() -> io::Result<u32> {
    let path = std::env::current_exe()?;
    checksum(&path, fs::metadata(&path)?.len())
}

/// The checksum of the first bytes of a file.
///
/// # Errors
/// If it can't be read or has fewer.
fn checksum(path: &Path, length: u64) -> io::Result<u32> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?.take(length));
    let (mut crc, mut found) = (0, 0);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        crc = crc32c::crc32c_append(crc, bytes);
        let count = bytes.len();
        found += count as u64;
        reader.consume(count);
    }
    if found < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(crc) }
}

/// All files below a folder, in order; none if it is not there.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let place = if entry.file_type()?.is_dir() { &mut folders } else { &mut found };
            place.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use cubecl::cache::CacheOption;
    use cubecl::compilation_cache::CompilationCache;

    use super::*;

    /// A folder in which another process has sealed one file and left another.
    fn used(kind: &Path) {
        let cache = KernelCache::open(kind, 1).expect("it can be written");
        fs::create_dir_all(cache.root()).expect("it can be written");
        fs::write(cache.root().join("chunk"), "a kernel").expect("it can be written");
        cache.seal().expect("it can be written");
        fs::write(cache.root().join("chunk"), "a kernel and half an").expect("it can be written");
        fs::write(cache.root().join("chunk.lock"), "").expect("it can be written");
    }

    fn kept(kind: &Path, program: u32) -> Option<String> {
        let cache = KernelCache::open(kind, program).expect("it can be opened");
        assert!(!cache.root().join("chunk.lock").exists(), "it was not sealed");
        fs::read_to_string(cache.root().join("chunk")).ok()
    }

    #[test]
    fn what_was_sealed_is_kept_and_the_rest_is_cut_off() {
        let kind = tempfile::tempdir().expect("there is room");
        used(kind.path());
        assert_eq!(kept(kind.path(), 1).as_deref(), Some("a kernel"));
        assert_eq!(kept(kind.path(), 1).as_deref(), Some("a kernel"));
    }

    /// What CubeCL finds of a kernel, which it makes if it finds none.
    fn found(kind: &Path, program: u32) -> Option<Vec<u8>> {
        let cache = KernelCache::open(kind, program).expect("it can be opened");
        let option = CacheOption::default().name("cuda").root(cache.root());
        let mut kernels = CompilationCache::<u64, Vec<u8>>::new("ptx", option);
        let found = kernels.get(&7).cloned();
        if found.is_none() {
            kernels.insert(7, vec![1, 200, 3]).expect("there is none yet");
        }
        drop(kernels);
        cache.seal().expect("it can be written");
        found
    }

    #[test]
    fn cubecl_finds_kernels_of_the_same_program_unless_a_file_is_damaged() {
        let kind = tempfile::tempdir().expect("there is room");
        let whole = Some(vec![1, 200, 3]);
        let runs = [1, 1, 2, 2, 1].map(|program| found(kind.path(), program));
        assert_eq!(runs, [None, whole.clone(), None, whole.clone(), None]);
        let cache = KernelCache::open(kind.path(), 1).expect("it can be opened");
        let all = files(&cache.root()).expect("it can be read");
        drop(cache);
        assert_eq!(all.len(), 2, "{all:?}");
        for path in all {
            assert_eq!(found(kind.path(), 1), whole);
            let mut bytes = fs::read(&path).expect("it can be read");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).expect("it can be written");
            assert_eq!(found(kind.path(), 1), None, "{}", path.display());
        }
    }

    #[test]
    fn kernels_of_another_program_are_removed() {
        let kind = tempfile::tempdir().expect("there is room");
        used(kind.path());
        assert_eq!(kept(kind.path(), 2), None);
    }

    #[test]
    fn damaged_kernels_are_removed() {
        for damage in ["a kernul", "a ker", ""] {
            let kind = tempfile::tempdir().expect("there is room");
            used(kind.path());
            fs::write(kind.path().join("0/kernels/chunk"), damage).expect("it can be written");
            assert_eq!(kept(kind.path(), 1), None, "{damage}");
        }
    }

    #[test]
    fn a_damaged_seal_is_none() {
        for damage in ["", "x", "00000001\n", "00000001\n9 zz kernels/chunk\n", "00000001\n8 00000000\n"] {
            let kind = tempfile::tempdir().expect("there is room");
            used(kind.path());
            fs::write(kind.path().join("0/seal"), damage).expect("it can be written");
            assert_eq!(kept(kind.path(), 1), None, "{damage}");
        }
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_an_error_or_is_removed() {
        let kind = tempfile::tempdir().expect("there is room");
        fs::create_dir_all(kind.path().join("0")).expect("it can be written");
        fs::write(kind.path().join("0/kernels"), "").expect("it can be written");
        assert!(!KernelCache::open(kind.path(), 1).expect("it can be opened").root().exists());
        let file = kind.path().join("file");
        fs::write(&file, "").expect("it can be written");
        KernelCache::open(&file, 1).expect_err("it is no folder");
    }

    #[test]
    fn processes_at_a_time_have_folders_of_their_own() {
        let kind = tempfile::tempdir().expect("there is room");
        let mut open = Vec::new();
        for _ in 0..FOLDERS {
            open.push(KernelCache::open(kind.path(), 1).expect("it can be opened"));
        }
        let mut roots: Vec<PathBuf> = open.iter().map(KernelCache::root).collect();
        roots.dedup();
        assert_eq!(roots.len(), FOLDERS);
        let full = KernelCache::open(kind.path(), 1).expect_err("all are used").to_string();
        assert_eq!(full, "8 other processes use it");
        open.remove(3);
        assert_eq!(KernelCache::open(kind.path(), 1).expect("one is free").root(), roots[3]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_can_not_be_written_is_an_error() {
        KernelCache::open(Path::new("/proc/diadc"), 1).expect_err("the system makes its folders itself");
    }

    #[test]
    fn this_program_has_a_checksum() {
        assert_eq!(program().expect("it can be read"), program().expect("it can be read"));
    }
}
