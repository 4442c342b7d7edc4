//! The score above which an image is anomalous: how it is chosen, and what is kept of it beside the weights.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{DatasetError, Sample, read_image};
use crate::evaluate::average::averages;
use crate::evaluate::score::{IMAGES_AT_ONCE, Prepared, Scorer};
use crate::report::Provenance;

use super::directory::write_file;
use super::error::ExperimentError;
use super::model::Model;
use super::observer::Observer;

/// The file beside the weights.
const FILE: &str = "threshold.json";
/// What a file of this layout says that it is. The number grows when a key changes its meaning.
const FORMAT: &str = "diadc threshold 1";

/// How a threshold follows from scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThresholdRule {
    /// The score that this share of good images do not exceed, interpolated between two images.
    Quantile(f64),
    /// The mean of the scores of good images and so many of their standard deviations.
    Deviations(f64),
    /// The highest F1 over good and defective images, in the middle between the two scores that it lies between.
    F1,
}

impl FromStr for ThresholdRule {
    type Err = String;

    fn from_str(text: &str) -> Result<ThresholdRule, String> {
        let wrong =
            || "write `quantile=0.99` (from 0 to 1), `deviations=3` (0 or more), or `f1`, for test images".to_owned();
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        match text.split_once('=') {
            None if text == "f1" => Ok(ThresholdRule::F1),
            Some(("quantile", share)) => {
                number(share).filter(|share| *share <= 1.0).map(ThresholdRule::Quantile).ok_or_else(wrong)
            }
            Some(("deviations", count)) => number(count).map(ThresholdRule::Deviations).ok_or_else(wrong),
            None | Some(_) => Err(wrong()),
        }
    }
}

impl std::fmt::Display for ThresholdRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ThresholdRule::Quantile(share) => write!(f, "quantile={share}"),
            ThresholdRule::Deviations(count) => write!(f, "deviations={count}"),
            ThresholdRule::F1 => write!(f, "f1"),
        }
    }
}

impl ThresholdRule {
    /// The threshold for the scores of good images and of defective ones, of which only [`ThresholdRule::F1`] takes account.
    /// None if there are too few: one good image for a quantile, two for a deviation, one of each kind for F1.
    #[must_use]
    pub fn threshold(self, good: &[f32], defective: &[f32]) -> Option<f32> {
        let good: Vec<f64> = good.iter().map(|&score| score.into()).collect();
        match self {
            ThresholdRule::Quantile(share) => quantile(good, share).map(|threshold| threshold as f32),
            ThresholdRule::Deviations(count) => {
                let mean = good.iter().sum::<f64>() / good.len() as f64;
                let squares: f64 = good.iter().map(|score| (score - mean).powi(2)).sum();
                let deviation = (squares / (good.len().max(2) - 1) as f64).sqrt();
                (good.len() > 1).then_some((mean + count * deviation) as f32)
            }
            ThresholdRule::F1 => best_f1(good, defective.iter().map(|&score| score.into()).collect()),
        }
    }
}

/// The quantile of some numbers, as NumPy interpolates it linearly.
fn quantile(mut numbers: Vec<f64>, share: f64) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let place = share * numbers.len().checked_sub(1)? as f64;
    let low = numbers[place.floor() as usize];
    let high = numbers[place.ceil() as usize];
    Some(low + (high - low) * place.fract())
}

/// The threshold above which the images have the highest F1; of several the highest.
fn best_f1(good: Vec<f64>, defective: Vec<f64>) -> Option<f32> {
    if good.is_empty() || defective.is_empty() {
        return None;
    }
    let mut all: Vec<f64> = good.iter().chain(&defective).copied().collect();
    all.sort_unstable_by(|a, b| b.total_cmp(a));
    all.dedup();
    let above = |scores: &[f64], limit: f64| scores.iter().filter(|score| **score >= limit).count() as f64;
    let f1 = |limit: f64| {
        let hits = above(&defective, limit);
        2.0 * hits / (hits + above(&good, limit) + defective.len() as f64)
    };
    let mut best = 0;
    for place in 1..all.len() {
        if f1(all[place]) > f1(all[best]) {
            best = place;
        }
    }
    // Below the lowest score there is nothing to lie between.
    let below = all.get(best + 1).copied().unwrap_or(all[best] - 1.0);
    Some(f64::midpoint(all[best], below) as f32)
}

/// The images that a threshold was chosen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenOn {
    /// Good training images that the spec holds out of training.
    HeldOut,
    /// Good images that the data set keeps apart from training and testing.
    Validation,
    /// Good images that the user has named.
    Given,
    /// Test images. A threshold that has seen them says too much good of itself.
    Test,
}

