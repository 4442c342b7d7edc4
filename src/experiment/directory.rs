//! The directory of a run. Files are written beside and renamed; nobody else's are touched.

use std::path::{Path, PathBuf};

use crate::compile::{Compiled, compile_from};
use crate::file;
use crate::report::{Provenance, measured};
use crate::resolve::Location;
use crate::train::TrainError;
use crate::weight::WeightError;

use super::error::ExperimentError;
use super::record::{Copied, Record, copy};

/// The folder in the directory of a run for what TensorBoard reads.
pub(super) const EVENTS: &str = "events";

/// What a run was asked to do.
const RECORD: &str = "run.json";

/// A directory that belongs to one run.
#[derive(Clone, Debug)]
pub struct RunDirectory(PathBuf);

impl RunDirectory {
    /// Makes a new directory at `path`.
    ///
    /// # Errors
    /// If there is a directory that is not empty, or it can't be made.
    pub fn create(path: &Path) -> Result<RunDirectory, ExperimentError> {
        let write = |source| ExperimentError::Write { path: path.to_path_buf(), source };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(write)?;
        }
        match std::fs::create_dir(path) {
            Ok(()) => Ok(RunDirectory(path.to_path_buf())),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let is_empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
                if is_empty {
                    Ok(RunDirectory(path.to_path_buf()))
                } else {
                    Err(ExperimentError::DirectoryTaken(path.to_path_buf()))
                }
            }
            Err(error) => Err(write(error)),
        }
    }

    /// Makes a new directory for results that are no run and can't be continued, or takes an empty one.
    ///
    /// # Errors
    /// If it can't be made, or holds something.
    pub fn for_results(path: &Path) -> Result<RunDirectory, ExperimentError> {
        RunDirectory::create(path).map_err(|error| match error {
            ExperimentError::DirectoryTaken(path) => ExperimentError::ResultsTaken(path),
            other => other,
        })
    }

    /// Makes a new directory under `runs`, named `name` or, if there is one already, `name-2`, `name-3` and so on.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn create_under(runs: &Path, name: &str) -> Result<RunDirectory, ExperimentError> {
        for number in 1_u32.. {
            let path = if number == 1 { runs.join(name) } else { runs.join(format!("{name}-{number}")) };
            match RunDirectory::create(&path) {
                Err(ExperimentError::DirectoryTaken(_)) => {}
                other => return other,
            }
        }
        Err(ExperimentError::DirectoryTaken(runs.join(name)))
    }

    /// Opens the directory of an earlier run.
    ///
    /// # Errors
    /// If it holds no run.
    pub fn open(path: &Path) -> Result<(RunDirectory, Record), ExperimentError> {
        let fail = |reason: String| ExperimentError::NoRun { path: path.to_path_buf(), reason };
        let text = std::fs::read_to_string(path.join(RECORD)).map_err(|error| {
            let below = run_below(path).or_else(|| run_below(&path.join("points")));
            fail(match below.filter(|_| error.kind() == std::io::ErrorKind::NotFound) {
                Some(run) => format!("runs lie below it; name one, such as `{}`", run.display()),
                None => format!("`{RECORD}`: {error}"),
            })
        })?;
        let record = serde_json::from_str(&text).map_err(|error| fail(format!("`{RECORD}`: {error}")))?;
        Ok((RunDirectory(path.to_path_buf()), record))
    }

    /// Lets training write into `events/` what TensorBoard reads, also when the run is continued.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn with_events(&self) -> Result<(), ExperimentError> {
        let path = self.0.join(EVENTS);
        std::fs::create_dir_all(&path).map_err(|source| ExperimentError::Write { path, source })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of its checkpoints.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// The file of its trained weights.
    #[must_use]
    pub fn weights(&self) -> PathBuf {
        self.0.join("weights.safetensors")
    }

    /// The values of the darkest and the brightest colour of the heat maps in its report; none if it has none.
    #[must_use]
    pub fn colours(&self) -> Option<[f32; 2]> {
        let text = std::fs::read_to_string(self.0.join("metrics.json")).ok()?;
        measured(&text).ok()?.colours
    }

    /// The error for what failed after training in this directory.
    #[must_use]
    pub fn trained(&self, error: ExperimentError) -> ExperimentError {
        ExperimentError::Trained { error: Box::new(error), directory: self.0.clone() }
    }

    /// The error for what failed while weights were trained in this directory.
    #[must_use]
    pub fn training(&self, error: ExperimentError) -> ExperimentError {
        match error {
            ExperimentError::Write { .. }
            | ExperimentError::Weight(WeightError::Write { .. })
            | ExperimentError::Train(TrainError::File(WeightError::Write { .. })) => {
                ExperimentError::Unwritten { error: Box::new(error), directory: self.0.clone() }
            }
            other => other,
        }
    }

    /// Writes the record of the run, and a copy of its spec.
    ///
    /// # Errors
    /// If that can't be written.
    pub fn write_record(&self, record: &Record, compiled: &Compiled) -> Result<(), ExperimentError> {
        for (path, text) in copy(compiled).files {
            write_file(&self.0.join(path), text.as_bytes())?;
        }
        let record = Record { setup: record.setup.absolute(), ..record.clone() };
        let json = serde_json::to_string_pretty(&record).expect("a record has only strings and numbers");
        self.write(RECORD, format!("{json}\n").as_bytes())
    }

    /// Writes where the results in the directory come from.
    ///
    /// # Errors
    /// If that can't be written.
    pub fn write_provenance(&self, provenance: &Provenance) -> Result<(), ExperimentError> {
        let json = serde_json::to_string_pretty(provenance).expect("provenance has only strings and numbers");
        self.write("provenance.json", format!("{json}\n").as_bytes())
    }

    /// Compiles the copy of the spec that the run keeps, under these settings.
    ///
    /// # Errors
    /// If there is something wrong with it.
    pub fn compile(&self, record: &Record, settings: &[(String, String)]) -> Result<Compiled, ExperimentError> {
        let location = Location::File(self.0.join(&record.spec));
        let files = Copied { directory: &self.0 };
        compile_from(&files, &location, settings).map_err(|mut failed| {
            failed.advise();
            ExperimentError::Spec(failed)
        })
    }

    /// Writes a file below the directory.
    ///
    /// # Errors
    /// If it can't be written; an older one of its name is then still whole.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ExperimentError> {
        write_file(&self.0.join(name), bytes)
    }
}

/// The first of the runs in a folder, by name.
fn run_below(folder: &Path) -> Option<PathBuf> {
    let paths = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    paths.filter(|path| path.join(RECORD).is_file()).min()
}

/// Writes a file, and the folder it lies in.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ExperimentError> {
    let fail = |source| ExperimentError::Write { path: path.to_path_buf(), source };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    file::write(path, bytes).map_err(fail)
}
