//! `diadc eval`: measures how well weights find the anomalies of a data set.

use std::path::PathBuf;

use clap::Args;

use crate::experiment::{Experiment, Run, RunDirectory, Setup};
use crate::report;
use crate::weight::Place;

use super::arguments::{DrawArguments, ExperimentArguments, MeasureArguments, TableFormat};
use super::failure::Failure;
use super::finish::{show, write};
use super::terminal::{self, Screen};

/// Evaluates weights on a data set
#[derive(Args)]
#[command(after_help = "Examples:
  diadc eval tiny --weights runs/tiny-toy-seed1/weights.safetensors
  diadc eval tiny --weights runs/tiny-toy-seed1/weights.safetensors --draws 4
  diadc eval my.diad --weights w.safetensors --dataset visa --data DIR --out evaluation
  diadc eval my.diad --weights w.safetensors --dataset mvtec --protocol exact,diad --compare paper")]
pub(super) struct Eval {
    #[command(flatten)]
    experiment: ExperimentArguments,
    #[command(flatten)]
    measure: MeasureArguments,

    /// The weights: safetensors, or what PyTorch writes
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME")]
    within: Option<String>,

    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    draws: DrawArguments,

    /// Writes the metrics, pictures and an HTML page into this new directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

impl Eval {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (setup, compiled, dataset) = self.experiment.open(Some(&self.measure))?;
        let experiment =
            Experiment::new(Setup { seed: self.seed, draws: self.draws.draws, ..setup }, compiled, dataset)?;
        let mut screen = Screen::new();
        let place = Place { path: &self.weights, within: self.within.as_deref() };
        let mut run = screen.during(|screen| Run::of_weights(&experiment, place, screen))?;
        let stop = terminal::stop_flag();
        let directory = self.out.as_deref().map(RunDirectory::for_results).transpose()?;
        let report = screen.during(|screen| run.evaluate(screen, &stop))?;
        let Some(report) = report else { return Err(Failure::Usage("stopped".to_owned())) };
        match self.format {
            TableFormat::Table => show(&report),
            TableFormat::Json => terminal::result(&(report::json(&report) + "\n")),
        }
        directory.map_or(Ok(()), |directory| write(&directory, &report))
    }
}