impl ChosenOn {
    /// It in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            ChosenOn::HeldOut => "good images held out of training",
            ChosenOn::Validation => "good images of the data set's validation part",
            ChosenOn::Given => "good images that were named",
            ChosenOn::Test => "test images",
        }
    }
}

/// A threshold, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    format: String,
    /// The score above which an image is anomalous.
    pub threshold: f32,
    /// The rule by which it was chosen.
    pub rule: String,
    /// Which images it was chosen on.
    pub chosen_on: ChosenOn,
    /// Whether those were test images: numbers that this threshold gives on them are better than on others.
    pub optimistic: bool,
    /// How many good images there were.
    pub good: usize,
    /// How many defective images there were.
    pub defective: usize,
    /// The share of the good images whose scores are above it.
    pub false_alarms: f64,
    /// What the scores were made of and with.
    pub provenance: Provenance,
}

impl Threshold {
    /// Chooses a threshold; none if there are too few images.
    #[must_use]
    pub fn choose(
        rule: ThresholdRule,
        chosen_on: ChosenOn,
        [good, defective]: [&[f32]; 2],
        provenance: Provenance,
    ) -> Option<Threshold> {
        let threshold = rule.threshold(good, defective)?;
        let alarms = good.iter().filter(|score| **score > threshold).count();
        Some(Threshold {
            format: FORMAT.to_owned(),
            threshold,
            rule: rule.to_string(),
            chosen_on,
            optimistic: chosen_on == ChosenOn::Test,
            good: good.len(),
            defective: defective.len(),
            false_alarms: alarms as f64 / good.len().max(1) as f64,
            provenance,
        })
    }

    /// Writes it beside a file of weights, in place of an earlier one.
    ///
    /// # Errors
    /// If it can't be written.
    ///
    /// # Panics
    /// Never: it holds nothing that JSON can't.
    pub fn write(&self, weights: &Path) -> Result<(), ExperimentError> {
        let json = serde_json::to_string_pretty(self).expect("it has only strings and numbers");
        write_file(&weights.with_file_name(FILE), format!("{json}\n").as_bytes())
    }

    /// Reads the one beside a file of weights; none if there is none.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn beside(weights: &Path) -> Result<Option<Threshold>, ExperimentError> {
        let path = weights.with_file_name(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ExperimentError::Read { path, source }),
        };
        let read: Result<Threshold, _> = serde_json::from_str(&text);
        match read {
            Ok(threshold) if threshold.format == FORMAT => Ok(Some(threshold)),
            Ok(other) => {
                Err(ExperimentError::Threshold { path, reason: format!("it has the format `{}`", other.format) })
            }
            Err(error) => Err(ExperimentError::Threshold { path, reason: error.to_string() }),
        }
    }

    /// What makes it say nothing of scores that were made like this; none if nothing does.
    #[must_use]
    pub fn is_foreign_to(&self, scores: &Provenance) -> Option<&'static str> {
        let own = &self.provenance;
        let hash = |of: &Provenance| of.weights.as_ref().map(|weights| weights.sha256.clone());
        [
            (hash(own) != hash(scores), "other weights"),
            (own.spec.score_sha256 != scores.spec.score_sha256, "another score or other settings"),
        ]
        .into_iter()
        .find_map(|(differs, what)| differs.then_some(what))
    }

    /// Where it comes from, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let optimistic = if self.optimistic { ", which is optimistic: those images have chosen it" } else { "" };
        let images = self.good + self.defective;
        format!("{} over {images} {}{optimistic}", self.rule, self.chosen_on.words())
    }
}

/// The threshold that holds for a model's scores.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// A number that the spec itself fits; it wins.
    Stored(f32),
    /// The one that was chosen for these weights.
    Chosen(Box<Threshold>),
    /// There is one beside the weights that was chosen with something else, in words.
    Foreign(&'static str),
    /// There is none.
    None,
}

impl Standing {
    /// The threshold for scores that were made like this, with the weights of a file.
    ///
    /// # Errors
    /// If a number can't be fetched from the device, or a file can't be read.
    pub fn of(model: &mut Model<'_>, scores: &Provenance) -> Result<Standing, ExperimentError> {
        if let Some(stored) = model.stored_threshold()? {
            return Ok(Standing::Stored(stored));
        }
        let beside = scores.weights.as_ref().map(|weights| Threshold::beside(&weights.path)).transpose()?.flatten();
        Ok(match beside {
            Some(chosen) => match chosen.is_foreign_to(scores) {
                Some(what) => Standing::Foreign(what),
                None => Standing::Chosen(Box::new(chosen)),
            },
            None => Standing::None,
        })
    }
}

