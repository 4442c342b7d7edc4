//! The part that all commands that run an experiment share: shows what runs and its progress, and prints the results.

use std::path::Path;
use std::sync::Mutex;

use crate::diagnostic::count;
use crate::experiment::{DataCheck, Experiment, Run, RunDirectory, Setup, check_data, write_report};
use crate::report::{self, Report};

use super::failure::Failure;
use super::terminal::{self, Screen};

/// Refuses a run that needs more than `budget`. Without one, warns of a run that needs more than the machine has left.
pub(super) fn check_memory(experiment: &Experiment, budget: Option<u64>) -> Result<(), Failure> {
    if let Some(shortage) = experiment.check_memory(budget)? {
        terminal::note(&shortage.warning(experiment.target.device));
    }
    Ok(())
}

/// Looks at every image and mask. Refuses a data set on which the run would fail, and tells what changes the meaning of its
/// metrics.
pub(super) fn check_images(setup: &Setup) -> Result<(), Failure> {
    let screen = Mutex::new(Screen::new());
    let checked = check_data(&setup.request(), &|done, all| {
        // Progress that is shown late is better than looking that waits for the terminal.
        if let Ok(mut screen) = screen.try_lock() {
            screen.looked(done, all);
        }
    });
    if let Ok(mut screen) = screen.lock() {
        screen.clear();
    }
    let DataCheck { errors, warnings } = checked?;
    warnings.iter().chain(&errors).for_each(|line| terminal::note(line));
    match errors.len() {
        0 => Ok(()),
        _ => Err(Failure::Findings("the data set can't be used as it is; nothing was trained or scored".to_owned())),
    }
}

/// Puts the weights that training starts from on the device.
pub(super) fn start<'a>(experiment: &'a Experiment, screen: &mut Screen) -> Result<Run<'a>, Failure> {
    Ok(screen.during(|screen| Run::start(experiment, screen))?)
}

/// Trains, or continues training; then scores, prints the metrics and writes the report.
pub(super) fn finish(
    experiment: &Experiment,
    mut run: Run<'_>,
    directory: &RunDirectory,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let stop = terminal::stop_flag();
    let (dataset, split) = (&experiment.dataset, experiment.split()?);
    let held_out = match split.held_out.len() {
        0 => String::new(),
        count => format!(", {count} held-out"),
    };
    terminal::note(&format!(
        "{} on {} ({}, {} training{} and {} test images), device {}; run directory {}",
        experiment.compiled.program.name,
        dataset.name,
        count(dataset.classes.len(), "class"),
        split.shown.len(),
        held_out,
        dataset.test.len(),
        run.device(),
        directory.path().display(),
    ));
    match screen.during(|screen| run.finish(directory, screen, &stop))? {
        Some(report) => {
            show(&report);
            match write_report(directory, &report) {
                Ok(page) => shown_in(&page),
                Err(error) => return Err(directory.trained(error).into()),
            }
            Ok(())
        }
        None => {
            terminal::result(&format!("the weights lie in {}\n", directory.weights().display()));
            Ok(())
        }
    }
}

/// Prints the metrics, and published ones beside them.
pub(super) fn show(report: &Report) {
    let charset = terminal::charset();
    let mut text = report::table(&report.evaluations, charset);
    if let Some(published) = &report.published {
        for evaluation in &report.evaluations {
            text += &format!("\n\n{}", report::beside_published(evaluation, published, charset));
        }
    }
    terminal::result(&(text + "\n"));
}

/// Writes the report into the directory of the run, and says where its page is.
pub(super) fn write(directory: &RunDirectory, report: &Report) -> Result<(), Failure> {
    shown_in(&write_report(directory, report)?);
    Ok(())
}

fn shown_in(page: &Path) {
    terminal::note(&format!("report: {}", page.display()));
}
