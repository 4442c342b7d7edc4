//! Trains a model in the directory of a run: from the beginning, or from a checkpoint if there is one.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::evaluate::score::transform;
use crate::execute::DeviceChoice;
use crate::graph::program::Program;
use crate::report::LossCurve;
use crate::train::{Checkpoint, Every, Fitted, Keep, LossPoint, Settings, Trainer};
use crate::weight;

use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::model::Model;
use super::observer::Observer;
use super::prepare::Experiment;
use super::samples::TrainingSet;

/// Time between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);

/// The most bytes of features of frozen parts that are kept. On a graphics processor it takes about as long to fetch them as
/// to compute them again.
const ROOM: u64 = 2 << 30;

/// What training leaves besides weights.
#[derive(Default)]
pub(super) struct Trained {
    /// The losses of each objective.
    pub(super) losses: Vec<LossCurve>,
    /// The fits, in their order.
    pub(super) fits: Vec<Fitted>,
}

/// Trains the weights of a model, writes them into the directory, and returns the losses of each objective.
///
/// # Errors
/// If training fails; [`ExperimentError::Stopped`] if `stop` was set, after a checkpoint was written.
pub(super) fn train(
    model: &mut Model<'_>,
    experiment: &Experiment,
    directory: &RunDirectory,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Trained, ExperimentError> {
    let Experiment { dataset, record, .. } = experiment;
    let program = model.program;
    let Some(transform) = transform(program).filter(|_| !program.stages.is_empty()) else {
        return Ok(Trained::default());
    };
    let augmentation = program.data.map(|format| format.augmentation).unwrap_or_default();
    let samples = TrainingSet::new(dataset, transform, augmentation, model.seed);
    let folder = directory.checkpoints();
    std::fs::create_dir_all(&folder).map_err(|source| ExperimentError::Write { path: folder.clone(), source })?;
    let notes =
        BTreeMap::from([("spec".to_owned(), record.spec_hash.clone()), ("data".to_owned(), record.data_hash.clone())]);
    let goes_on = Checkpoint::path(&folder).exists();
    let settings = Settings {
        seed: model.seed,
        keep: Some(Keep { folder, every: Every::Time(CHECKPOINT_EVERY) }),
        threads: model.target.threads,
        room: if model.target.device == DeviceChoice::Cpu { ROOM } else { 0 },
        notes: notes.clone(),
        stop,
    };
    let mut trainer = Trainer::new(program, model.engine.as_mut(), &samples, settings);
    if goes_on {
        trainer.resume()?;
    }
    let outcome = trainer.run(observer)?;
    if !outcome.is_finished {
        return Err(ExperimentError::Stopped(directory.path().to_path_buf()));
    }
    let mut done = 0;
    weight::save(
        &directory.weights(),
        program,
        |_| true,
        &notes,
        |id| {
            done += 1;
            observer.on_saving(done, program.weights.len());
            Ok::<_, ExperimentError>(model.engine.weight(id)?)
        },
    )?;
    let curves = curves(program, &outcome.curve);
    let json = serde_json::json!(curves.iter().map(|curve| (&curve.objective, &curve.points)).collect::<Vec<_>>());
    directory.write("losses.json", format!("{json}\n").as_bytes())?;
    Ok(Trained { losses: curves, fits: outcome.fits })
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
