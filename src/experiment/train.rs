//! Trains a model in the directory of a run: from the beginning, from a checkpoint if there is one, or from what the first
//! stages of another run have made.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use indexmap::IndexMap;

use crate::dataset::Dataset;
use crate::dataset::transform::Transform;
use crate::evaluate::score::transform;
use crate::execute::DeviceChoice;
use crate::graph::program::{Length, Program, Source};
use crate::report::LossCurve;
use crate::train::{
    Checkpoint, Every, Fitted, Keep, LossPoint, Remaining, Samples, Settings, Trainer, belongs, carry_over,
    notes_of_snapshot, steps,
};
use crate::weight;

use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::losses::Losses;
use super::model::Model;
use super::observer::Observer;
use super::prepare::Experiment;
use super::record::Origin;
use super::samples::TrainingSet;

/// Time between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);

/// The most bytes of features of frozen parts that are kept. On a graphics processor it takes about as long to fetch them as
/// to compute them again.
const ROOM: u64 = 2 << 30;

/// What training leaves besides weights.
#[derive(Default)]
pub(super) struct Outcome {
    /// The losses of each objective.
    pub(super) losses: Vec<LossCurve>,
    /// The fits, in their order.
    pub(super) fits: Vec<Fitted>,
    /// What remains of trainings that choose weights.
    pub(super) remaining: Vec<Remaining>,
}

/// The result of the first stages of a run, which several runs share: whoever comes first makes it, the others take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// How many stages it is the result of.
    pub stages: usize,
    /// Its file, whose name says what it is the result of.
    pub path: PathBuf,
}

/// Trains the weights of a model, writes them into the directory, and returns the losses of each objective. Stages whose
/// results are `shared`, fewest first, are taken from there, or put there.
///
/// # Errors
/// If training fails; [`ExperimentError::Stopped`] if `stop` was set, after a checkpoint was written.
pub(super) fn train(
    model: &mut Model<'_>,
    experiment: &Experiment,
    directory: &RunDirectory,
    shared: &[Shared],
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Outcome, ExperimentError> {
    let Experiment { dataset, record, .. } = experiment;
    let program = model.program;
    let Some(transform) = transform(program).filter(|_| !program.stages.is_empty()) else {
        return Ok(Outcome::default());
    };
    let augmentation = program.data.map(|format| format.augmentation).unwrap_or_default();
    let samples = TrainingSet::new(&dataset.train, transform, augmentation, model.seed);
    let sources: Vec<TrainingSet<'_>> =
        program.sources.iter().map(|source| of_source(source, dataset, model.seed)).collect();
    let sources: Vec<&dyn Samples> = sources.iter().map(|images| images as &dyn Samples).collect();
    for text in idle(experiment)? {
        observer.on_remark(&text);
    }
    let folder = directory.checkpoints();
    std::fs::create_dir_all(&folder).map_err(|source| ExperimentError::Write { path: folder.clone(), source })?;
    let mut run = Legs {
        experiment,
        directory,
        folder,
        samples,
        sources: &sources,
        from: None,
        fits: Vec::new(),
        remaining: Vec::new(),
        stop,
    };
    for part in shared {
        run.share(model, part, observer)?;
    }
    let curve = run.leg(model, program, &record.provenance.spec.program_sha256, !shared.is_empty(), observer)?;
    let (fits, remaining) = (run.fits, run.remaining);
    remaining.iter().for_each(|remaining| observer.on_chosen(remaining));
    let mut done = 0;
    weight::save(
        &directory.weights(),
        program,
        |_| true,
        &Origin::notes(&record.provenance),
        |id| {
            done += 1;
            observer.on_saving(done, program.weights.len());
            Ok::<_, ExperimentError>(model.engine.weight(id)?)
        },
    )?;
    Ok(Outcome { losses: curves(program, &curve), fits, remaining })
}

/// The images of a source.
fn of_source<'a>(source: &Source, dataset: &'a Dataset, seed: u64) -> TrainingSet<'a> {
    let images = dataset.sources.get(&source.name).map(Vec::as_slice).unwrap_or_default();
    TrainingSet::new(images, Transform::from(source.format), source.format.augmentation, seed)
}

/// What of schedules never comes, where the steps of a training depend on the number of images.
fn idle(experiment: &Experiment) -> Result<Vec<String>, ExperimentError> {
    let shown = experiment.split()?.shown.len();
    let by_images = experiment.compiled.program.phases().filter(|phase| matches!(phase.length, Length::Epochs(_)));
    Ok(by_images.filter_map(|phase| phase.schedule.idle(steps(phase, shown))).collect())
}

