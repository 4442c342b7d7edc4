//! `diadc predict`: scores images and writes their heat maps.

use std::path::PathBuf;

use clap::Args;

use crate::dataset::predict_inputs;
use crate::diagnostic::significant;
use crate::evaluate::score::is_random;
use crate::experiment::{Model, RunDirectory, ScoredImage, check_draws, check_purpose, predict, write_heat_maps};
use crate::weight::Place;

use super::arguments::{DeviceArguments, DrawArguments, SpecArguments};
use super::failure::Failure;
use super::terminal::{self, Screen};

/// Scores images and draws where they are anomalous
///
/// Writes for each image its heat map and a picture of image and heat map side by side, and `scores.csv`. Prints the score
/// of each image; if there are several draws, followed by its standard deviation over them.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc predict tiny --weights runs/tiny-toy-seed1/weights.safetensors --out maps --images photo.png folder/
  diadc predict tiny --weights W --out maps --images folder/ --draws 8      means over 8 draws of random numbers")]
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

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME")]
    within: Option<String>,

    /// The new directory to write the results into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    draws: DrawArguments,
}

impl Predict {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let program = &compiled.program;
        let draws = self.draws.draws;
        check_purpose(program, true)?;
        check_draws(program, draws)?;
        let target = self.device.choose(&self.spec.config()?)?;
        let paths = predict_inputs(&self.images)?;
        let mut screen = Screen::new();
        let place = Place { path: &self.weights, within: self.within.as_deref() };
        let mut model = screen.during(|screen| Model::load(program, place, target, self.seed, screen))?;
        let directory = RunDirectory::for_results(&self.out)?;
        let images = screen.during(|screen| predict(&mut model, &paths, draws, screen))?;
        write_heat_maps(&directory, &images)?;
        terminal::result(&images.iter().map(line).collect::<String>());
        if draws.get() == 1 && is_random(program) {
            terminal::note(
                "scores draw random numbers, here once; `--draws 8` takes means over 8 draws, and says how far apart those are",
            );
        }
        terminal::note(&format!("heat maps lie in {}", directory.path().display()));
        Ok(())
    }
}

fn line(image: &ScoredImage) -> String {
    let deviation = image.scored.deviation.map(|deviation| format!("  {}", significant(deviation.into())));
    let score = significant(image.scored.value.into());
    format!("{score}{}  {}\n", deviation.unwrap_or_default(), image.path.display())
}
