//! What the first stages of a program have made, for another program whose first stages are the same.
//!
//! A snapshot is the checkpoint of a run that ended after those stages. Weights and objectives are known by their names, so
//! that what comes after the stages, and what else the two programs have, can differ.

use std::collections::BTreeMap;
use std::path::Path;

use crate::execute::Engine;
use crate::graph::program::{Program, Stage};
use crate::op::WeightId;
use crate::weight::File;

use super::LossPoint;
use super::checkpoint::{Checkpoint, Position, TrainingState, save};
use super::error::TrainError;

/// The note that names the objectives of a program in the order of their numbers.
const OBJECTIVES: &str = "objectives";

/// The notes of a run whose checkpoints are to be taken as snapshots: these, and the names of its objectives.
#[must_use]
pub fn notes_of_snapshot(notes: BTreeMap<String, String>, program: &Program) -> BTreeMap<String, String> {
    let names: Vec<&str> = program.objectives.iter().map(|objective| objective.name.as_str()).collect();
    let mut notes = notes;
    notes.insert(OBJECTIVES.to_owned(), names.join(" "));
    notes
}

/// Gives an engine the weights that the first `stages` stages of its program change, as they are in a snapshot, and writes a
/// checkpoint into `folder` from which the run goes on after those stages. `notes` are those of that run.
///
/// # Errors
/// If the snapshot can't be read, lacks a weight, or the checkpoint can't be written.
pub fn carry_over(
    snapshot: &Path,
    folder: &Path,
    program: &Program,
    stages: usize,
    engine: &mut dyn Engine,
    notes: BTreeMap<String, String>,
) -> Result<(), TrainError> {
    let wrong = |reason: String| TrainError::Checkpoint { path: snapshot.to_path_buf(), reason };
    let file = File::open(snapshot)?;
    let ints = |name: &str| -> Result<Vec<i64>, TrainError> {
        let tensor = file.read(name)?;
        tensor.as_ints().map(<[i64]>::to_vec).ok_or_else(|| wrong(format!("`{name}` is not a list of integers")))
    };
    for id in changed(program, &program.stages[..stages]) {
        let weight = program.weight(id);
        let tensor = file.read(&format!("weight/{}", weight.path))?;
        if tensor.shape != weight.shape {
            return Err(wrong(format!("`{}` has the shape {:?}", weight.path, tensor.shape)));
        }
        engine.set_weight(id, tensor);
    }
    let names: Vec<&str> = file.notes().get(OBJECTIVES).map(|names| names.split(' ').collect()).unwrap_or_default();
    let objective = |number: i64| {
        let name = usize::try_from(number).ok().and_then(|number| names.get(number));
        let found = name.and_then(|name| program.objectives.iter().position(|own| own.name == **name));
        found.ok_or_else(|| wrong("it has losses of an unknown objective".to_owned()))
    };
    let losses = file.read("curve/loss")?;
    let losses = losses.as_floats().ok_or_else(|| wrong("its losses are not floating-point numbers".to_owned()))?;
    let points = ints("curve/step")?.into_iter().zip(ints("curve/objective")?).zip(losses);
    let curve: Result<Vec<LossPoint>, TrainError> = points
        .map(|((step, number), loss)| {
            Ok(LossPoint { step: step.cast_unsigned(), objective: objective(number)?, loss: *loss })
        })
        .collect();
    let state = TrainingState { position: Position { stage: stages, step: 0 }, best: None, curve: curve?, notes };
    save(folder, program, &state, engine, &[], &mut |_, _| {})?;
    Ok(())
}

/// Whether the checkpoint in a folder is there and has all of these notes.
///
/// # Errors
/// If it is there and can't be read.
pub fn belongs(folder: &Path, notes: &BTreeMap<String, String>) -> Result<bool, TrainError> {
    let path = Checkpoint::path(folder);
    if !path.exists() {
        return Ok(false);
    }
    let file = File::open(&path)?;
    Ok(notes.iter().all(|(name, value)| file.notes().get(name) == Some(value)))
}

/// The weights that stages change: those that they train or fit, and statistics that they update.
pub(super) fn changed(program: &Program, stages: &[Stage]) -> Vec<WeightId> {
    let mut found: Vec<WeightId> = Vec::new();
    for stage in stages {
        match stage {
            Stage::Fit(fit) => found.extend(&fit.sets),
            Stage::Training(phase) => {
                for objective in program.objectives.iter().filter(|own| phase.objectives.contains(&own.name)) {
                    found.extend(&objective.trains);
                    let function = program.function(&objective.name);
                    found.extend(function.into_iter().flat_map(|function| function.updates.iter().map(|(id, _)| *id)));
                }
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
