//! Checkpoints: the weights, the optimiser moments, the position and the losses of a run, in a file.
//!
//! A checkpoint is one safetensors file. It is written under another name and then renamed, so that the checkpoint before
//! it is there until the new one is complete. It holds only weights that training changes, because the others are still
//! those that the run began with. Tensors are written and read one by one, so that only one of them is in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::execute::{Engine, HostTensor, PlanId};
use crate::graph::program::Program;
use crate::op::{Moment, WeightId};
use crate::weight::{File, Found, Stored, Writer};

use super::LossPoint;
use super::choice::BestSoFar;
use super::error::TrainError;

const FILE: &str = "checkpoint.safetensors";

/// How far training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Number of the stage of the program, from 0; the number of stages if all are done.
    pub stage: usize,
    /// Steps taken in it.
    pub step: u64,
}

/// The state of training besides weights and optimiser moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingState {
    /// How far training has come.
    pub position: Position,
    /// The best weights of the phase so far, if it chooses.
    pub best: Option<BestSoFar>,
    /// All losses so far.
    pub curve: Vec<LossPoint>,
    /// What must be the same when the run is continued, such as the seed and a hash of the spec.
    pub notes: BTreeMap<String, String>,
}

/// A checkpoint that is being read. Weights and optimiser moments stay in the file until an engine takes them.
pub struct Checkpoint<'a> {
    reader: Reader<'a>,
    /// The state of training when the checkpoint was written.
    pub state: TrainingState,
}

/// The weights that a run changes: those that an objective trains, statistics, and stored tensors.
pub(super) fn changing(program: &Program) -> BTreeSet<WeightId> {
    let fitted = program.fits().flat_map(|fit| fit.sets.iter().copied());
    let trained = program.objectives.iter().flat_map(|objective| objective.trains.iter().copied());
    let updated = program.functions.iter().flat_map(|function| function.updates.iter().map(|(id, _)| *id));
    trained.chain(updated).chain(fitted).collect()
}

/// A tensor of a checkpoint that is being written.
enum Part {
    Weight(WeightId),
    Average(WeightId),
    Moment(PlanId, WeightId, Moment),
    Small(HostTensor),
}

/// Writes a checkpoint into a folder, tensor by tensor, and returns the path of the file. `plans` are the plans of the
/// phase, each with the index of its objective in the program. `watch` is called before each tensor with its number, from
/// 1, and the number of all tensors.
///
/// # Errors
/// If the checkpoint can't be written or the device fails; the checkpoint before it is then unchanged.
pub(super) fn save(
    folder: &Path,
    program: &Program,
    state: &TrainingState,
    engine: &dyn Engine,
    plans: &[(usize, PlanId)],
    watch: &mut dyn FnMut(usize, usize),
) -> Result<PathBuf, TrainError> {
    let mut parts: Vec<(Found, Part)> = Vec::new();
    let of_weight = |kind: &str, id: WeightId| {
        let weight = program.weight(id);
        Found { name: format!("{kind}/{}", weight.path), shape: weight.shape.clone(), stored: Stored::F32 }
    };
    for id in changing(program) {
        parts.push((of_weight("weight", id), Part::Weight(id)));
        if engine.averaged(id)?.is_some() {
            parts.push((of_weight("average", id), Part::Average(id)));
        }
    }
    if let Some(best) = &state.best {
        for (id, tensor) in &best.weights {
            parts.push((of_weight("best", *id), Part::Small(tensor.clone())));
        }
        parts.push(small("best", HostTensor::floats(&[], vec![best.value])));
        let counts = [best.step.cast_signed(), best.since.cast_signed()];
        parts.push(small("best steps", HostTensor::ints(&[2], counts.to_vec())));
    }
    for &(objective, plan) in plans {
        let name = &program.objectives[objective].name;
        parts.push(small(&format!("step/{name}"), HostTensor::ints(&[], vec![engine.steps(plan).cast_signed()])));
        for (id, moment) in engine.moments(plan) {
            parts.push((of_weight(&format!("{}/{name}", moment.name()), id), Part::Moment(plan, id, moment)));
        }
    }
    let curve = &state.curve;
    let ints = |value: fn(&LossPoint) -> i64| HostTensor::ints(&[curve.len()], curve.iter().map(value).collect());
    parts.push(small("curve/step", ints(|point| point.step.cast_signed())));
    parts.push(small("curve/objective", ints(|point| point.objective as i64)));
    let losses = curve.iter().map(|point| point.loss).collect();
    parts.push(small("curve/loss", HostTensor::floats(&[curve.len()], losses)));
    let position = [state.position.stage as i64, state.position.step.cast_signed()];
    parts.push(small("position", HostTensor::ints(&[2], position.to_vec())));

    let file = Checkpoint::path(folder);
    let (found, parts): (Vec<Found>, Vec<Part>) = parts.into_iter().unzip();
    let mut writer = Writer::create(&file, found, &state.notes)?;
    let mut done = 0;
    while let Some(place) = writer.next() {
        done += 1;
        watch(done, parts.len());
        match &parts[place] {
            Part::Weight(id) => writer.put_tensor(&engine.weight(*id)?)?,
            Part::Average(id) => {
                writer.put_tensor(&engine.averaged(*id)?.expect("it was there when the parts were listed"))?;
            }
            Part::Moment(plan, id, moment) => writer.put_tensor(&engine.moment(*plan, *id, *moment)?)?,
            Part::Small(tensor) => writer.put_tensor(tensor)?,
        }
    }
    writer.finish()?;
    Ok(file)
}

