//! `diadc predict`: scores images and writes their heat maps.

use std::path::PathBuf;

use clap::Args;

use crate::dataset::predict_inputs;
use crate::diagnostic::significant;
use crate::evaluate::score::is_random;
use crate::experiment::{
    Model, RunDirectory, ScoredImage, Setup, Trained, check_draws, check_purpose, predict, provenance, write_heat_maps,
};
use crate::report::Provenance;
use crate::weight::Place;

use super::arguments::{DeviceArguments, DrawArguments, Opened, SpecArguments, command, trained};
use super::failure::Failure;
use super::terminal::{self, Screen};

/// Scores images and draws where they are anomalous
///
/// Writes for each image its heat map and a picture of image and heat map side by side, and `scores.csv`. Prints the score
/// of each image; if there are several draws, followed by its standard deviation over them. The directory of a run stands for
/// its own copy of the spec, its settings and weights. Weights that a run has trained know its settings: others than those are
/// refused, unless they are given with --set.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc predict runs/tiny-toy-seed1 --out maps --images photo.png folder/
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

    /// The weights: safetensors, or what PyTorch writes [default: those of the run]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME", requires = "weights")]
    within: Option<String>,

    /// The new directory to write the results into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Seed of all random numbers [default: 1, or that of the run]
    #[arg(long)]
    seed: Option<u64>,

    #[command(flatten)]
    draws: DrawArguments,
}

impl Predict {
    pub(super) fn run(self) -> Result<(), Failure> {
        let opened = self.spec.open()?;
        let setup = self.device.over(opened.setup.clone(), opened.run.is_some(), &self.spec.config()?)?;
        let Opened { compiled, run, .. } = opened;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        let program = &compiled.program;
        let weights = trained(self.weights.as_ref(), run.as_ref())?;
        let setup = Setup {
            seed: self.seed.unwrap_or(setup.seed),
            draws: self.draws.draws.unwrap_or(setup.draws),
            weights: Some(weights.clone()),
            within: self.within.clone(),
            command: command(),
            ..setup
        };
        let draws = setup.draws;
        check_purpose(program, true)?;
        check_draws(program, draws)?;
        let target = setup.target()?;
        let paths = predict_inputs(&self.images)?;
        let mut screen = Screen::new();
        let place = Place { path: &weights, within: self.within.as_deref() };
        let weights = Trained { place, settings: &setup.settings };
        let provenance = provenance(&setup, &compiled)?;
        let mut model = screen.during(|screen| Model::load(program, weights, target, setup.seed, screen))?;
        let provenance = Provenance { device: model.device(), protocols: Vec::new(), ..provenance };
        let directory = RunDirectory::for_results(&self.out)?;
        let images = screen.during(|screen| predict(&mut model, &paths, draws, screen))?;
        write_heat_maps(&directory, &images)?;
        directory.write_provenance(&provenance)?;
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
