//! What is written of each image that was scored: pictures, maps of floats, and the row of a table.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;

use crate::dataset::transform::Transform;
use crate::evaluate::saved::{npy_of_map, tiff_of_map};
use crate::evaluate::score::Scored;
use crate::experiment::directory::RunDirectory;
use crate::experiment::error::ExperimentError;
use crate::report::picture;

/// Something that is written of each image, in a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The image in the model's size, what the model made of it, and the heat map, side by side.
    Sheet,
    /// The heat map, in the model's size.
    HeatMap,
    /// The heat map over the image, in the size of the image.
    Overlay,
    /// The anomaly map as an array of NumPy, in the model's size.
    Npy,
    /// The same as a TIFF picture of floats.
    Tiff,
}

impl Saved {
    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Saved::Sheet => "sheet",
            Saved::HeatMap => "heat_map",
            Saved::Overlay => "overlay",
            Saved::Npy => "npy",
            Saved::Tiff => "tiff",
        }
    }

    /// What its file has after the name of the image.
    const fn ending(self) -> &'static str {
        match self {
            Saved::Sheet => "png",
            Saved::HeatMap => "map.png",
            Saved::Overlay => "overlay.png",
            Saved::Npy => "npy",
            Saved::Tiff => "tiff",
        }
    }

    const fn is_coloured(self) -> bool {
        match self {
            Saved::Sheet | Saved::HeatMap | Saved::Overlay => true,
            Saved::Npy | Saved::Tiff => false,
        }
    }
}

/// An image that was scored.
#[derive(Clone, Debug)]
pub struct ScoredImage {
    /// The image in the size in which the model takes it.
    pub input: RgbImage,
    /// The image as it is, if its overlay is wanted.
    pub original: Option<RgbImage>,
    /// The results of the model.
    pub scored: Scored,
}

/// What became of an image.
#[derive(Debug)]
pub(super) struct Predicted {
    pub(super) path: PathBuf,
    /// The results, or why there are none.
    pub(super) result: Result<ScoredImage, String>,
}

/// The row of an image in a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The file of the image.
    pub image: String,
    /// Its score; none if it could not be scored.
    pub score: Option<f32>,
    /// The standard deviation of the score over draws; none if there was one draw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f32>,
    /// Whether the score is above the threshold; none without a threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anomalous: Option<bool>,
    /// The names of the files that were written, in the order in which they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Why it could not be scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How results are saved.
#[derive(Clone, Debug)]
pub struct Saving {
    /// What is written of each image.
    pub saved: Vec<Saved>,
    /// The values of the darkest and the brightest colour of all pictures; none takes them from the first images.
    pub colours: Option<[f32; 2]>,
    /// How many images those are. Pictures are written when they have been scored.
    pub colours_of: usize,
    /// The score above which an image is anomalous.
    pub threshold: Option<f32>,
}

/// Writes results in their order.
pub(super) struct Saver<'a> {
    saving: &'a Saving,
    directory: Option<&'a RunDirectory>,
    transform: Transform,
    colours: Option<[f32; 2]>,
    /// Results that wait for colours.
    waiting: VecDeque<Predicted>,
    /// How many have been written.
    done: usize,
}

impl<'a> Saver<'a> {
    pub(super) fn new(saving: &'a Saving, directory: Option<&'a RunDirectory>, transform: Transform) -> Saver<'a> {
        Saver { saving, directory, transform, colours: saving.colours, waiting: VecDeque::new(), done: 0 }
    }

    /// Takes results, and writes all for which colours are known. Returns those with their
    /// rows.
    pub(super) fn add(&mut self, results: Vec<Predicted>) -> Result<Vec<(Row, Predicted)>, ExperimentError> {
        self.waiting.extend(results);
        let needs_colours = self.saving.saved.iter().any(|saved| saved.is_coloured()) && self.colours.is_none();
        if needs_colours && self.waiting.len() < self.saving.colours_of {
            return Ok(Vec::new());
        }
        self.finish()
    }

    /// Writes what still waits.
    pub(super) fn finish(&mut self) -> Result<Vec<(Row, Predicted)>, ExperimentError> {
        let scored: Vec<&Scored> =
            self.waiting.iter().filter_map(|own| own.result.as_ref().ok()).map(|image| &image.scored).collect();
        if self.colours.is_none() && !scored.is_empty() {
            self.colours = Some(colour_range(&scored));
        }
        let (from, results) = (self.done, std::mem::take(&mut self.waiting));
        self.done += results.len();
        let results: Vec<Predicted> = results.into();
        let rows: Vec<Result<Row, ExperimentError>> =
            results.par_iter().enumerate().map(|(place, own)| self.write(from + place, own)).collect();
        rows.into_iter().zip(results).map(|(row, own)| Ok((row?, own))).collect()
    }

    /// The range of colours, once it is known.
    pub(super) fn colours(&self) -> Option<[f32; 2]> {
        self.colours
    }

    /// Writes the files of an image.
    fn write(&self, number: usize, predicted: &Predicted) -> Result<Row, ExperimentError> {
        let image = predicted.path.display().to_string();
        let ScoredImage { input, original, scored } = match &predicted.result {
            Ok(scored) => scored,
            Err(reason) => {
                let error = Some(reason.clone());
                return Ok(Row { image, score: None, deviation: None, anomalous: None, files: Vec::new(), error });
            }
        };
        let [low, high] = self.colours.unwrap_or_default();
        let [height, width] = scored.size.map(|side| side as u32);
        let heat_map = || picture::heat_map(&scored.map, width, height, low, high);
        let stem = file_name(&predicted.path, number);
        let mut files = Vec::new();
        for saved in &self.saving.saved {
            let bytes = match saved {
                Saved::Sheet => {
                    let mut row = vec![input.clone()];
                    row.extend(scored.pictures.iter().map(|(_, picture)| picture.clone()));
                    row.push(heat_map());
                    picture::png(&picture::sheet(&[row], 4))
                }
                Saved::HeatMap => picture::png(&heat_map()),
                Saved::Overlay => {
                    let original = original.as_ref().expect("it is kept where an overlay is wanted");
                    let map = self.transform.back(&scored.map, [width, height], original.dimensions(), low);
                    picture::png(&picture::overlay(original, &map, low, high))
                }
                Saved::Npy => npy_of_map(&scored.map, scored.size),
                Saved::Tiff => tiff_of_map(&scored.map, scored.size),
            };
            let name = format!("{stem}.{}", saved.ending());
            if let Some(directory) = self.directory {
                directory.write(&name, &bytes)?;
            }
            files.push(name);
        }
        let anomalous = self.saving.threshold.map(|threshold| scored.value > threshold);
        Ok(Row { image, score: Some(scored.value), deviation: scored.deviation, anomalous, files, error: None })
    }
}

/// The values of the darkest and the brightest colour for some maps: the median of all pixels, and the value that 2 of 1000
/// pixels exceed.
fn colour_range(maps: &[&Scored]) -> [f32; 2] {
    let mut all: Vec<f32> = maps.iter().flat_map(|scored| scored.map.iter().copied().step_by(7)).collect();
    all.sort_unstable_by(f32::total_cmp);
    let at = |share: usize| all.get(all.len().saturating_sub(1) * share / 1000).copied().unwrap_or(0.0);
    [at(500), at(998).max(at(500) + f32::EPSILON)]
}

/// A name that no other image has: images of two folders may have the same.
fn file_name(path: &Path, number: usize) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    match parent {
        Some(parent) => format!("{number:04}-{parent}-{stem}"),
        None => format!("{number:04}-{stem}"),
    }
}
