//! A run that was interrupted, on the disk: weights, optimisers' memories, the position, and the losses so far.
//!
//! It is one safetensors file, written beside and renamed, so that the one before is there until the new one is
//! complete. Only weights that some objective or statistic changes are in it: the others are what the run began with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::execute::{HostTensor, Memory, Moment};
use crate::graph::program::Program;
use crate::op::WeightId;
use crate::weight::{File, write};

use super::LossPoint;
use super::error::TrainError;

const FILE: &str = "checkpoint.safetensors";

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Number of the phase, from 0; the number of phases if training is done.
    pub phase: usize,
    /// Steps taken in it.
    pub step: u64,
}

/// Everything that a run needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// How far it is.
    pub position: Position,
    /// The weights that training changes.
    pub weights: Vec<(WeightId, HostTensor)>,
    /// What the optimisers of the phase remember, by the number of the objective in the program.
    pub memories: BTreeMap<usize, Memory>,
    /// All losses so far.
    pub curve: Vec<LossPoint>,
    /// What must be the same when the run goes on, such as the seed and a hash of the spec.
    pub notes: BTreeMap<String, String>,
}

/// The weights that training changes: those of any objective, and statistics.
pub(super) fn changing(program: &Program) -> BTreeSet<WeightId> {
    let trained = program.objectives.iter().flat_map(|objective| objective.trains.iter().copied());
    let updated = program.functions.iter().flat_map(|function| function.updates.iter().map(|(id, _)| *id));
    trained.chain(updated).collect()
}

impl Checkpoint {
    /// The file in a run's folder.
    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Writes it into a folder, and gives the file.
    ///
    /// # Errors
    /// If it can't be written; the one before is untouched then.
    pub fn save(&self, folder: &Path, program: &Program) -> Result<PathBuf, TrainError> {
        let path = |id: WeightId| program.weight(id).path.as_str();
        let mut tensors: Vec<(String, HostTensor)> = Vec::new();
        for (id, weight) in &self.weights {
            tensors.push((format!("weight/{}", path(*id)), weight.clone()));
        }
        for (objective, memory) in &self.memories {
            let name = &program.objectives[*objective].name;
            tensors.push((format!("step/{name}"), HostTensor::ints(&[], vec![memory.step.cast_signed()])));
            for moment in &memory.moments {
                tensors.push((format!("first/{name}/{}", path(moment.weight)), moment.first.clone()));
                let second = moment
                    .second
                    .iter()
                    .map(|second| (format!("second/{name}/{}", path(moment.weight)), second.clone()));
                tensors.extend(second);
            }
        }
        let ints = |value: fn(&LossPoint) -> i64| {
            HostTensor::ints(&[self.curve.len()], self.curve.iter().map(value).collect())
        };
        tensors.push(("curve/step".to_owned(), ints(|point| point.step.cast_signed())));
        tensors.push(("curve/objective".to_owned(), ints(|point| point.objective as i64)));
        let losses = self.curve.iter().map(|point| point.loss).collect();
        tensors.push(("curve/loss".to_owned(), HostTensor::floats(&[self.curve.len()], losses)));
        let position = [self.position.phase as i64, self.position.step.cast_signed()];
        tensors.push(("position".to_owned(), HostTensor::ints(&[2], position.to_vec())));

        let file = Checkpoint::path(folder);
        let named: Vec<(&str, &HostTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        write(&file, &named, &self.notes)?;
        Ok(file)
    }

    /// Reads the checkpoint of a folder.
    ///
    /// # Errors
    /// If it can't be read, or is not one of this program.
    pub fn load(folder: &Path, program: &Program) -> Result<Checkpoint, TrainError> {
        let path = Checkpoint::path(folder);
        let reader = Reader { file: File::open(&path)?, path, program };
        reader.only_known()?;
        let weights = changing(program).into_iter().map(|id| Ok((id, reader.of_weight("weight", id)?)));
        let weights = weights.collect::<Result<_, TrainError>>()?;
        let mut memories = BTreeMap::new();
        for (number, objective) in program.objectives.iter().enumerate() {
            if let Some(step) = reader.optional(&format!("step/{}", objective.name))? {
                memories.insert(number, reader.memory(&objective.name, &objective.trains, &step)?);
            }
        }
        let position = reader.ints("position")?;
        let [phase, step] = position.as_slice() else { return Err(reader.wrong("its position is not two numbers")) };
        let position = Position { phase: *phase as usize, step: step.cast_unsigned() };
        let curve = reader.curve()?;
        Ok(Checkpoint { position, weights, memories, curve, notes: reader.file.notes().clone() })
    }
}

/// A checkpoint file that is read for a program.
struct Reader<'a> {
    file: File,
    path: PathBuf,
    program: &'a Program,
}

