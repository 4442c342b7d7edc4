//! `diadc predict`: scores images and writes their heat maps.

use std::path::PathBuf;

use clap::Args;

use crate::dataset::predict_inputs;
use crate::experiment::{Model, RunDirectory, check_purpose, predict, write_heat_maps};

use super::arguments::{DeviceArguments, SpecArguments};
use super::failure::Failure;
use super::terminal::{self, Screen};

/// Scores images and draws where they are anomalous
///
/// Writes for each image its heat map and a picture of image and heat map side by side, and `scores.csv`.
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

    /// The new directory to write the results into
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
        check_purpose(program, true)?;
        let target = self.device.choose(&self.spec.config()?)?;
        let paths = predict_inputs(&self.images)?;
        let mut screen = Screen::new();
        let mut model = screen.during(|screen| Model::load(program, &self.weights, target, self.seed, screen))?;
        let directory = RunDirectory::create(&self.out)?;
        let images = screen.during(|screen| predict(&mut model, &paths, screen))?;
        write_heat_maps(&directory, &images)?;
        let lines = images.iter().map(|image| format!("{:.6}  {}\n", image.scored.value, image.path.display()));
        terminal::result(&lines.collect::<String>());
        terminal::note(&format!("heat maps lie in {}", directory.path().display()));
        Ok(())
    }
}
