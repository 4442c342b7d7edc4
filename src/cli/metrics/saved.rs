//! Collects predictions in files of arrays: one file for all images, or a folder with one `.npz` per image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::failure::Failure;
use crate::cli::terminal::Screen;
use crate::dataset::chosen_classes;
use crate::evaluate::collect::Collector;
use crate::evaluate::saved::{self, Array};
use crate::experiment::{Prediction, Predictions};

use super::Metrics;

/// The `.npz` files in a folder, sorted by name.
pub(super) fn npz_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fail = |source| Failure::from(saved::SavedError::Read { path: folder.to_path_buf(), source });
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|ending| ending == "npz") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Metrics {
    /// Collects the predictions in one file, together with arrays in files of their own.
    pub(super) fn of_file(&self, screen: &mut Screen) -> Result<Vec<Collector>, Failure> {
        let started = Instant::now();
        screen.late("reading", started, [0, 1]);
        let mut all = arrays(&self.predictions, "maps")?;
        for (path, name) in
            [(&self.masks, "masks"), (&self.scores, "scores"), (&self.labels, "labels"), (&self.class_names, "classes")]
        {
            if let Some(path) = path {
                all.extend(arrays(path, name)?);
            }
        }
        let predictions = Predictions::new(&self.predictions, all)?;
        let classes = self.chosen(predictions.classes().map(str::to_owned).collect())?;
        let mut collectors = self.collectors(&classes, predictions.have_scores());
        for index in 0..predictions.len() {
            add(&mut collectors, &classes, &predictions.get(index))?;
            screen.late("measuring", started, [index + 1, predictions.len()]);
        }
        Ok(collectors)
    }

    /// Collects the predictions in a folder, of which only one is in memory at a time.
    pub(super) fn of_folder(&self, screen: &mut Screen) -> Result<Vec<Collector>, Failure> {
        let started = Instant::now();
        let paths = npz_files(&self.predictions)?;
        let open = |path: &PathBuf| Ok::<_, Failure>(Predictions::new(path, arrays(path, "maps")?)?);
        // Names first: which classes there are must be known before the first image counts.
        let mut names: BTreeSet<String> = BTreeSet::new();
        for (index, path) in paths.iter().enumerate() {
            names.extend(open(path)?.classes().map(str::to_owned));
            screen.late("looking for classes", started, [index + 1, paths.len()]);
        }
        let classes = self.chosen(names)?;
        let have_scores = open(&paths[0])?.have_scores();
        let mut collectors = self.collectors(&classes, have_scores);
        for (index, path) in paths.iter().enumerate() {
            let predictions = open(path)?;
            for index in 0..predictions.len() {
                add(&mut collectors, &classes, &predictions.get(index))?;
            }
            screen.late("measuring", started, [index + 1, paths.len()]);
        }
        Ok(collectors)
    }

    /// The classes of `--classes`, or all that there are.
    fn chosen(&self, names: BTreeSet<String>) -> Result<Vec<String>, Failure> {
        Ok(chosen_classes(names.into_iter().collect(), self.classes.as_deref())?)
    }
}

/// Adds a prediction to the collectors if its class is one of `classes`.
fn add(collectors: &mut [Collector], classes: &[String], prediction: &Prediction<'_>) -> Result<(), Failure> {
    let Ok(class) = classes.binary_search_by(|class| class.as_str().cmp(prediction.class)) else { return Ok(()) };
    for collector in collectors {
        let mask = prediction.mask(collector.measure().protocol.rules().mask);
        collector.add(prediction.observation(class, &mask))?;
    }
    Ok(())
}

/// The arrays of a file; one without a name gets `unnamed`.
fn arrays(path: &Path, unnamed: &str) -> Result<BTreeMap<String, Array>, Failure> {
    let arrays = saved::read(path)?;
    let named = |(name, array)| (if name == saved::UNNAMED { unnamed.to_owned() } else { name }, array);
    Ok(arrays.into_iter().map(named).collect())
}
