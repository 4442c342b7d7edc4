//! `diadc eval`: measures how well weights find the anomalies of a data set.

use std::path::PathBuf;

use clap::Args;

use crate::experiment::{Experiment, Run, RunDirectory, Setup};
use crate::report;
use crate::weight::Place;

use super::arguments::{DrawArguments, ExperimentArguments, MeasureArguments, Opened, TableFormat, trained};
use super::failure::Failure;
use super::finish::{check_images, show, write};
use super::terminal::{self, Screen};

/// Evaluates weights on a data set
///
/// The directory of a run stands for all that it knows: its own copy of the spec, settings, weights, data set, seed and
/// protocols, of which the other arguments replace some. Weights that a run has trained know its settings: others than those
/// are refused, unless they are given with --set.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc eval runs/tiny-toy-seed1                              the weights of a run, as it would measure them itself
  diadc eval runs/tiny-toy-seed1 --set steps=5 --protocol exact,diad
  diadc eval tiny --weights runs/tiny-toy-seed1/weights.safetensors
  diadc eval tiny --weights runs/tiny-toy-seed1/weights.safetensors --draws 4
  diadc eval my.diad --weights w.safetensors --dataset visa --data DIR --out evaluation
  diadc eval my.diad --weights w.safetensors --dataset mvtec --protocol exact,diad --compare paper")]
pub(super) struct Eval {
    #[command(flatten)]
    experiment: ExperimentArguments,
    #[command(flatten)]
    measure: MeasureArguments,

    /// The weights: safetensors, or what PyTorch writes [default: those of the run]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME", requires = "weights")]
    within: Option<String>,

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
        let (Opened { compiled, setup, run }, dataset) = self.experiment.open(Some(&self.measure))?;
        let weights = trained(self.weights.as_ref(), run.as_ref())?;
        let setup = Setup {
            draws: self.draws.draws.unwrap_or(setup.draws),
            weights: Some(weights.clone()),
            within: self.within.clone(),
            ..setup
        };
        let experiment = Experiment::new(setup, compiled, dataset)?;
        check_images(&experiment.record.setup)?;
        let mut screen = Screen::new();
        let place = Place { path: &weights, within: self.within.as_deref() };
        let mut run = screen.during(|screen| Run::of_weights(&experiment, place, screen))?;
        let stop = terminal::stop_flag();
        let directory = self.out.as_deref().map(RunDirectory::for_results).transpose()?;
        let report = screen.during(|screen| run.evaluate(screen, &stop))?;
        let Some(report) = report else { return Err(Failure::Usage("stopped".to_owned())) };
        match self.format {
            TableFormat::Table => show(&report),
            TableFormat::Json => terminal::result(&report::json(&report)),
        }
        let Some(directory) = directory else { return Ok(()) };
        directory.write_provenance(&report.provenance)?;
        write(&directory, &report)
    }
}
