//! Trains a program in a run directory: from the beginning, from a checkpoint, or not at all if it is done.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::dataset::Dataset;
use crate::evaluate::score::transform;
use crate::execute::{Engine, threads};
use crate::graph::program::Program;
use crate::report::LossCurve;
use crate::train::{Checkpoint, Every, Keep, LossPoint, Observer, Settings, Trainer};
use crate::weight;

use super::{ExperimentError, Record, RunDirectory, TrainingSet};

/// Time between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);

/// Trains the weights on the engine and writes them into the directory. Gives the losses.
///
/// # Errors
/// If training fails; [`ExperimentError::Stopped`] if `stop` was set, after a checkpoint was written.
pub fn train(
    program: &Program,
    engine: &mut dyn Engine,
    dataset: &Dataset,
    record: &Record,
    directory: &RunDirectory,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Vec<LossCurve>, ExperimentError> {
    let Some(transform) = transform(program).filter(|_| !program.phases.is_empty()) else {
        return Ok(Vec::new());
    };
    let augmentation = program.data.map(|format| format.augmentation).unwrap_or_default();
    let samples = TrainingSet::new(dataset, transform, augmentation, record.setup.seed);
    let folder = directory.checkpoints();
    std::fs::create_dir_all(&folder).map_err(|source| ExperimentError::Write { path: folder.clone(), source })?;
    let notes =
        BTreeMap::from([("spec".to_owned(), record.spec_hash.clone()), ("data".to_owned(), record.data_hash.clone())]);
    let goes_on = Checkpoint::path(&folder).exists();
    let settings = Settings {
        seed: record.setup.seed,
        keep: Some(Keep { folder, every: Every::Time(CHECKPOINT_EVERY) }),
        threads: threads(),
        notes: notes.clone(),
        stop,
    };
    let mut trainer = Trainer::new(program, engine, &samples, settings);
    if goes_on {
        trainer.resume()?;
    }
    let outcome = trainer.run(observer)?;
    if !outcome.is_finished {
        return Err(ExperimentError::Stopped(directory.path().to_path_buf()));
    }
    let mut done = 0;
    weight::save(&directory.weights(), program, &notes, |id| {
        done += 1;
        observer.on_saving(done, program.weights.len());
        Ok::<_, ExperimentError>(engine.weight(id)?)
    })?;
    let curves = curves(program, &outcome.curve);
    let json = serde_json::json!(curves.iter().map(|curve| (&curve.objective, &curve.points)).collect::<Vec<_>>());
    directory.write("losses.json", format!("{json}\n").as_bytes())?;
    Ok(curves)
}

/// The losses of each objective, by its own steps.
fn curves(program: &Program, points: &[LossPoint]) -> Vec<LossCurve> {
    let named =
        program.objectives.iter().map(|objective| LossCurve { objective: objective.name.clone(), points: Vec::new() });
    let mut curves: Vec<LossCurve> = named.collect();
    for point in points {
        let own = &mut curves[point.objective].points;
        own.push((own.len() as u64 + 1, f64::from(point.loss)));
    }
    curves.retain(|curve| !curve.points.is_empty());
    curves
}
