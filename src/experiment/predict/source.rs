//! Where images to score come from: a list, lines that arrive one by one, or a folder that is watched.

use std::collections::{HashMap, VecDeque};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rayon::prelude::*;

use crate::dataset::{DatasetError, InputImage, images_in, read_input};
use crate::evaluate::score::IMAGES_AT_ONCE;
use crate::experiment::error::ExperimentError;

/// Time between two looks at a folder.
const PAUSE: Duration = Duration::from_millis(150);
/// For how long a file that can't be read may stay as it is before it is taken to be damaged, not half written.
const PATIENCE: Duration = Duration::from_secs(2);

/// An image that was read, or why it can't be.
#[derive(Debug)]
pub struct Read {
    /// The file that it comes from.
    pub path: PathBuf,
    /// The image.
    pub image: Result<InputImage, DatasetError>,
}

/// Gives images, a few at a time.
pub trait Source: Send {
    /// The next images, at least one and at most [`IMAGES_AT_ONCE`]; none if there will be no more. May wait for them.
    ///
    /// # Errors
    /// If what gives them fails.
    fn next(&mut self) -> Result<Option<Vec<Read>>, ExperimentError>;

    /// How many images it gives in all, if that is known.
    fn count(&self) -> Option<usize>;
}

/// Reads images in parallel, in their order.
fn read(paths: Vec<PathBuf>) -> Vec<Read> {
    let read = |path: PathBuf| {
        let image = read_input(&path);
        Read { path, image }
    };
    paths.into_par_iter().map(read).collect()
}

/// Images whose files are known.
pub struct Listed {
    paths: VecDeque<PathBuf>,
    count: usize,
}

impl Listed {
    /// The images in these files, in this order.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>) -> Listed {
        Listed { count: paths.len(), paths: paths.into() }
    }
}

impl Source for Listed {
    fn next(&mut self) -> Result<Option<Vec<Read>>, ExperimentError> {
        let paths: Vec<PathBuf> = self.paths.drain(..self.paths.len().min(IMAGES_AT_ONCE)).collect();
        Ok((!paths.is_empty()).then(|| read(paths)))
    }

    fn count(&self) -> Option<usize> {
        Some(self.count)
    }
}

/// Images whose files are named by lines, each of which is scored as soon as its line is there. Empty lines are passed over.
pub struct Lines<R> {
    lines: R,
}

impl<R: BufRead + Send> Lines<R> {
    /// The images whose paths stand on these lines.
    #[must_use]
    pub fn new(lines: R) -> Lines<R> {
        Lines { lines }
    }
}

impl<R: BufRead + Send> Source for Lines<R> {
    fn next(&mut self) -> Result<Option<Vec<Read>>, ExperimentError> {
        let mut line = String::new();
        while self.lines.read_line(&mut line).map_err(ExperimentError::Lines)? > 0 {
            let name = line.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
            if !name.is_empty() {
                return Ok(Some(read(vec![PathBuf::from(name)])));
            }
            line.clear();
        }
        Ok(None)
    }

    fn count(&self) -> Option<usize> {
        None
    }
}

/// Time and length of a file, which change when the file does.
type Stamp = (SystemTime, u64);

/// What is known of a file in a watched folder.
struct Known {
    stamp: Stamp,
    /// Since when it has had this stamp.
    since: Instant,
    /// Whether it has been given as it is now.
    is_given: bool,
    /// How often it could not be read as it is now.
    failures: u32,
}

/// The images in a folder and below, those that are there and those that appear later. A file that is still being written is
/// waited for; one that changes is given again.
pub struct Watched<'a> {
    folder: PathBuf,
    stop: &'a AtomicBool,
    known: HashMap<PathBuf, Known>,
    ready: VecDeque<Read>,
}

impl<'a> Watched<'a> {
    /// Watches a folder until `stop` is set.
    #[must_use]
    pub fn new(folder: &Path, stop: &'a AtomicBool) -> Watched<'a> {
        Watched { folder: folder.to_path_buf(), stop, known: HashMap::new(), ready: VecDeque::new() }
    }

    /// Looks at the folder once, and reads what has not changed since the last look.
    fn look(&mut self) -> Result<(), ExperimentError> {
        let paths = match images_in(&self.folder) {
            Ok(paths) => paths,
            // A folder below it may go at any time.
            Err(_) if self.folder.is_dir() => return Ok(()),
            Err(_) => return Err(ExperimentError::Vanished(self.folder.clone())),
        };
        let mut quiet = Vec::new();
        for path in paths {
            let Some(stamp) = stamp(&path) else { continue };
            match self.known.get_mut(&path) {
                Some(known) if known.stamp == stamp => {
                    if !known.is_given {
                        quiet.push((known.failures, path));
                    }
                }
                _ => {
                    self.known.insert(path, Known { stamp, since: Instant::now(), is_given: false, failures: 0 });
                }
            }
        }
        // A few at a time; files that are still being written come last.
        quiet.sort();
        let quiet = quiet.into_iter().take(IMAGES_AT_ONCE).map(|(_, path)| path).collect();
        for Read { path, image } in read(quiet) {
            let Some(known) = self.known.get_mut(&path) else { continue };
            // It may have changed while it was read.
            let is_whole = stamp(&path) == Some(known.stamp);
            if is_whole && (image.is_ok() || known.since.elapsed() >= PATIENCE) {
                known.is_given = true;
                self.ready.push_back(Read { path, image });
            } else {
                known.failures += 1;
            }
        }
        Ok(())
    }
}

impl Source for Watched<'_> {
    fn next(&mut self) -> Result<Option<Vec<Read>>, ExperimentError> {
        while self.ready.is_empty() {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            self.look()?;
            if self.ready.is_empty() {
                std::thread::sleep(PAUSE);
            }
        }
        Ok(Some(self.ready.drain(..self.ready.len().min(IMAGES_AT_ONCE)).collect()))
    }

    fn count(&self) -> Option<usize> {
        None
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}
