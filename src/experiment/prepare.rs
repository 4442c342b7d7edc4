//! An experiment before its first slow step: its spec, data set and setup, checked together.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::Path;

use crate::compile::Compiled;
use crate::dataset::{self, Dataset, Sample, drawn_textures, folder_images};
use crate::diagnostic::one_of;
use crate::evaluate::score::is_random;
use crate::graph::program::Program;
use crate::plan::Limit;
use crate::report::{Provenance, Published};
use crate::train::Split;

use super::directory::RunDirectory;
use super::error::ExperimentError;
use super::memory::{Room, Shortage, memory_left, shortage};
use super::record::{Record, Setup};
use super::target::Target;

/// An experiment that has been checked and can start.
pub struct Experiment {
    /// The spec.
    pub compiled: Compiled,
    /// The images.
    pub dataset: Dataset,
    /// The setup, and hashes of the spec and of the list of images.
    pub record: Record,
    /// What it runs on.
    pub target: Target,
    /// Published numbers that stand beside its own.
    pub published: Option<Published>,
}

impl Experiment {
    /// Checks that an experiment can run. `compiled` and `dataset` are the spec and the data set that the setup names.
    ///
    /// # Errors
    /// If the model has nothing to train or can't score, the data set has more classes than the model tells apart, a source has no images, several draws are wanted of a score that is not random, the device
    /// is not known, there are no such published numbers, or the file of weights can't be read.
    pub fn new(setup: Setup, compiled: Compiled, dataset: Dataset) -> Result<Experiment, ExperimentError> {
        check_purpose(&compiled.program, setup.scores)?;
        check_draws(&compiled.program, setup.draws)?;
        check_classes(&compiled.program, &dataset)?;
        let dataset = Dataset { sources: open_sources(&compiled.program, &setup)?, ..dataset };
        let target = setup.target()?;
        let published = setup.compare.as_deref().map(|source| Published::find(source, &dataset.name)).transpose()?;
        let record = Record::new(setup, &compiled, &dataset)?;
        Ok(Experiment { compiled, dataset, record, target, published })
    }

    /// Opens the experiment of an earlier run, which can be continued from its last checkpoint, and its directory. The spec is
    /// the copy that the run keeps.
    ///
    /// # Errors
    /// If the directory holds no run, or what counts has changed since it began: the version of diadc, what the program
    /// computes, the list of images, or the weights that it started from.
    pub fn reopen(path: &Path) -> Result<(Experiment, RunDirectory), ExperimentError> {
        let (directory, record) = RunDirectory::open(path)?;
        let compiled = directory.compile(&record, &record.setup.settings)?;
        let dataset = dataset::open(&record.setup.request())?;
        let opened = Experiment::new(record.setup.clone(), compiled, dataset)?;
        let (now, then) = (&opened.record.provenance, &record.provenance);
        let changed = [
            ("the version of diadc", now.version != then.version),
            ("the program", now.spec.program_sha256 != then.spec.program_sha256),
            ("the list of images", list(now) != list(then)),
            ("the file of weights that it started from", content(now) != content(then)),
        ];
        if let Some((what, _)) = changed.iter().find(|(_, changed)| *changed) {
            return Err(ExperimentError::Changed { path: path.to_path_buf(), what: (*what).to_owned() });
        }
        Ok((Experiment { record, ..opened }, directory))
    }

    /// Which training images are held out.
    ///
    /// # Errors
    /// If a class has too few.
    pub fn split(&self) -> Result<Split, ExperimentError> {
        let share = self.compiled.program.data.map_or(0.0, |format| format.hold_out);
        let classes: Vec<usize> = self.dataset.train.iter().map(|sample| sample.class).collect();
        Split::new(share, &classes, self.record.setup.seed).map_err(|error| {
            let class = self.dataset.classes[error.class].clone();
            ExperimentError::HoldOut { class, error }
        })
    }

    /// Refuses a run that needs more than `budget` bytes of memory. Without a budget, returns the parts of the run that
    /// need more than the machine has left.
    ///
    /// # Errors
    /// If the run needs more than the budget.
    pub fn check_memory(&self, budget: Option<u64>) -> Result<Option<Shortage>, ExperimentError> {
        let of = |bytes| self.shortage(Room::Memory(bytes));
        match budget {
            Some(budget) => of(budget).map_or(Ok(None), |shortage| Err(ExperimentError::Memory(shortage))),
            None => Ok(memory_left(self.target.device).and_then(of)),
        }
    }

