//! `diadc run` and `diadc train`: from a spec to weights, and to a report.

use std::path::PathBuf;

use clap::Args;

use crate::experiment::{Config, ExperimentError, Record, RunDirectory, Setup};

use super::arguments::{DataArguments, DeviceArguments, MeasureArguments, SpecArguments, published};
use super::budget::{bytes, keep};
use super::failure::Failure;
use super::resume::{Job, go};
use super::start::{hand_over, start};
use super::terminal::Screen;

/// Trains, evaluates and reports
///
/// Makes a directory with the weights, the metrics, pictures and a page to open in a browser. A run that is
/// stopped goes on with `diadc resume`.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc run                                                   the small spec on the toy data set
  diadc run my.diad --dataset mvtec --data /data/mvtec        all classes in one model
  diadc run my.diad --set fusion=off --seed 2 --out runs/off
  diadc run diad --dataset visa --data DIR --protocol exact,diad --compare paper
  diadc run diad --dataset visa --data DIR --memory 24GB      refused, with what would fit, if it needs more")]
pub(super) struct Run {
    #[command(flatten)]
    arguments: RunArguments,
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
    spec: SpecArguments,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    measure: MeasureArguments,

    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Weights to start from: safetensors, or what PyTorch writes
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Memory that it may take, as in 8GB: a run that needs more is refused before it begins
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,

    /// The directory of the run; by default a new one under runs/
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Run {
    pub(super) fn run(self) -> Result<(), Failure> {
        begin(self.arguments, true)
    }
}

impl Train {
    pub(super) fn run(self) -> Result<(), Failure> {
        begin(self.arguments, false)
    }
}

fn begin(arguments: RunArguments, scores: bool) -> Result<(), Failure> {
    let compiled = arguments.spec.compile()?;
    let program = &compiled.program;
    if program.phases.is_empty() && !scores {
        return Err(ExperimentError::NothingToTrain(program.name.clone()).into());
    }
    if scores && program.function("score").is_none() {
        return Err(ExperimentError::NothingToScore(program.name.clone()).into());
    }
    let config = arguments.spec.config()?;
    let target = arguments.device.choose(&config)?;
    let dataset = arguments.data.open(&config)?;
    keep(program, target, arguments.memory, scores)?;
    // What is not there is found out before anything slow.
    published(arguments.measure.compare.as_deref(), &dataset.name)?;
    let weights = start(program, arguments.weights.as_deref())?;
    let mut engine = target.open()?;
    hand_over(&weights, arguments.seed, engine.as_mut(), &mut Screen::new())?;
    drop(weights);
    let setup = Setup {
        spec: arguments.spec.spec.clone(),
        settings: arguments.spec.settings.clone(),
        dataset: dataset.name.clone(),
        data: arguments.data.directory(&config),
        classes: arguments.data.classes.clone(),
        seed: arguments.seed,
        device: target.device.to_string(),
        precision: target.precision,
        weights: arguments.weights.clone(),
        scores,
        protocols: arguments.measure.protocols.clone(),
        compare: arguments.measure.compare.clone(),
    };
    let record = Record::new(setup, &compiled, &dataset);
    let directory = directory(&arguments, &config, &program.name, &dataset.name)?;
    directory.write_record(&record, &compiled.sources)?;
    go(Job { compiled, dataset, record, directory, engine })
}

fn directory(arguments: &RunArguments, config: &Config, model: &str, dataset: &str) -> Result<RunDirectory, Failure> {
    Ok(match &arguments.out {
        Some(path) => RunDirectory::create(path)?,
        None => {
            let runs = config.runs.clone().unwrap_or_else(|| PathBuf::from("runs"));
            let name = format!("{}-{dataset}-seed{}", model.to_lowercase(), arguments.seed);
            RunDirectory::create_under(&runs, &name)?
        }
    })
}
