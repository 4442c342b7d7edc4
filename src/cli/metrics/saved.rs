//! Collects predictions in files of arrays: one file for all images, or a folder with one `.npz` per image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::arguments::flat;
use crate::cli::failure::Failure;
use crate::cli::terminal::Screen;
use crate::dataset::chosen_classes;
use crate::evaluate::collect::Collector;
use crate::evaluate::marks::{MarkRule, MaskValues};
use crate::evaluate::metric::Score;
use crate::evaluate::saved::SavedError;
use crate::experiment::{Arrays, Predictions, Role, several_sizes};

use super::beside::tell;
use super::{Metrics, Results, results};

/// The `.npz` files in a folder, sorted by name.
pub(super) fn npz_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fail = |source| Failure::from(SavedError::Read { path: folder.to_path_buf(), source });
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

/// What must be known of all images before the first one counts.
struct Common {
    /// The chosen classes.
    classes: Vec<String>,
    have_scores: bool,
    rule: MarkRule,
}

impl Metrics {
    /// Collects the predictions in one file, together with arrays in files of their own.
    pub(super) fn of_file(&self, screen: &mut Screen) -> Result<Results, Failure> {
        screen.late("reading", Instant::now(), [0, 1]);
        let mut arrays = Arrays::open(&self.predictions, &self.keys)?;
        for (path, role) in [
            (&self.masks, Role::Masks),
            (&self.scores, Role::Scores),
            (&self.labels, Role::Labels),
            (&self.class_names, Role::Classes),
        ] {
            if let Some(path) = path {
                arrays.add(path, role)?;
            }
        }
        let predictions = Predictions::new(arrays)?;
        let classes = self.chosen(predictions.classes().map(str::to_owned).collect())?;
        let rule = self.rule(&predictions.mask_values())?;
        let common = Common { classes, have_scores: predictions.have_scores(), rule };
        if predictions.are_wide() {
            self.of_file_as::<f64>(&predictions, &common, screen)
        } else {
            self.of_file_as::<f32>(&predictions, &common, screen)
        }
    }

    fn of_file_as<S: Score>(
        &self,
        predictions: &Predictions,
        common: &Common,
        screen: &mut Screen,
    ) -> Result<Results, Failure> {
        let started = Instant::now();
        let mut collectors = self.collectors::<S>(&common.classes, common.have_scores);
        for index in 0..predictions.len() {
            add(&mut collectors, common, predictions, index)?;
            screen.late("measuring", started, [index + 1, predictions.len()]);
        }
        results(collectors, screen)
    }

    /// Collects the predictions in a folder, of which only one is in memory at a time.
    pub(super) fn of_folder(&self, screen: &mut Screen) -> Result<Results, Failure> {
        let started = Instant::now();
        let paths = npz_files(&self.predictions)?;
        // Which classes there are, what masks are made of and how wide maps are must be known before the first image counts.
        let mut sizes: BTreeMap<String, BTreeSet<[usize; 2]>> = BTreeMap::new();
        let mut values = MaskValues::default();
        let (mut are_wide, mut have_scores) = (false, false);
        for (index, path) in paths.iter().enumerate() {
            let predictions = self.open(path)?;
            for class in predictions.classes() {
                sizes.entry(class.to_owned()).or_default().extend(predictions.map_size());
            }
            values.join(&predictions.mask_values());
            are_wide |= predictions.are_wide();
            have_scores |= predictions.have_scores();
            screen.late("looking for classes", started, [index + 1, paths.len()]);
        }
        tell(&Vec::from_iter(sizes.values().find_map(several_sizes)));
        let common =
            Common { classes: self.chosen(sizes.into_keys().collect())?, have_scores, rule: self.rule(&values)? };
        if are_wide {
            self.of_folder_as::<f64>(&paths, &common, screen)
        } else {
            self.of_folder_as::<f32>(&paths, &common, screen)
        }
    }

    fn of_folder_as<S: Score>(
        &self,
        paths: &[PathBuf],
        common: &Common,
        screen: &mut Screen,
    ) -> Result<Results, Failure> {
        let started = Instant::now();
        let mut collectors = self.collectors::<S>(&common.classes, common.have_scores);
        for (index, path) in paths.iter().enumerate() {
            let predictions = self.open(path)?;
            for index in 0..predictions.len() {
                add(&mut collectors, common, &predictions, index)?;
            }
            screen.late("measuring", started, [index + 1, paths.len()]);
        }
        results(collectors, screen)
    }

    fn open(&self, path: &Path) -> Result<Predictions, Failure> {
        Ok(Predictions::new(Arrays::open(path, &self.keys)?)?)
    }

    /// The rule for masks with these values; says so where it is not certain that it is meant.
    fn rule(&self, values: &MaskValues) -> Result<MarkRule, Failure> {
        let wrong = |reason| SavedError::Damaged { path: self.predictions.clone(), reason };
        let (rule, remark) = values.rule(self.mask_above).map_err(wrong)?;
        tell(&Vec::from_iter(remark));
        Ok(rule)
    }

    /// The classes of `--classes`, or all that there are.
    pub(super) fn chosen(&self, names: BTreeSet<String>) -> Result<Vec<String>, Failure> {
        Ok(chosen_classes(names.into_iter().collect(), flat(&self.classes).as_deref())?)
    }
}

/// Adds a prediction to the collectors if its class is a chosen one.
fn add<S: Score>(
    collectors: &mut [Collector<S>],
    common: &Common,
    predictions: &Predictions,
    index: usize,
) -> Result<(), Failure> {
    let prediction = predictions.get::<S>(index);
    let Ok(class) = common.classes.binary_search_by(|class| class.as_str().cmp(prediction.class)) else {
        return Ok(());
    };
    for collector in collectors {
        let resize = collector.measure().protocol.rules().mask;
        let mask = prediction.mask(common.rule, resize);
        collector.add(prediction.observation(class, mask.as_deref(), common.rule, resize))?;
    }
    Ok(())
}
