//! Runs a whole experiment through the library: trains, scores the test set and writes a report.
//!
//! Run it with `cargo run --release --example run_experiment`. It takes a few minutes on a CPU.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use diadc::compile::compile;
use diadc::diagnostic::{Style, render};
use diadc::experiment::{Experiment, Observer, Run, RunDirectory, Setup, write_report};
use diadc::train::{self, Progress};
use diadc::{dataset, measure::Metric};

/// Prints a line at every hundredth step.
struct Lines;

impl train::Observer for Lines {
    fn on_step(&mut self, progress: &Progress<'_>) {
        if progress.step.is_multiple_of(100) {
            say(&format!("{} {}/{}: loss {:.4}", progress.objective, progress.step, progress.steps, progress.loss));
        }
    }
}

impl Observer for Lines {}

fn main() -> Result<(), Box<dyn Error>> {
    // The spec `tiny` on two classes of the toy data set.
    let setup = Setup { classes: Some(vec!["tile".to_owned(), "wood".to_owned()]), ..Setup::default() };
    let compiled = compile(&setup.location(), &setup.settings)
        .map_err(|failed| render(&failed.diagnostics, &failed.sources, Style::Plain))?;
    let dataset = dataset::open(&setup.request())?;

    // All of it is checked before anything slow begins.
    let experiment = Experiment::new(setup, compiled, dataset)?;
    let directory = RunDirectory::create_under(Path::new("runs"), "example")?;
    directory.write_record(&experiment.record, &experiment.compiled)?;

    // Set from another thread, this ends training with a checkpoint; `Experiment::reopen` goes on from there.
    let stop = AtomicBool::new(false);
    let report = Run::start(&experiment, &mut Lines)?.finish(&directory, &mut Lines, &stop)?;
    let report = report.ok_or("the setup asks for scoring")?;
    let page = write_report(&directory, &report)?;
    let mean = &report.evaluations[0].mean[&Metric::ImageAuroc];
    say(&format!("image AUROC {:.3}; report: {}", mean.value.value().unwrap_or(f64::NAN), page.display()));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "an example shows what it found")]
fn say(line: &str) {
    println!("{line}");
}
