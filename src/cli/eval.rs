//! `diadc eval`: what weights are worth on a data set.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::experiment::{ExperimentError, RunDirectory, assess};
use crate::report::{self, Report};

use super::arguments::{DataArguments, DeviceArguments, MeasureArguments, SpecArguments, measures, published};
use super::failure::Failure;
use super::resume::{Findings, write_report};
use super::start::{hand_over, load};
use super::terminal::{self, Screen};

/// Evaluates weights on a data set
#[derive(Args)]
#[command(after_help = "Examples:
  diadc eval tiny --weights runs/tiny-toy-seed1/weights.safetensors
  diadc eval my.diad --weights w.safetensors --dataset visa --data DIR --out evaluation
  diadc eval my.diad --weights w.safetensors --dataset mvtec --protocol exact,diad --compare paper")]
pub(super) struct Eval {
    #[command(flatten)]
    spec: SpecArguments,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    measure: MeasureArguments,

    /// The weights: safetensors, or what PyTorch writes
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Writes metrics, pictures and a page into this new directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

impl Eval {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let program = &compiled.program;
        if program.function("score").is_none() {
            return Err(ExperimentError::NothingToScore(program.name.clone()).into());
        }
        let config = self.spec.config()?;
        let target = self.device.choose(&config)?;
        let dataset = self.data.open(&config)?;
        let beside = published(self.measure.compare.as_deref(), &dataset.name)?;
        let measures = measures(&program.measure, &self.measure.protocols);
        let weights = load(program, &self.weights, &[])?;
        let mut engine = target.open()?;
        let stop = terminal::stop_flag();
        let mut screen = Screen::new();
        hand_over(&weights, self.seed, engine.as_mut(), &mut screen)?;
        let directory = self.out.as_deref().map(RunDirectory::create).transpose()?;
        let started = Instant::now();
        let assessment = assess(program, engine.as_mut(), &dataset, self.seed, &measures, &mut screen, &stop)?;
        screen.clear();
        let Some(assessment) = assessment else { return Err(Failure::Usage("stopped".to_owned())) };
        let findings = Findings {
            compiled: &compiled,
            spec: &self.spec.spec,
            dataset: &dataset.name,
            seed: self.seed,
            device: engine.device(),
            losses: Vec::new(),
            timings: vec![("scoring".to_owned(), started.elapsed().as_secs_f64())],
            hashes: Vec::new(),
            published: beside,
        };
        let report = findings.report(assessment);
        match self.format {
            Format::Table => show(&report),
            Format::Json => terminal::result(&(report::json(&report) + "\n")),
        }
        match directory {
            Some(directory) => write_report(&directory, &report),
            None => Ok(()),
        }
    }
}

/// Prints the metrics, and published ones beside them.
pub(super) fn show(report: &Report) {
    let mut text = report::table(&report.evaluations, charset());
    if let (Some(published), Some(evaluation)) = (&report.published, report.evaluations.first()) {
        text += &format!("\n\n{}", report::compare(evaluation, published, charset()));
    }
    terminal::result(&(text + "\n"));
}

pub(super) fn charset() -> report::Charset {
    if terminal::takes_unicode() { report::Charset::Unicode } else { report::Charset::Ascii }
}
