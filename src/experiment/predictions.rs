//! Saved predictions as observations: arrays that belong together, and the mask of each image by the rule of a protocol.
//!
//! What is then true: all arrays have one entry for each image, and maps and masks have shapes that can be compared.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::dataset::Mask;
use crate::evaluate::collect::Observation;
use crate::evaluate::saved::{Array, SavedError, Values};
use crate::measure::MaskResize;

/// Names under which tools save their arrays, ours first.
const MAPS: &[&str] = &["maps", "anomaly_maps", "anomaly_map", "preds", "pred"];
const MASKS: &[&str] = &["masks", "imgs_masks", "gt_masks", "gt_mask", "mask"];
const SCORES: &[&str] = &["scores", "pred_scores", "pred_score", "score", "anomalys"];
const LABELS: &[&str] = &["labels", "gt_labels", "gt_label", "label"];
const CLASSES: &[&str] = &["classes", "class_names", "cls_names", "clsname", "class"];
const FILES: &[&str] = &["filenames", "files", "filename", "paths", "ids"];

/// Predictions for some images.
#[derive(Debug)]
pub struct Predictions {
    count: usize,
    maps: Option<Pictures>,
    masks: Option<Pictures>,
    scores: Option<Vec<f32>>,
    labels: Option<Vec<f32>>,
    classes: Option<Vec<String>>,
    files: Option<Vec<String>>,
}

/// Pictures of one size.
#[derive(Debug)]
struct Pictures {
    values: Vec<f32>,
    count: usize,
    size: [usize; 2],
}

/// The prediction for one image.
#[derive(Debug, Clone)]
pub struct Prediction<'a> {
    /// The name of its class.
    pub class: &'a str,
    id: Cow<'a, str>,
    score: Option<f32>,
    label: Option<bool>,
    map: &'a [f32],
    size: [usize; 2],
    mask: Option<(&'a [f32], [usize; 2])>,
}

impl Predictions {
    /// Puts the arrays of a file together.
    ///
    /// # Errors
    /// If there are neither maps nor scores, neither masks nor labels, or an array has a type or shape that does not fit.
    pub fn new(path: &Path, mut arrays: BTreeMap<String, Array>) -> Result<Self, SavedError> {
        let fail = |reason: String| SavedError::Damaged { path: path.to_path_buf(), reason };
        let names: Vec<String> = arrays.keys().map(|name| format!("`{name}`")).collect();
        let mut take = |names: &[&str]| names.iter().find_map(|&name| Some((name.to_owned(), arrays.remove(name)?)));
        let maps = take(MAPS).map(pictures).transpose().map_err(fail)?;
        let masks = take(MASKS).map(pictures).transpose().map_err(fail)?;
        let scores = take(SCORES).map(numbers).transpose().map_err(fail)?;
        let labels = take(LABELS).map(numbers).transpose().map_err(fail)?;
        let classes = take(CLASSES).map(texts).transpose().map_err(fail)?;
        let files = take(FILES).map(texts).transpose().map_err(fail)?;
        if maps.is_none() && scores.is_none() {
            return Err(fail(format!("it holds neither `maps` nor `scores`, but {}", names.join(", "))));
        }
        if masks.is_none() && labels.is_none() {
            return Err(fail("there are neither `masks` nor `labels` to compare with; add `--masks FILE`".to_owned()));
        }
        let lengths = [
            ("maps", maps.as_ref().map(|maps| maps.count)),
            ("masks", masks.as_ref().map(|masks| masks.count)),
            ("scores", scores.as_ref().map(Vec::len)),
            ("labels", labels.as_ref().map(Vec::len)),
            ("classes", classes.as_ref().map(Vec::len)),
            ("filenames", files.as_ref().map(Vec::len)),
        ];
        let mut known = lengths.iter().filter_map(|(name, length)| Some((*name, (*length)?)));
        let (first, count) = known.next().expect("there are maps or scores");
        if let Some((name, other)) = known.find(|(_, other)| *other != count) {
            return Err(fail(format!("`{first}` is of {count} images, `{name}` of {other}")));
        }
        Ok(Self { count, maps, masks, scores, labels, classes, files })
    }

    /// The number of images.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no image.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether images have scores of their own.
    #[must_use]
    pub const fn have_scores(&self) -> bool {
        self.scores.is_some()
    }

