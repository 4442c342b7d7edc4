//! The pieces of work of a program that can be measured, each with its plan, its inputs and what it computes.

use crate::execute::random::{Key, normals};
use crate::execute::{HostTensor, NamedTensors};
use crate::fact::{DType, batch_of};
use crate::graph::Origin;
use crate::graph::program::{Phase, Program};
use crate::plan::Plan;
use crate::plan::memory::{inference, training};

use super::super::error::{BenchError, ExperimentError};
use super::super::memory::{Excess, Shortage};
use super::super::target::Target;
use super::arithmetic::Arithmetic;
use super::request::{BenchRequest, Kind};

/// A run of a plan that is to be measured.
pub(super) struct Job {
    /// The function or objective.
    pub(super) name: String,
    /// Images of a batch.
    pub(super) batch: usize,
    /// What runs.
    pub(super) plan: Plan,
    /// Whether it is a step of training or what scores images.
    pub(super) kind: Kind,
    /// What it computes.
    pub(super) arithmetic: Arithmetic,
    /// Bytes of memory that it is estimated to take.
    pub(super) need: Option<u64>,
}

impl Job {
    /// What it does, for people.
    pub(super) fn title(&self) -> String {
        match self.kind {
            Kind::Training => format!("training {}", self.name),
            Kind::Score | Kind::Loop => self.name.clone(),
        }
    }

    /// Checks that its inputs are such as can be made.
    pub(super) fn check_inputs(&self) -> Result<(), BenchError> {
        match self.plan.inputs.iter().find(|input| input.fact.dtype == DType::Bool) {
            Some(input) => Err(BenchError::UnknownInput { function: self.name.clone(), input: input.name.clone() }),
            None => Ok(()),
        }
    }

    /// Random images, and the class 0 for all of them.
    pub(super) fn inputs(&self, seed: u64) -> Result<NamedTensors, BenchError> {
        let inputs = self.plan.inputs.iter().map(|input| {
            let unknown = || BenchError::UnknownInput { function: self.name.clone(), input: input.name.clone() };
            let shape = input.fact.shape.value(&batch_of(self.batch)).ok_or_else(unknown)?;
            let count = shape.iter().product();
            let key = Key { seed, purpose: &input.name, step: 0, sample: 0, iteration: 0 };
            let tensor = match input.fact.dtype {
                DType::Float => HostTensor::floats(&shape, normals(&key, count, |x| x)),
                DType::Int => HostTensor::ints(&shape, vec![0; count]),
                DType::Bool => return Err(unknown()),
            };
            Ok((input.name.clone(), tensor))
        });
        inputs.collect()
    }
}

/// Everything that is asked for and that the program has, for all sizes of a batch.
///
/// # Errors
/// If the program lacks what is asked for by name, or nothing is left.
pub(super) fn jobs(program: &Program, request: &BenchRequest, target: Target) -> Result<Vec<Job>, ExperimentError> {
    let score = score(program, request)?;
    let trained = trained(program, request)?;
    if score.is_none() && trained.is_empty() {
        return Err(BenchError::Nothing(program.name.clone()).into());
    }
    let mut jobs = Vec::new();
    for &batch in &request.batches {
        if let Some(plan) = &score {
            let need = inference(program, plan, target.circumstances(batch)).map(|own| own.total());
            jobs.push(job(program, plan.clone(), batch, Kind::Score, need)?);
        }
        for (phase, plan) in &trained {
            let need = training(program, plan, phase, target.circumstances(batch)).map(|own| own.total());
            jobs.push(job(program, plan.clone(), batch, Kind::Training, need)?);
        }
    }
    Ok(jobs)
}

fn job(program: &Program, plan: Plan, batch: usize, kind: Kind, need: Option<u64>) -> Result<Job, BenchError> {
    let name = plan.name.clone();
    let arithmetic = Arithmetic::of(program, &plan, batch).ok_or_else(|| BenchError::Open(name.clone()))?;
    Ok(Job { name, batch, plan, kind, arithmetic, need })
}

/// The plan of `score`, if it or its loops are to be measured.
fn score(program: &Program, request: &BenchRequest) -> Result<Option<Plan>, ExperimentError> {
    let is_named = request.names(Kind::Score) || request.names(Kind::Loop);
    if !is_named && !request.wants(Kind::Score) {
        return Ok(None);
    }
    let Some(plan) = program.plan("score", &[]) else {
        let missing = is_named.then(|| ExperimentError::NothingToScore(program.name.clone()));
        return missing.map_or(Ok(None), Err);
    };
    let has_loop = Arithmetic::of(program, &plan, 1).is_some_and(|own| !own.loops.is_empty());
    if request.names(Kind::Loop) && !has_loop {
        return Err(BenchError::NoLoop(program.name.clone()).into());
    }
    Ok(Some(plan))
}

/// The plan of each objective, with the first phase that trains it, if training is to be measured: a step by the gradients of one
/// pass.
fn trained(program: &Program, request: &BenchRequest) -> Result<Vec<(Phase, Plan)>, ExperimentError> {
    if !request.wants(Kind::Training) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for objective in &program.objectives {
        let Some(phase) = program.phases().find(|phase| phase.objectives.contains(&objective.name)) else {
            continue;
        };
        let function = program.function(&objective.name).expect("each objective has a function");
        let phase = Phase { accumulate: 1, ..phase.clone() };
        let plan = program.plan_in(&phase, function, &objective.trains);
        found.push((phase, plan));
    }
    if found.is_empty() && request.names(Kind::Training) {
        return Err(ExperimentError::NothingToTrain(program.name.clone()));
    }
    Ok(found)
}

/// The jobs that need more than `limit` bytes.
pub(super) fn shortage(jobs: &[Job], limit: u64) -> Option<Shortage> {
    let excess = |job: &Job| {
        let need = job.need.filter(|need| *need > limit)?;
        Some(Excess::Measuring { name: job.name.clone(), batch: job.batch, need })
    };
    let excesses: Vec<Excess> = jobs.iter().filter_map(excess).collect();
    (!excesses.is_empty()).then_some(Shortage { limit, excesses, settings: Vec::new() })
}

/// The calls that something stands in, outermost first: `score/reconstruct/sampled`.
pub(super) fn place(program: &Program, function: &str, origin: Origin) -> String {
    let mut labels: Vec<&str> = Vec::new();
    let mut at = Some(origin.scope);
    while let Some(scope) = at.and_then(|id| program.scopes.get(id.0 as usize)) {
        labels.push(&scope.label);
        at = scope.parent;
    }
    labels.retain(|label| !label.is_empty() && *label != function);
    labels.push(function);
    labels.reverse();
    labels.join("/")
}
