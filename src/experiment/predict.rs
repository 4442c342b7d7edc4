//! Scores images that belong to no data set, and draws where they are anomalous.

use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::dataset::read_image;
use crate::evaluate::score::{IMAGES_AT_ONCE, Scored, Scorer};
use crate::report::picture;

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

/// Scores the images in these files, in their order.
///
/// # Errors
/// If the model can't score, an image can't be read, the device fails, or a score is not finite.
pub fn predict(
    model: &mut Model<'_>,
    paths: &[PathBuf],
    observer: &mut dyn Observer,
) -> Result<Vec<ScoredImage>, ExperimentError> {
    let mut scorer = Scorer::new(model.program, model.engine.as_mut(), model.seed)?;
    let mut results = Vec::new();
    for chunk in paths.chunks(IMAGES_AT_ONCE) {
        let images: Vec<RgbImage> = chunk.iter().map(|path| read_image(path)).collect::<Result<_, _>>()?;
        let ids: Vec<String> = chunk.iter().map(|path| path.display().to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let scored = scorer.score(&images, &ids)?;
        for ((path, image), scored) in chunk.iter().zip(images).zip(scored) {
            results.push(ScoredImage { path: path.clone(), input: scorer.transform().resize_u8(&image), scored });
        }
        observer.on_scored(results.len(), paths.len());
    }
    Ok(results)
}

/// Writes for each image a heat map and the picture beside it, and `scores.csv` for all.
///
/// # Errors
/// If a file can't be written.
pub fn write_heat_maps(directory: &RunDirectory, results: &[ScoredImage]) -> Result<(), ExperimentError> {
    let (low, high) = colour_range(results);
    let mut csv = String::from("image,score,heat_map\n");
    for (i, ScoredImage { path, input, scored }) in results.iter().enumerate() {
        let [height, width] = scored.size.map(|n| n as u32);
        let map = picture::heat_map(&scored.map, width, height, low, high);
        let mut row = vec![input.clone()];
        row.extend(scored.pictures.iter().map(|(_, picture)| picture.clone()));
        row.push(map.clone());
        let name = file_name(path, i);
        directory.write(&format!("{name}.map.png"), &picture::png(&map))?;
        directory.write(&format!("{name}.png"), &picture::png(&picture::sheet(&[row], 4)))?;
        let quoted = path.display().to_string().replace('"', "\"\"");
        csv += &format!("\"{quoted}\",{},{name}.map.png\n", scored.value);
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