/// The scores of images, each the mean over `draws`, in their order.
///
/// # Errors
/// If the model can't score, an image can't be read, the device fails, or a score is not finite.
pub fn scores(
    model: &mut Model<'_>,
    images: &[ThresholdImage<'_>],
    draws: NonZeroU64,
    observer: &mut dyn Observer,
) -> Result<Vec<f32>, ExperimentError> {
    let mut scorer = Scorer::new(model.program, model.engine.as_mut(), model.seed)?;
    let transform = *scorer.transform();
    let mut scores = Vec::new();
    for chunk in images.chunks(IMAGES_AT_ONCE) {
        let prepared = chunk.par_iter().map(|own| Ok(Prepared::new(&own.image()?, own.name(), &transform)));
        let prepared: Vec<Prepared> = prepared.collect::<Result<_, DatasetError>>()?;
        scores.extend(averages(&mut scorer, &prepared, draws)?.into_iter().map(|scored| scored.value));
        observer.on_scored(scores.len(), images.len());
    }
    Ok(scores)
}

/// An image whose score a threshold is chosen on.
#[derive(Clone, Copy, Debug)]
pub enum ThresholdImage<'a> {
    /// One of a data set.
    Sample(&'a Sample),
    /// A file.
    File(&'a Path),
}

/// How many of these files are copies, byte for byte, of images that were trained on.
#[must_use]
pub fn trained_on<'a>(trained: impl Iterator<Item = &'a Sample>, files: &[PathBuf]) -> usize {
    let length = |path: &Path| fs::metadata(path).ok().map(|about| about.len());
    let mut by_length: BTreeMap<u64, Vec<&Path>> = BTreeMap::new();
    for path in trained.filter_map(Sample::path) {
        if let Some(length) = length(path) {
            by_length.entry(length).or_default().push(path);
        }
    }
    let is_copy = |file: &&PathBuf| {
        let alike = length(file).and_then(|length| by_length.get(&length));
        let bytes = alike.and_then(|_| fs::read(file).ok());
        bytes.is_some_and(|bytes| alike.into_iter().flatten().any(|own| fs::read(own).is_ok_and(|own| own == bytes)))
    };
    files.iter().filter(is_copy).count()
}

impl ThresholdImage<'_> {
    fn image(&self) -> Result<RgbImage, DatasetError> {
        match self {
            ThresholdImage::Sample(sample) => sample.image(),
            ThresholdImage::File(path) => read_image(path),
        }
    }

    fn name(&self) -> String {
        match self {
            ThresholdImage::Sample(sample) => sample.id.clone(),
            ThresholdImage::File(path) => path.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ThresholdRule;

    fn rule(text: &str) -> ThresholdRule {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_quantile_lies_between_two_scores_and_deviations_beyond_the_mean() {
        let good = [4.0, 1.0, 2.0, 3.0];
        for (text, expected) in [
            ("quantile=0", 1.0),
            ("quantile=0.5", 2.5),
            ("quantile=0.9", 3.7),
            ("quantile=1", 4.0),
            ("deviations=0", 2.5),
            // The deviation of the sample is the root of 5 / 3.
            ("deviations=2", 5.081_989),
        ] {
            assert_eq!(rule(text).threshold(&good, &[]), Some(expected), "{text}");
        }
        assert_eq!(rule("quantile=0.9").threshold(&[7.0], &[]), Some(7.0));
        for (text, good) in [("quantile=0.9", &[][..]), ("deviations=3", &[1.0][..]), ("f1", &[1.0][..])] {
            assert_eq!(rule(text).threshold(good, &[]), None, "{text}");
        }
    }

    #[test]
    fn the_best_f1_lies_between_good_and_defective() {
        assert_eq!(rule("f1").threshold(&[1.0, 2.0], &[4.0, 6.0]), Some(3.0));
        // Above 2: two hits and one alarm, F1 of 4/5; above 4: one hit, F1 of 2/3.
        assert_eq!(rule("f1").threshold(&[1.0, 4.0], &[3.0, 6.0]), Some(2.0));
        // Nothing tells them apart: all are called anomalous.
        assert_eq!(rule("f1").threshold(&[5.0], &[5.0]), Some(4.5));
    }

    #[test]
    fn other_rules_are_refused() {
        for wrong in ["", "f2", "quantile", "quantile=", "quantile=1.1", "quantile=nan", "deviations=-1", "mean=3"] {
            assert!(wrong.parse::<ThresholdRule>().is_err(), "{wrong}");
        }
    }
}