impl Reader<'_> {
    fn wrong(&self, reason: impl Into<String>) -> TrainError {
        TrainError::Checkpoint { path: self.path.clone(), reason: reason.into() }
    }

    /// Refuses tensors of weights and objectives that the program does not have.
    fn only_known(&self) -> Result<(), TrainError> {
        let paths: BTreeSet<&str> =
            changing(self.program).iter().map(|id| self.program.weight(*id).path.as_str()).collect();
        let objectives: BTreeSet<&str> =
            self.program.objectives.iter().map(|objective| objective.name.as_str()).collect();
        let unknown = self.file.found().into_iter().find(|tensor| match tensor.name.split_once('/') {
            Some(("weight", path)) => !paths.contains(path),
            Some(("first" | "second", rest)) => {
                rest.split_once('/').is_none_or(|(name, path)| !objectives.contains(name) || !paths.contains(path))
            }
            Some(("step", name)) => !objectives.contains(name),
            Some(("curve", _)) => false,
            Some(_) | None => tensor.name != "position",
        });
        unknown.map_or(Ok(()), |tensor| Err(self.wrong(format!("`{}` is not known", tensor.name))))
    }

    fn optional(&self, name: &str) -> Result<Option<HostTensor>, TrainError> {
        let is_there = self.file.found().iter().any(|tensor| tensor.name == name);
        Ok(if is_there { Some(self.file.read(name)?) } else { None })
    }

    fn shaped(&self, tensor: HostTensor, id: WeightId) -> Result<HostTensor, TrainError> {
        let weight = self.program.weight(id);
        if tensor.shape == weight.shape && tensor.as_floats().is_some() {
            return Ok(tensor);
        }
        Err(self.wrong(format!("`{}` has the shape {:?}, the program's {:?}", weight.path, tensor.shape, weight.shape)))
    }

    fn of_weight(&self, kind: &str, id: WeightId) -> Result<HostTensor, TrainError> {
        let name = format!("{kind}/{}", self.program.weight(id).path);
        self.shaped(self.file.read(&name)?, id)
    }

    fn memory(&self, objective: &str, trains: &[WeightId], step: &HostTensor) -> Result<Memory, TrainError> {
        let there: BTreeSet<String> = self.file.found().into_iter().map(|tensor| tensor.name).collect();
        let mut moments = Vec::new();
        for &id in trains {
            let path = &self.program.weight(id).path;
            let [first, second] = ["first", "second"].map(|kind| format!("{kind}/{objective}/{path}"));
            if there.contains(&first) {
                let second = there.contains(&second).then(|| self.shaped(self.file.read(&second)?, id)).transpose()?;
                moments.push(Moment { weight: id, first: self.shaped(self.file.read(&first)?, id)?, second });
            }
        }
        let step = step.as_ints().and_then(|v| v.first()).ok_or_else(|| self.wrong("a step is no number"))?;
        Ok(Memory { step: step.cast_unsigned(), moments })
    }

    fn ints(&self, name: &str) -> Result<Vec<i64>, TrainError> {
        let tensor = self.file.read(name)?;
        tensor.as_ints().map(<[i64]>::to_vec).ok_or_else(|| self.wrong(format!("`{name}` is no list of integers")))
    }

    fn curve(&self) -> Result<Vec<LossPoint>, TrainError> {
        let (steps, objectives) = (self.ints("curve/step")?, self.ints("curve/objective")?);
        let losses = self.file.read("curve/loss")?;
        let losses = losses.as_floats().ok_or_else(|| self.wrong("its losses are no floats"))?;
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
