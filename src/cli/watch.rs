//! Repeats a command whenever the spec or a file that it uses changes.
//!
//! The time and length of each file are read a few times a second. That works everywhere, also for files that are
//! replaced, that appear later, or that lie on a network.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::resolve::{Library, Location, files};
use crate::source::Disk;

use super::failure::Failure;
use super::terminal;

/// Time between two looks at the files.
const PAUSE: Duration = Duration::from_millis(150);

/// Time and length of a file, which change when the file does; none if the file is missing.
type Stamp = Option<(SystemTime, u64)>;

/// Runs `once` now, and again after each change of the spec or of a file that it uses, until Ctrl-C. A failure is shown
/// and does not end the watch, unless the first call shows that the command was used the wrong way.
pub(super) fn watch(spec: &Location, mut once: impl FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
    let mut library = Library::default();
    for time in 0.. {
        // They are looked at before the work begins, so that a change in the meantime counts.
        let known = stamps(files(spec, &Disk, &mut library));
        terminal::clear();
        match once() {
            Err(Failure::Usage(text)) if time == 0 => return Err(Failure::Usage(text)),
            Err(failure) => terminal::failure(&failure),
            Ok(()) => {}
        }
        let count = known.len();
        terminal::note(&format!("watching {count} file{}; Ctrl-C ends it", if count == 1 { "" } else { "s" }));
        while known.iter().all(|(path, before)| stamp(path) == *before) {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// The stamps of the files on disk as they are now, also of those that are missing.
fn stamps(files: Vec<Location>) -> Vec<(PathBuf, Stamp)> {
    let mut stamps: Vec<(PathBuf, Stamp)> = Vec::new();
    for file in files {
        if let Location::File(path) = file
            && !stamps.iter().any(|(known, _)| *known == path)
        {
            let now = stamp(&path);
            stamps.push((path, now));
        }
    }
    stamps
}

fn stamp(path: &Path) -> Stamp {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}