fn small(name: &str, tensor: HostTensor) -> (Found, Part) {
    (Found::of(name, &tensor), Part::Small(tensor))
}

impl Checkpoint<'_> {
    /// The file in a run's folder.
    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Opens the checkpoint of a folder and reads the state of training.
    ///
    /// # Errors
    /// If it can't be read, or is not one of this program.
    pub fn open<'a>(folder: &Path, program: &'a Program) -> Result<Checkpoint<'a>, TrainError> {
        let path = Checkpoint::path(folder);
        let reader = Reader { file: File::open(&path)?, path, program };
        reader.check()?;
        let position = reader.ints("position")?;
        let [stage, step] = position.as_slice() else { return Err(reader.wrong("its position is not two numbers")) };
        let position = Position { stage: *stage as usize, step: step.cast_unsigned() };
        let (best, curve) = (reader.best()?, reader.curve()?);
        let state = TrainingState { position, best, curve, notes: reader.file.notes().clone() };
        Ok(Checkpoint { reader, state })
    }

    /// Sets the weights of an engine, and their running averages, one by one.
    ///
    /// # Errors
    /// If one can't be read.
    pub fn hand_over_weights(&self, engine: &mut dyn Engine) -> Result<(), TrainError> {
        for id in changing(self.reader.program) {
            engine.set_weight(id, self.reader.of_weight("weight", id)?);
            if self.reader.file.has(&self.reader.name("average", id)) {
                engine.set_averaged(id, self.reader.of_weight("average", id)?);
            }
        }
        Ok(())
    }

    /// Sets the optimiser moments and steps of an objective in an engine, if the objective had taken a step. `objective` is
    /// its index in the program.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn hand_over_moments(&self, objective: usize, engine: &mut dyn Engine, plan: PlanId) -> Result<(), TrainError> {
        let objective = &self.reader.program.objectives[objective];
        let step = format!("step/{}", objective.name);
        if !self.reader.file.has(&step) {
            return Ok(());
        }
        let steps = self.reader.ints(&step)?;
        let steps = steps.first().ok_or_else(|| self.reader.wrong(format!("`{step}` is not a number")))?;
        engine.set_steps(plan, steps.cast_unsigned());
        for &id in &objective.trains {
            for moment in [Moment::First, Moment::Second, Moment::Largest] {
                let kind = format!("{}/{}", moment.name(), objective.name);
                if self.reader.file.has(&self.reader.name(&kind, id)) {
                    engine.set_moment(plan, id, moment, self.reader.of_weight(&kind, id)?);
                }
            }
        }
        Ok(())
    }
}

