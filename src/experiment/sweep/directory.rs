//! The directory of a sweep.
//!
//! `sweep.json` has the plan, `spec/` and `library/` a copy of the spec, `points/` the run of each point, `logs/` what each
//! said, `failures/` why points failed, and `shared/` the results of stages that several points have in common.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::compile::{Compiled, compile_from};
use crate::experiment::directory::{RunDirectory, write_file};
use crate::experiment::error::{ExperimentError, SweepError};
use crate::experiment::record::{Copied, Setup, copy, now};
use crate::experiment::train::Shared;
use crate::resolve::Location;

use super::citation::Citation;
use super::plan::{Plan, Point};

/// What a file of this layout says that it is. The number grows when a key changes its meaning.
const FORMAT: &str = "diadc sweep 1";

/// `sweep.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepRecord {
    format: String,
    /// The version of diadc that planned it.
    version: String,
    /// When it was planned, in UTC.
    date: String,
    /// What all points have in common; its command is that of the sweep.
    setup: Setup,
    /// The file of the spec in the copy.
    spec: PathBuf,
    points: Vec<Point>,
    /// What a publication prints for them.
    #[serde(default)]
    citation: Option<Citation>,
}

/// The directory of a sweep.
pub struct SweepDirectory {
    path: PathBuf,
    record: SweepRecord,
}

/// What nobody else has while it lives; the system gives it back when a process ends in whatever way.
pub(super) struct Lock {
    _file: File,
}

impl SweepDirectory {
    /// Makes a new directory for a sweep.
    ///
    /// # Errors
    /// If there is one that is not empty, or it can't be written.
    pub fn create(path: &Path, plan: &Plan, setup: &Setup) -> Result<SweepDirectory, ExperimentError> {
        RunDirectory::create(path).map_err(|error| match error {
            ExperimentError::DirectoryTaken(path) => SweepError::Taken(path).into(),
            other => other,
        })?;
        let texts = copy(&plan.compiled);
        for (name, text) in &texts.files {
            write_file(&path.join(name), text.as_bytes())?;
        }
        let record = SweepRecord {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            date: now(),
            setup: setup.absolute(),
            spec: texts.root,
            points: plan.points.clone(),
            citation: plan.citation.clone(),
        };
        for folder in ["points", "logs", "failures", "shared"] {
            let folder = path.join(folder);
            fs::create_dir_all(&folder).map_err(|source| ExperimentError::Write { path: folder, source })?;
        }
        // What makes the directory a sweep comes last, when all that it needs is there.
        let json = serde_json::to_string_pretty(&record).expect("a record has only strings and numbers");
        write_file(&path.join("sweep.json"), format!("{json}\n").as_bytes())?;
        Ok(SweepDirectory { path: path.to_path_buf(), record })
    }

    /// Opens the directory of a sweep.
    ///
    /// # Errors
    /// If it holds none.
    pub fn open(path: &Path) -> Result<SweepDirectory, ExperimentError> {
        let fail = |reason: String| SweepError::NoSweep { path: path.to_path_buf(), reason };
        let text =
            fs::read_to_string(path.join("sweep.json")).map_err(|error| fail(format!("`sweep.json`: {error}")))?;
        let record: SweepRecord =
            serde_json::from_str(&text).map_err(|error| fail(format!("`sweep.json`: {error}")))?;
        if record.format != FORMAT {
            return Err(fail(format!("`sweep.json` has the format `{}`, not `{FORMAT}`", record.format)).into());
        }
        Ok(SweepDirectory { path: path.to_path_buf(), record })
    }

    /// Whether a directory holds a sweep.
    #[must_use]
    pub fn is_one(path: &Path) -> bool {
        path.join("sweep.json").is_file()
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The points, in the order in which they run.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.record.points
    }

    /// What a publication prints for the points.
    #[must_use]
    pub fn citation(&self) -> Option<&Citation> {
        self.record.citation.as_ref()
    }

    /// What all points have in common.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.record.setup
    }

    /// The words of the command line that planned it.
    #[must_use]
    pub fn command(&self) -> &[String] {
        &self.record.setup.command
    }

    /// When it was planned.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.record.date
    }

    /// The directory of the run of a point.
    #[must_use]
    pub fn of_point(&self, point: &Point) -> PathBuf {
        self.path.join("points").join(&point.name)
    }

    /// What a point has said while it ran.
    #[must_use]
    pub fn log(&self, point: &Point) -> PathBuf {
        self.path.join("logs").join(format!("{}.txt", point.name))
    }

    /// Why a point has failed, if it has.
    #[must_use]
    pub fn failure(&self, point: &Point) -> PathBuf {
        self.path.join("failures").join(format!("{}.txt", point.name))
    }

    /// Compiles the copy of the spec under the settings of a point.
    pub(super) fn compile(&self, setup: &Setup) -> Result<Compiled, ExperimentError> {
        let files = Copied { directory: &self.path };
        let location = Location::File(self.path.join(&self.record.spec));
        compile_from(&files, &location, &setup.settings).map_err(ExperimentError::Spec)
    }

    /// What the run of a point shares with others: after each stage beyond which fewer points go on together.
    pub(super) fn shared(&self, point: &Point) -> Vec<Shared> {
        let mut users: HashMap<&str, usize> = HashMap::new();
        for key in self.record.points.iter().flat_map(|point| &point.stages) {
            *users.entry(key).or_default() += 1;
        }
        let of = |stage: usize| point.stages.get(stage).map_or(1, |key| users[key.as_str()]);
        let ends = (0..point.stages.len()).filter(|&stage| of(stage) > 1 && of(stage + 1) < of(stage));
        let folder = self.path.join("shared");
        let shared = ends.map(|stage| Shared {
            stages: stage + 1,
            path: folder.join(format!("{}.safetensors", point.stages[stage])),
        });
        shared.collect()
    }

    /// Takes the sweep, or one of its points, for this process.
    ///
    /// # Errors
    /// If another process has it.
    pub(super) fn take(&self, point: Option<&Point>) -> Result<Lock, ExperimentError> {
        let name = point.map_or("sweep", |point| &point.name);
        let path = self.path.join("logs").join(format!("{name}.lock"));
        let fail = |source| ExperimentError::Write { path: path.clone(), source };
        let file = File::create(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(SweepError::Busy(point.map_or_else(|| self.path.clone(), |point| self.of_point(point))).into())
            }
            Err(TryLockError::Error(source)) => Err(fail(source)),
        }
    }
}