/// A training that ends several times on its way, where results of its first stages are shared.
struct Legs<'a> {
    experiment: &'a Experiment,
    directory: &'a RunDirectory,
    /// The folder of its checkpoints.
    folder: PathBuf,
    samples: TrainingSet<'a>,
    sources: &'a [&'a dyn Samples],
    /// What the last leg has ended with, if it is shared.
    from: Option<&'a Shared>,
    /// The fits of the legs so far.
    fits: Vec<Fitted>,
    remaining: Vec<Remaining>,
    stop: &'a AtomicBool,
}

impl<'a> Legs<'a> {
    /// Makes a shared result, unless it is there. Another process that makes it is waited for.
    fn share(
        &mut self,
        model: &mut Model<'_>,
        shared: &'a Shared,
        observer: &mut dyn Observer,
    ) -> Result<(), ExperimentError> {
        let fail = |path: &Path, source| ExperimentError::Write { path: path.to_path_buf(), source };
        let lock = shared.path.with_extension("lock");
        let held =
            File::create(&lock).and_then(|file| file.lock().map(|()| file)).map_err(|error| fail(&lock, error))?;
        if !shared.path.exists() {
            let stages = model.program.stages[..shared.stages].to_vec();
            let first = Program { stages, ..model.program.clone() };
            let name = shared.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            self.leg(model, &first, &name, true, observer)?;
            let partial = shared.path.with_extension("partial");
            std::fs::copy(Checkpoint::path(&self.folder), &partial)
                .and_then(|_| std::fs::rename(&partial, &shared.path))
                .map_err(|error| fail(&shared.path, error))?;
        }
        drop(held);
        self.from = Some(shared);
        Ok(())
    }

    /// Trains a program whose stages are all or the first of the model's: from its own checkpoint, or what the leg before it
    /// has made. `name` says which program it is. A run of several legs takes a checkpoint only if it is of this leg.
    fn leg(
        &mut self,
        model: &mut Model<'_>,
        program: &Program,
        name: &str,
        is_one_of_several: bool,
        observer: &mut dyn Observer,
    ) -> Result<Vec<LossPoint>, ExperimentError> {
        let data = self.experiment.record.provenance.data.as_ref();
        let notes = [("program", Some(name)), ("data", data.map(|data| data.list_sha256.as_str()))];
        let notes = notes.into_iter().filter_map(|(note, value)| Some((note.to_owned(), value?.to_owned())));
        let settings = Settings {
            seed: model.seed,
            keep: Some(Keep { folder: self.folder.clone(), every: Every::Time(CHECKPOINT_EVERY) }),
            threads: model.target.threads,
            room: if model.target.device == DeviceChoice::Cpu { ROOM } else { 0 },
            sources: self.sources,
            notes: notes_of_snapshot(notes.collect(), program),
            stop: self.stop,
        };
        let identity: BTreeMap<String, String> = settings.identity(crate::train::Samples::len(&self.samples));
        let is_begun =
            if is_one_of_several { belongs(&self.folder, &identity)? } else { Checkpoint::path(&self.folder).exists() };
        if let Some(from) = self.from.filter(|_| !is_begun) {
            carry_over(&from.path, &self.folder, program, from.stages, model.engine.as_mut(), identity)?;
        }
        let goes_on = is_begun || self.from.is_some();
        let before = if goes_on { Checkpoint::open(&self.folder, program)?.state.curve } else { Vec::new() };
        let mut losses = Losses::begin(self.directory.path(), program, &before, observer)?;
        let mut trainer = Trainer::new(program, model.engine.as_mut(), &self.samples, settings);
        if goes_on {
            trainer.resume()?;
        }
        let outcome = trainer.run(&mut losses)?;
        losses.finish()?;
        if !outcome.is_finished {
            return Err(ExperimentError::Stopped(self.directory.path().to_path_buf()));
        }
        self.fits.extend(outcome.fits);
        self.remaining.extend(outcome.remaining);
        Ok(outcome.curve)
    }
}

/// The losses of each objective, by its own steps; the objectives in the order in which they were first trained.
fn curves(program: &Program, points: &[LossPoint]) -> Vec<LossCurve> {
    let mut curves: IndexMap<usize, LossCurve> = IndexMap::new();
    for point in points {
        let empty = || LossCurve { objective: program.objectives[point.objective].name.clone(), points: Vec::new() };
        let own = &mut curves.entry(point.objective).or_insert_with(empty).points;
        own.push((own.len() as u64 + 1, f64::from(point.loss)));
    }
    curves.into_values().collect()
}