/// Reads a checkpoint file of a program.
struct Reader<'a> {
    file: File,
    path: PathBuf,
    program: &'a Program,
}

impl Reader<'_> {
    fn wrong(&self, reason: impl Into<String>) -> TrainError {
        TrainError::Checkpoint { path: self.path.clone(), reason: reason.into() }
    }

    /// Refuses a file with a tensor that the program does not have or has in another shape, and a file that lacks a weight.
    fn check(&self) -> Result<(), TrainError> {
        let changing = changing(self.program);
        let weights: BTreeMap<&str, WeightId> =
            changing.iter().map(|id| (self.program.weight(*id).path.as_str(), *id)).collect();
        let is_objective = |name: &str| self.program.objectives.iter().any(|objective| objective.name == name);
        for Found { name, shape, stored } in self.file.found() {
            let weight = match name.split_once('/') {
                Some(("weight" | "average" | "best", path)) => weights.get(path),
                Some(("first" | "second" | "largest", rest)) => {
                    rest.split_once('/').filter(|(name, _)| is_objective(name)).and_then(|(_, path)| weights.get(path))
                }
                Some(("step", name)) if is_objective(name) => continue,
                Some(("curve", _)) => continue,
                None if matches!(name.as_str(), "position" | "best" | "best steps") => continue,
                _ => None,
            };
            let weight = weight.ok_or_else(|| self.wrong(format!("`{name}` is not known")))?;
            let weight = self.program.weight(*weight);
            if shape != weight.shape || stored != Stored::F32 {
                return Err(self.wrong(format!(
                    "`{name}` is {stored} of the shape {shape:?}, but {} of {:?} in the program",
                    Stored::F32,
                    weight.shape
                )));
            }
        }
        let missing = changing.iter().map(|id| self.name("weight", *id)).find(|name| !self.file.has(name));
        missing.map_or(Ok(()), |name| Err(self.wrong(format!("`{name}` is missing"))))
    }

    fn name(&self, kind: &str, id: WeightId) -> String {
        format!("{kind}/{}", self.program.weight(id).path)
    }

    fn of_weight(&self, kind: &str, id: WeightId) -> Result<HostTensor, TrainError> {
        Ok(self.file.read(&self.name(kind, id))?)
    }

    fn ints(&self, name: &str) -> Result<Vec<i64>, TrainError> {
        let tensor = self.file.read(name)?;
        tensor.as_ints().map(<[i64]>::to_vec).ok_or_else(|| self.wrong(format!("`{name}` is not a list of integers")))
    }

    fn best(&self) -> Result<Option<BestSoFar>, TrainError> {
        if !self.file.has("best") {
            return Ok(None);
        }
        let (value, counts) = (self.file.read("best")?, self.ints("best steps")?);
        let (Some([value]), [step, since]) = (value.as_floats(), counts.as_slice()) else {
            return Err(self.wrong("what it says of the best weights is not three numbers"));
        };
        let own = changing(self.program).into_iter().filter(|id| self.file.has(&self.name("best", *id)));
        let weights = own.map(|id| Ok((id, self.of_weight("best", id)?))).collect::<Result<_, TrainError>>()?;
        Ok(Some(BestSoFar { value: *value, step: step.cast_unsigned(), since: since.cast_unsigned(), weights }))
    }

    fn curve(&self) -> Result<Vec<LossPoint>, TrainError> {
        let (steps, objectives) = (self.ints("curve/step")?, self.ints("curve/objective")?);
        let losses = self.file.read("curve/loss")?;
        let losses = losses.as_floats().ok_or_else(|| self.wrong("its losses are not floating-point numbers"))?;
        if steps.len() != losses.len() || objectives.len() != losses.len() {
            return Err(self.wrong("its curve has lists of different lengths"));
        }
        let points = steps.iter().zip(objectives).zip(losses);
        let point = |((step, objective), loss): ((&i64, i64), &f32)| LossPoint {
            step: step.cast_unsigned(),
            objective: objective as usize,
            loss: *loss,
        };
        Ok(points.map(point).collect())
    }
}
