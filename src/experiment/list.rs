//! Which runs there are below a folder, and how far each has come.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Serialize;

use crate::measure::Metric;
use crate::report::measured;

use super::directory::RunDirectory;
use super::error::ExperimentError;

/// Folders within folders that are looked into: `runs/`, those of sweeps, and their points.
const DEPTH: usize = 4;

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct ListedRun {
    /// Its directory.
    pub path: PathBuf,
    /// When it began, in UTC.
    pub date: String,
    /// Its model.
    pub model: String,
    /// The settings that were given from outside.
    pub settings: Vec<(String, String)>,
    /// Its data set.
    pub dataset: String,
    /// Its seed.
    pub seed: u64,
    /// How far it has come.
    pub state: RunState,
    /// Its metrics by the first protocol, means over classes; empty unless it has been measured.
    pub metrics: IndexMap<Metric, f64>,
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It has been measured.
    Measured,
    /// Its weights are trained.
    Trained,
    /// It has taken so many steps of training.
    Begun {
        /// How many.
        steps: usize,
    },
    /// What it says of itself can't be read, for this reason.
    Unreadable(String),
}

/// The runs below a folder, by date.
///
/// # Errors
/// If the folder can't be read.
pub fn list_runs(folder: &Path) -> Result<Vec<ListedRun>, ExperimentError> {
    std::fs::read_dir(folder).map_err(|source| ExperimentError::Read { path: folder.to_path_buf(), source })?;
    let mut found = Vec::new();
    look(folder, DEPTH, &mut found);
    let mut runs: Vec<ListedRun> = found.iter().map(|path| listed(path)).collect();
    runs.sort_by(|a, b| (&a.date, &a.path).cmp(&(&b.date, &b.path)));
    Ok(runs)
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if folder.join("run.json").is_file() {
        found.push(folder.to_path_buf());
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    // A folder that can't be read holds no run that could be used.
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().filter(|path| !path.is_symlink()).for_each(|path| look(path, depth, found));
}

fn listed(path: &Path) -> ListedRun {
    let path = path.to_path_buf();
    let (directory, record) = match RunDirectory::open(&path) {
        Ok(opened) => opened,
        Err(error) => {
            return ListedRun {
                path,
                date: String::new(),
                model: String::new(),
                settings: Vec::new(),
                dataset: String::new(),
                seed: 0,
                state: RunState::Unreadable(error.to_string()),
                metrics: IndexMap::new(),
            };
        }
    };
    let metrics = std::fs::read_to_string(path.join("metrics.json")).ok().and_then(|text| measured(&text).ok());
    let state = match &metrics {
        Some(_) => RunState::Measured,
        None if directory.weights().is_file() => RunState::Trained,
        None => {
            let lines = std::fs::read_to_string(path.join("losses.csv")).map_or(0, |text| text.lines().count());
            RunState::Begun { steps: lines.saturating_sub(1) }
        }
    };
    let means = metrics.iter().filter_map(|metrics| metrics.evaluations.first()).flat_map(|own| &own.mean);
    let provenance = record.provenance;
    ListedRun {
        path,
        date: provenance.date,
        model: provenance.spec.model,
        settings: provenance.settings.into_iter().collect(),
        dataset: record.setup.dataset,
        seed: record.setup.seed,
        state,
        metrics: means.filter_map(|(metric, mean)| Some((*metric, mean.value.value()?))).collect(),
    }
}
