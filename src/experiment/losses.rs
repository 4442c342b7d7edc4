//! `losses.csv`: a line for each step of training, written as it is taken, so that a run can be watched from its first step. And
//! `held_out.csv`: a line for each evaluation on held-out images, where a training chooses weights by them.
//! If the run has a folder `events`, the same goes there for TensorBoard.
//!
//! In: the steps that training reports. Out: lines that any program can follow. A run that is continued cuts the lines of
//! steps that it takes again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::graph::program::{Phase, Program};
use crate::report::{LossCurve, csv_rows};
use crate::train::{Evaluation, FitProgress, LossPoint, Observer, Progress, factor};

use super::directory::{EVENTS, write_file};
use super::error::ExperimentError;
use super::events::Events;
use super::memory::most_held;

const HEADER: &str = "step,phase,objective,loss,gradient_norm,learning_rate,images_per_second";
const HELD_OUT_HEADER: &str = "step,value,is_best";

/// Hands news of training on, and writes each step into a file.
pub(super) struct Losses<'a> {
    to: &'a mut dyn Observer,
    phases: Vec<&'a Phase>,
    file: File,
    path: PathBuf,
    /// The file of evaluations, which begins with the first.
    held_out: PathBuf,
    /// What TensorBoard reads, if that is wanted.
    events: Option<Events>,
    /// Steps written, over all phases.
    steps: usize,
    /// Which file could not be written, and why.
    failed: Option<(PathBuf, io::Error)>,
}

impl<'a> Losses<'a> {
    /// Begins the file, or goes on with it after the steps of a run that is continued, whose losses are `before`.
    pub(super) fn begin(
        folder: &Path,
        program: &'a Program,
        before: &[LossPoint],
        to: &'a mut dyn Observer,
    ) -> Result<Losses<'a>, ExperimentError> {
        let path = folder.join("losses.csv");
        let held_out = folder.join("held_out.csv");
        if held_out.exists() {
            write_file(&held_out, until(&held_out, before.len()).as_bytes())?;
        }
        write_file(&path, (kept(&path, program, before).join("\n") + "\n").as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(|source| ExperimentError::Write { path: path.clone(), source })?;
        let phases = program.phases().collect();
        let events = folder.join(EVENTS);
        let events = events.is_dir().then(|| Events::begin(&events, before.len())).transpose();
        let events = events.map_err(|(path, source)| ExperimentError::Write { path, source })?;
        Ok(Losses { to, phases, file, path, held_out, events, steps: before.len(), failed: None })
    }

    fn evaluated(&self, evaluation: &Evaluation) -> io::Result<()> {
        let is_new = !self.held_out.exists();
        let mut file = OpenOptions::new().create(true).append(true).open(&self.held_out)?;
        let header = if is_new { format!("{HELD_OUT_HEADER}\n") } else { String::new() };
        let Evaluation { value, is_best, .. } = evaluation;
        file.write_all(format!("{header}{},{value},{is_best}\n", self.steps).as_bytes())
    }

    /// Says whether all lines could be written.
    pub(super) fn finish(self) -> Result<(), ExperimentError> {
        self.failed.map_or(Ok(()), |(path, source)| Err(ExperimentError::Write { path, source }))
    }

    /// Adds scalars of the current step, where TensorBoard is to read them.
    fn scalars(&mut self, scalars: &[(&str, f32)]) {
        if let Some(events) = &mut self.events
            && let Err(error) = events.scalars(self.steps, scalars)
        {
            self.failed.get_or_insert((events.path().to_path_buf(), error));
        }
    }
}

/// The losses of each objective by its own steps, from the text of a file of losses; the objectives in the order in which they were
/// first trained.
pub(super) fn read_losses(text: &str) -> Result<Vec<LossCurve>, String> {
    let header: Vec<&str> = HEADER.split(',').collect();
    let mut curves: IndexMap<String, LossCurve> = IndexMap::new();
    for row in csv_rows(text, &header)? {
        let loss = row[3].parse().map_err(|_| format!("`{}` is no number", row[3]))?;
        let empty = || LossCurve { objective: row[2].clone(), points: Vec::new() };
        let points = &mut curves.entry(row[2].clone()).or_insert_with(empty).points;
        points.push((points.len() as u64 + 1, loss));
    }
    Ok(curves.into_values().collect())
}

/// The lines of evaluations up to a step.
fn until(path: &Path, steps: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let is_before =
        |line: &&str| line.split(',').next().and_then(|step| step.parse().ok()).is_none_or(|step: usize| step <= steps);
    text.lines().filter(is_before).map(|line| format!("{line}\n")).collect()
}

/// The header, and a line for each step that has been taken: those of the file as far as it has them, else what the
/// checkpoint knows.
fn kept(path: &Path, program: &Program, before: &[LossPoint]) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<String> = text.lines().take(before.len() + 1).map(str::to_owned).collect();
    if lines.len() == before.len() + 1 && lines[0] == HEADER {
        return lines;
    }
    let phase = |objective: &String| program.phases().position(|phase| phase.objectives.contains(objective));
    let line = |point: &LossPoint| {
        let objective = &program.objectives[point.objective].name;
        let phase = phase(objective).map(|phase| (phase + 1).to_string()).unwrap_or_default();
        format!("{},{phase},{objective},{},,,", point.step, point.loss)
    };
    std::iter::once(HEADER.to_owned()).chain(before.iter().map(line)).collect()
}

impl Observer for Losses<'_> {
    fn on_step(&mut self, progress: &Progress<'_>) {
        self.steps += 1;
        let rate = self
            .phases
            .get(progress.phase - 1)
            .map(|phase| phase.optimizer.lr() * factor(&phase.schedule, progress.step - 1, progress.steps));
        let pace = progress.images_per_second;
        if self.events.is_some() {
            let objective = progress.objective;
            let [loss, norm, lr] = ["loss", "gradient_norm", "learning_rate"].map(|what| format!("{what}/{objective}"));
            let mut scalars = vec![(&*loss, progress.loss), ("images_per_second", pace as f32)];
            scalars.extend(progress.gradient_norm.map(|own| (&*norm, own)));
            scalars.extend(rate.map(|rate| (&*lr, rate as f32)));
            scalars.extend(most_held().map(|bytes| ("most_memory_bytes", bytes as f32)));
            self.scalars(&scalars);
        }
        let rate = rate.map(|rate| rate.to_string()).unwrap_or_default();
        let norm = progress.gradient_norm.map(|norm| norm.to_string()).unwrap_or_default();
        let Progress { phase, objective, loss, .. } = progress;
        let line = format!("{},{phase},{objective},{loss},{norm},{rate},{pace:.3}\n", self.steps);
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.failed.get_or_insert((self.path.clone(), error));
        }
        self.to.on_step(progress);
    }

    fn on_evaluation(&mut self, evaluation: &Evaluation) {
        if let Err(error) = self.evaluated(evaluation) {
            self.failed.get_or_insert((self.held_out.clone(), error));
        }
        self.scalars(&[("held_out", evaluation.value)]);
        self.to.on_evaluation(evaluation);
    }

    fn on_fit(&mut self, progress: &FitProgress<'_>) {
        self.to.on_fit(progress);
    }

    fn on_choosing(&mut self, done: usize, all: usize) {
        self.to.on_choosing(done, all);
    }

    fn on_saving(&mut self, done: usize, all: usize) {
        self.to.on_saving(done, all);
    }

    fn on_checkpoint(&mut self, path: &Path) {
        self.to.on_checkpoint(path);
    }
}
