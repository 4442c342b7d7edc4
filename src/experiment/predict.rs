//! Scores images that belong to no data set, and draws where they are anomalous.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rayon::prelude::*;

use crate::dataset::read_image;
use crate::evaluate::average::Average;
use crate::evaluate::score::{IMAGES_AT_ONCE, Prepared, Scored, Scorer};
use crate::report::{csv_field, picture};

use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::model::Model;
use super::observer::Observer;

/// An image that was scored.
#[derive(Clone, Debug)]
pub struct ScoredImage {
    /// The file that it comes from.
    pub path: PathBuf,
    /// The image in the size in which the model takes it.
    pub input: RgbImage,
    /// The results of the model.
    pub scored: Scored,
}

/// Scores the images in these files, in their order. Scores and maps are means over `draws`.
///
/// # Errors
/// If the model can't score, an image can't be read, the device fails, or a score is not finite.
pub fn predict(
    model: &mut Model<'_>,
    paths: &[PathBuf],
    draws: NonZeroU64,
    observer: &mut dyn Observer,
) -> Result<Vec<ScoredImage>, ExperimentError> {
    let mut scorer = Scorer::new(model.program, model.engine.as_mut(), model.seed)?;
    let transform = *scorer.transform();
    let mut results = Vec::new();
    for chunk in paths.chunks(IMAGES_AT_ONCE) {
        let prepare = |path: &PathBuf| Ok(Prepared::new(&read_image(path)?, path.display().to_string(), &transform));
        // The error is that of the first image, whichever thread is first.
        let read: Vec<Result<Prepared, ExperimentError>> = chunk.par_iter().map(prepare).collect();
        let images: Vec<Prepared> = read.into_iter().collect::<Result<_, _>>()?;
        let mut averages: Vec<Average> = scorer.score(&images, 0)?.into_iter().map(Average::of).collect();
        for draw in 1..draws.get() {
            averages.iter_mut().zip(scorer.score(&images, draw)?).for_each(|(average, scored)| average.add(&scored));
        }
        for ((path, image), average) in chunk.iter().zip(images).zip(averages) {
            results.push(ScoredImage { path: path.clone(), input: image.image, scored: average.finish() });
        }
        observer.on_scored(results.len(), paths.len());
    }
    Ok(results)
}

/// Writes for each image a heat map and the picture beside it, and `scores.csv` for all, with the standard deviation over
/// draws if there were several.
///
/// # Errors
/// If a file can't be written.
pub fn write_heat_maps(directory: &RunDirectory, results: &[ScoredImage]) -> Result<(), ExperimentError> {
    let (low, high) = colour_range(results);
    let several = results.iter().any(|image| image.scored.deviation.is_some());
    let mut csv = format!("image,score{},heat_map\n", if several { ",deviation" } else { "" });
    for (i, ScoredImage { path, input, scored }) in results.iter().enumerate() {
        let [height, width] = scored.size.map(|n| n as u32);
        let map = picture::heat_map(&scored.map, width, height, low, high);
        let mut row = vec![input.clone()];
        row.extend(scored.pictures.iter().map(|(_, picture)| picture.clone()));
        row.push(map.clone());
        let name = file_name(path, i);
        directory.write(&format!("{name}.map.png"), &picture::png(&map))?;
        directory.write(&format!("{name}.png"), &picture::png(&picture::sheet(&[row], 4)))?;
        let (image, map) = (csv_field(&path.display().to_string()), csv_field(&format!("{name}.map.png")));
        let deviation = scored.deviation.map(|deviation| format!(",{deviation}")).unwrap_or_default();
        csv += &format!("{image},{}{deviation},{map}\n", scored.value);
    }
    directory.write("scores.csv", csv.as_bytes())
}

/// The values of the darkest and the brightest colour of all heat maps: the median of all pixels, and the value that 2 of
/// 1000 pixels exceed.
fn colour_range(results: &[ScoredImage]) -> (f32, f32) {
    let mut all: Vec<f32> = results.iter().flat_map(|image| image.scored.map.iter().copied().step_by(7)).collect();
    all.sort_unstable_by(f32::total_cmp);
    let at = |share: usize| all.get(all.len().saturating_sub(1) * share / 1000).copied().unwrap_or(0.0);
    (at(500), at(998).max(at(500) + f32::EPSILON))
}

/// A name that no other image has: images of two folders may have the same.
fn file_name(path: &Path, index: usize) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    match parent {
        Some(parent) => format!("{index:04}-{parent}-{stem}"),
        None => format!("{index:04}-{stem}"),
    }
}
