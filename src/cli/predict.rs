//! `diadc predict`: images in, scores and heat maps out.

use std::path::{Path, PathBuf};

use clap::Args;
use image::RgbImage;

use crate::dataset::{predict_inputs, read_image};
use crate::evaluate::score::{IMAGES_AT_ONCE, Scored, Scorer};
use crate::experiment::{ExperimentError, RunDirectory, Watch};
use crate::report::picture;

use super::arguments::{DeviceArguments, SpecArguments};
use super::failure::Failure;
use super::start::{hand_over, load};
use super::terminal::{self, Screen};

/// Scores images and draws where they are anomalous
///
/// Writes for each image a heat map and the picture beside it, and `scores.csv`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  diadc predict tiny --weights runs/tiny-toy-seed1/weights.safetensors --out maps --images photo.png folder/"
)]
pub(super) struct Predict {
    #[command(flatten)]
    spec: SpecArguments,
    #[command(flatten)]
    device: DeviceArguments,

    /// Images, and folders of images
    #[arg(long, short, required = true, num_args = 1.., value_name = "PATH")]
    images: Vec<PathBuf>,

    /// The weights: safetensors, or what PyTorch writes
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// A new directory for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Predict {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let program = &compiled.program;
        if program.function("score").is_none() {
            return Err(ExperimentError::NothingToScore(program.name.clone()).into());
        }
        let config = self.spec.config()?;
        let target = self.device.choose(&config)?;
        let paths = predict_inputs(&self.images)?;
        let weights = load(program, &self.weights, &[])?;
        let mut engine = target.open()?;
        let mut screen = Screen::new();
        hand_over(&weights, self.seed, engine.as_mut(), &mut screen)?;
        let directory = RunDirectory::create(&self.out)?;
        let mut scorer = Scorer::new(program, engine.as_mut(), self.seed)?;
        let mut results = Vec::new();
        for chunk in paths.chunks(IMAGES_AT_ONCE) {
            let images: Vec<RgbImage> = chunk.iter().map(|path| read_image(path)).collect::<Result<_, _>>()?;
            let ids: Vec<String> = chunk.iter().map(|path| path.display().to_string()).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let scored = scorer.score(&images, &ids)?;
            for ((path, image), scored) in chunk.iter().zip(images).zip(scored) {
                results.push((path.clone(), scorer.transform().resize_u8(&image), scored));
            }
            screen.scored(results.len(), paths.len());
        }
        screen.clear();
        write(&directory, &results)?;
        let mut text = String::new();
        for (path, _, scored) in &results {
            text += &format!("{:.6}  {}\n", scored.value, path.display());
        }
        terminal::result(&text);
        terminal::note(&format!("heat maps lie in {}", directory.path().display()));
        Ok(())
    }
}

/// One colour scale for all images: from the middle of the lowest map to the highest value but for outliers.
fn scale(results: &[(PathBuf, RgbImage, Scored)]) -> (f32, f32) {
    let mut all: Vec<f32> = results.iter().flat_map(|(_, _, scored)| scored.map.iter().copied().step_by(7)).collect();
    all.sort_unstable_by(f32::total_cmp);
    let at = |share: usize| all.get(all.len().saturating_sub(1) * share / 1000).copied().unwrap_or(0.0);
    (at(500), at(998).max(at(500) + f32::EPSILON))
}

fn write(directory: &RunDirectory, results: &[(PathBuf, RgbImage, Scored)]) -> Result<(), Failure> {
    let (low, high) = scale(results);
    let mut csv = String::from("image,score,heat_map\n");
    for (i, (path, input, scored)) in results.iter().enumerate() {
        let [height, width] = scored.size.map(|n| n as u32);
        let map = picture::heat_map(&scored.map, width, height, low, high);
        let mut row = vec![input.clone()];
        row.extend(scored.pictures.iter().map(|(_, picture)| picture.clone()));
        row.push(map.clone());
        let name = name(path, i);
        directory.write(&format!("{name}.map.png"), &picture::png(&map))?;
        directory.write(&format!("{name}.png"), &picture::png(&picture::sheet(&[row], 4)))?;
        let quoted = path.display().to_string().replace('"', "\"\"");
        csv += &format!("\"{quoted}\",{},{name}.map.png\n", scored.value);
    }
    Ok(directory.write("scores.csv", csv.as_bytes())?)
}

/// A name that no other image has: images of two folders may have the same.
fn name(path: &Path, index: usize) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    match parent {
        Some(parent) => format!("{index:04}-{parent}-{stem}"),
        None => format!("{index:04}-{stem}"),
    }
}
