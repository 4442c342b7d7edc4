//! `diadc run` and `diadc train`: trains the model of a spec; `run` also evaluates it and writes a report.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Args;

use crate::experiment::{Experiment, RunDirectory, Setup};

use super::arguments::{DrawArguments, ExperimentArguments, MeasureArguments, Opened, bytes};
use super::failure::Failure;
use super::finish::{check_images, check_memory, finish, start};
use super::terminal::Screen;

/// Trains, evaluates and reports
///
/// Makes a directory with the weights, the metrics, pictures and a page to open in a browser. `diadc resume`
/// continues a run that was stopped.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc run                                                   the small spec on the toy data set
  diadc run my.diad --dataset mvtec --data /data/mvtec        all classes in one model
  diadc run my.diad --set fusion=off --seed 2 --out runs/off
  diadc run runs/off --seed 3                                 the same as that run did, with another seed
  diadc run --draws 4                                         scores are means over 4 draws of random numbers
  diadc run diad --dataset visa --data DIR --protocol exact,diad --compare paper
  diadc run diad --dataset visa --data DIR --memory 24GB      refused, with what would fit, if it needs more")]
pub(super) struct Run {
    #[command(flatten)]
    arguments: RunArguments,
    #[command(flatten)]
    measure: MeasureArguments,
    #[command(flatten)]
    draws: DrawArguments,
}

/// Trains and writes the weights, without evaluating
#[derive(Args)]
#[command(after_help = "Example:\n  diadc train my.diad --dataset mvtec --data /data/mvtec")]
pub(super) struct Train {
    #[command(flatten)]
    arguments: RunArguments,
}

#[derive(Args)]
struct RunArguments {
    #[command(flatten)]
    experiment: ExperimentArguments,

    /// Weights to start from: safetensors, or what PyTorch writes
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME", requires = "weights")]
    within: Option<String>,

    /// Where the images of a source of the model lie, which are drawn otherwise; can be repeated
    #[arg(long, value_name = "NAME=DIR", value_parser = named_folder)]
    source: Vec<(String, PathBuf)>,

    /// The most memory that the run may take, as in 8GB; a run that needs more is refused before it begins
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,

    /// Also writes each step for TensorBoard, into `events/` in the directory of the run
    #[arg(long)]
    tensorboard: bool,

    /// The directory of the run [default: a new one under runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Run {
    pub(super) fn run(self) -> Result<(), Failure> {
        begin(self.arguments, Some((&self.measure, self.draws.draws)))
    }
}

impl Train {
    pub(super) fn run(self) -> Result<(), Failure> {
        begin(self.arguments, None)
    }
}

/// How the result is measured, and how often each image is scored; none if the model is only trained.
fn begin(arguments: RunArguments, measured: Option<(&MeasureArguments, Option<NonZeroU64>)>) -> Result<(), Failure> {
    let (Opened { compiled, setup, .. }, dataset) = arguments.experiment.open(measured.map(|(measure, _)| measure))?;
    let draws = measured.and_then(|(_, draws)| draws).unwrap_or(setup.draws);
    let setup = match &arguments.weights {
        Some(weights) => Setup { weights: Some(weights.clone()), within: arguments.within.clone(), ..setup },
        None => setup,
    };
    // The settings of the machine name the sources of all specs.
    let config = arguments.experiment.spec.config()?;
    let own = compiled.program.sources.iter().filter_map(|source| config.sources.get_key_value(&source.name));
    let mut sources = own.map(|(name, folder)| (name.clone(), folder.clone())).collect::<BTreeMap<_, _>>();
    sources.extend(setup.sources.clone());
    sources.extend(arguments.source.iter().cloned());
    let setup = Setup { sources, draws, ..setup };
    let experiment = Experiment::new(setup, compiled, dataset)?;
    check_memory(&experiment, arguments.memory)?;
    check_images(&experiment.record.setup)?;
    let mut screen = Screen::new();
    let run = start(&experiment, &mut screen)?;
    // A run that can't start leaves no directory.
    let directory = directory(&arguments, &experiment)?;
    if arguments.tensorboard {
        directory.with_events()?;
    }
    directory.write_record(&experiment.record, &experiment.compiled)?;
    finish(&experiment, run, &directory, &mut screen)
}

fn named_folder(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, folder)) if !name.is_empty() && !folder.is_empty() => Ok((name.to_owned(), folder.into())),
        _ => Err("write the name of a source and a folder, as in texture=/data/dtd".to_owned()),
    }
}

fn directory(arguments: &RunArguments, experiment: &Experiment) -> Result<RunDirectory, Failure> {
    if let Some(path) = &arguments.out {
        return Ok(RunDirectory::create(path)?);
    }
    let runs = arguments.experiment.spec.config()?.runs.unwrap_or_else(|| PathBuf::from("runs"));
    let model = experiment.compiled.program.name.to_lowercase();
    let name = format!("{model}-{}-seed{}", experiment.dataset.name, experiment.record.setup.seed);
    Ok(RunDirectory::create_under(&runs, &name)?)
}