    /// The class of each image.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        (0..self.count).map(|index| self.class(index))
    }

    /// One prediction.
    ///
    /// # Panics
    /// If `index` is not below [`Predictions::len`].
    #[must_use]
    pub fn get(&self, index: usize) -> Prediction<'_> {
        let (map, size) = self.maps.as_ref().map_or((&[][..], [0, 0]), |maps| maps.get(index));
        let id = match &self.files {
            Some(files) => Cow::Borrowed(&*files[index]),
            None => Cow::Owned(format!("image {index}")),
        };
        Prediction {
            class: self.class(index),
            id,
            score: self.scores.as_ref().map(|scores| scores[index]),
            label: self.labels.as_ref().map(|labels| labels[index] != 0.0),
            map,
            size,
            mask: self.masks.as_ref().map(|masks| masks.get(index)),
        }
    }

    fn class(&self, index: usize) -> &str {
        self.classes.as_ref().map_or("all", |classes| &classes[index])
    }
}

impl Pictures {
    fn get(&self, index: usize) -> (&[f32], [usize; 2]) {
        let pixels = self.size[0] * self.size[1];
        (&self.values[index * pixels..][..pixels], self.size)
    }
}

impl Prediction<'_> {
    /// Which pixels of the map are anomalous by `rule`: without a mask none; empty without a map.
    ///
    /// Values of a mask run from 0 to 1, or from 0 to 255 if one of them is above 1. A mask of the size of the map may have
    /// values between, which count as the rule says. A mask of another size is first reduced to good and anomalous.
    #[must_use]
    pub fn mask(&self, rule: MaskResize) -> Vec<bool> {
        let pixels = self.size[0] * self.size[1];
        let Some((values, size)) = self.mask else { return vec![false; pixels] };
        let half = if values.iter().any(|&value| value > 1.0) { 127.5 } else { 0.5 };
        let above = |threshold: f32| values.iter().map(|&value| value > threshold).collect::<Vec<bool>>();
        if size == self.size {
            return match rule {
                MaskResize::AnyBlend => above(0.0),
                MaskResize::Nearest | MaskResize::HalfBlend => above(half),
            };
        }
        if pixels == 0 {
            return Vec::new();
        }
        let [height, width] = size.map(|side| side as u32);
        let [rows, columns] = self.size.map(|side| side as u32);
        Mask::new(width, height, &above(half)).resized(columns, rows, rule).anomalous()
    }

    /// The observation for a collector in which the class has this index; `mask` is that of the map.
    #[must_use]
    pub fn observation<'a>(&'a self, class: usize, mask: &'a [bool]) -> Observation<'a> {
        let marked = self.mask.is_some_and(|(values, _)| values.iter().any(|&value| value > 0.0));
        let anomalous = self.label.unwrap_or(marked);
        Observation {
            class,
            id: &self.id,
            score: self.score,
            anomalous,
            map: self.map,
            mask: Some(mask),
            size: self.size,
        }
    }
}

fn pictures((name, array): (String, Array)) -> Result<Pictures, String> {
    let shape = array.shape.clone();
    let [count, rows, columns] =
        array.pictures().ok_or_else(|| format!("`{name}` has the shape {shape:?}; pictures are [N, H, W]"))?;
    match array.values {
        Values::Numbers(values) if rows > 0 && columns > 0 => Ok(Pictures { values, count, size: [rows, columns] }),
        Values::Numbers(_) => Err(format!("`{name}` has the shape {shape:?}, which has no pixels")),
        Values::Texts(_) => Err(format!("`{name}` holds texts, not pictures")),
    }
}

fn numbers((name, array): (String, Array)) -> Result<Vec<f32>, String> {
    match array.values {
        Values::Numbers(values) => Ok(values),
        Values::Texts(_) => Err(format!("`{name}` holds texts, not numbers")),
    }
}

fn texts((name, array): (String, Array)) -> Result<Vec<String>, String> {
    match array.values {
        Values::Texts(values) => Ok(values),
        Values::Numbers(values) => {
            let is_whole = |value: &f32| value.fract() == 0.0;
            if !values.iter().all(is_whole) {
                return Err(format!("`{name}` holds numbers that are no names"));
            }
            Ok(values.iter().map(|value| format!("{value:.0}")).collect())
        }
    }
}