    /// Refuses a run that needs a larger tensor than its device holds in one.
    ///
    /// # Errors
    /// If it does.
    pub fn check_tensors(&self, limit: &Limit) -> Result<(), ExperimentError> {
        match self.shortage(Room::Tensor(limit)) {
            Some(shortage) => Err(ExperimentError::Tensor { device: limit.device.clone(), shortage }),
            None => Ok(()),
        }
    }

    /// The parts of the run that need more than there is, and what would be enough.
    fn shortage(&self, room: Room<'_>) -> Option<Shortage> {
        let (program, images, scores) = (&self.compiled.program, self.dataset.train.len(), self.record.setup.scores);
        let of = |program: &Program| shortage(program, images, self.target, room, scores);
        let own = of(program)?;
        // A file of weights must fit what is advised.
        let fits = |other: &Program| self.record.setup.weights.is_none() || given(other) == given(program);
        let remains = |other: &Program| if fits(other) { of(other) } else { Some(own.clone()) };
        Some(own.clone().advised(&self.compiled.spec, remains))
    }
}

/// The weights that a file gives, with their shapes.
fn given(program: &Program) -> Vec<(&str, &[usize])> {
    let given = program.weights.iter().filter(|weight| !weight.awaits_fit());
    given.map(|weight| (weight.path.as_str(), weight.shape.as_slice())).collect()
}

/// Checks that so many draws of a model's score can differ.
///
/// # Errors
/// If there are several, and the score draws no random numbers.
pub fn check_draws(program: &Program, draws: NonZeroU64) -> Result<(), ExperimentError> {
    if draws > NonZeroU64::MIN && !is_random(program) {
        return Err(ExperimentError::NothingToDraw(program.name.clone()));
    }
    Ok(())
}

/// Checks that a model can tell as many classes apart as a data set has.
///
/// # Errors
/// If there are more.
fn check_classes(program: &Program, dataset: &Dataset) -> Result<(), ExperimentError> {
    let (Some(most), found) = (program.data.and_then(|format| format.classes), dataset.classes.len()) else {
        return Ok(());
    };
    if found <= most {
        return Ok(());
    }
    let param = program.only_param(&most.to_string()).map(str::to_owned);
    Err(ExperimentError::TooManyClasses { name: dataset.name.clone(), found, most, param })
}

/// Checks that a model can do what a run is for: scoring if `scores`, otherwise training.
///
/// # Errors
/// If it has no `score`, or nothing to train.
pub fn check_purpose(program: &Program, scores: bool) -> Result<(), ExperimentError> {
    if scores && program.function("score").is_none() {
        return Err(ExperimentError::NothingToScore(program.name.clone()));
    }
    if !scores && program.stages.is_empty() {
        return Err(ExperimentError::NothingToTrain(program.name.clone()));
    }
    Ok(())
}

/// The images of the sources of a program: those of the folders that the setup names, or else drawn ones.
///
/// # Errors
/// If the setup names a source that the program has not, or a folder can't be read or holds no images.
fn open_sources(program: &Program, setup: &Setup) -> Result<BTreeMap<String, Vec<Sample>>, ExperimentError> {
    let known = || program.sources.iter().map(|source| source.name.as_str());
    if let Some(name) = setup.sources.keys().find(|name| !known().any(|own| own == **name)) {
        let help = source_help(name, known());
        return Err(ExperimentError::UnknownSource { name: name.clone(), model: program.name.clone(), help });
    }
    let open = |name: &str| match setup.sources.get(name) {
        Some(folder) => {
            let images = folder_images(folder)?;
            if images.is_empty() {
                return Err(ExperimentError::EmptySource { name: name.to_owned(), folder: folder.clone() });
            }
            Ok(images)
        }
        None => Ok(drawn_textures()),
    };
    known().map(|name| Ok((name.to_owned(), open(name)?))).collect()
}

/// What to say of a source that the model has not.
fn source_help<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    if known.is_empty() { "it has none".to_owned() } else { one_of(name, known).unwrap_or_default() }
}

/// The hash of the list of images.
fn list(provenance: &Provenance) -> Option<&str> {
    provenance.data.as_ref().map(|data| data.list_sha256.as_str())
}

/// The hash of the weights to start from.
fn content(provenance: &Provenance) -> Option<&str> {
    provenance.weights.as_ref().map(|weights| weights.sha256.as_str())
}
