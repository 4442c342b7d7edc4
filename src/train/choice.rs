//! Which weights of a phase are the best: those with which a function of the model is lowest, on average over the training
//! images that are held out.

use std::collections::BTreeMap;

use crate::execute::{Draw, Engine, HostTensor, PlanId};
use crate::graph::program::{Best, CHUNK, Phase, Program, plan_function};
use crate::op::WeightId;

use super::batch::{Batch, BatchRequest, Order, read_ahead};
use super::error::TrainError;
use super::features::Features;
use super::schedule::interval;
use super::settings::Settings;
use super::split::Chosen;
use super::{Evaluation, Samples};

/// The best weights of a phase so far.
#[derive(Clone, Debug, PartialEq)]
pub struct BestSoFar {
    /// The mean over the held-out images.
    pub value: f32,
    /// The step after which it was reached.
    pub step: u64,
    /// How many evaluations since then were no better.
    pub since: u64,
    /// The weights that the phase changes, as they were then.
    pub weights: BTreeMap<WeightId, HostTensor>,
}

/// The function by which the weights of a phase are chosen, ready to run.
pub(super) struct Judge<'a> {
    best: &'a Best,
    plan: PlanId,
    inputs: Vec<String>,
    held_out: &'a Chosen<'a>,
    /// Steps between two evaluations.
    every: u64,
}

impl<'a> Judge<'a> {
    /// That of a phase, if it has one.
    pub(super) fn of(
        phase: &'a Phase,
        program: &Program,
        shown: usize,
        held_out: &'a Chosen<'a>,
        features: &Features<'_>,
        engine: &mut dyn Engine,
    ) -> Option<Judge<'a>> {
        let best = phase.best.as_ref()?;
        let function = program.function(&best.function).expect("each choice of weights has a function");
        let plan = plan_function(features.rest(&best.function).unwrap_or(function), &[]);
        let inputs = plan.inputs.iter().map(|input| input.name.clone()).collect();
        let plan = engine.add(plan);
        Some(Judge { best, plan, inputs, held_out, every: interval(phase, best, shown) })
    }

    /// Whether the weights are evaluated after a step.
    pub(super) fn is_due(&self, step: u64, last: u64) -> bool {
        step == last || step.is_multiple_of(self.every)
    }

    /// Whether so many evaluations in a row were no better that the phase ends.
    pub(super) fn has_enough(&self, best: &BestSoFar) -> bool {
        self.best.patience.is_some_and(|patience| best.since >= patience as u64)
    }

    /// The mean over the held-out images with the weights as they are.
    pub(super) fn mean(
        &self,
        program: &Program,
        features: &mut Features<'_>,
        engine: &mut dyn Engine,
        settings: &Settings<'_>,
    ) -> Result<f32, TrainError> {
        let (count, places) = (self.held_out.len(), self.held_out.places());
        let reads = self.inputs.iter().any(|name| name == "image") || !features.has_all(&self.best.function, places);
        let chunks = count.div_ceil(CHUNK);
        let range = 0..if reads { chunks as u64 } else { 0 };
        let request = BatchRequest { order: Order::AsListed(count), size: CHUNK, range, beside: (0, Vec::new()) };
        let mut sum = 0.0;
        std::thread::scope(|scope| {
            let batches = read_ahead(scope, self.held_out, program.data, request, settings.threads);
            for chunk in 0..chunks {
                let own = chunk * CHUNK..count.min((chunk + 1) * CHUNK);
                let mut batch = if reads { batches.recv().expect("all images are read")? } else { Batch::new() };
                features.give(&self.best.function, &places[own.clone()], &mut batch, engine)?;
                batch.retain(|name, _| self.inputs.contains(name));
                let samples = own.map(|sample| sample as u64).collect();
                let draw = Draw { seed: settings.seed, step: 0, samples };
                let outputs = engine.evaluate(self.plan, &batch, &draw)?;
                let numbers = outputs[0].1.as_floats().expect("check has seen that they are floats");
                sum += numbers.iter().map(|x| f64::from(*x)).sum::<f64>();
            }
            Ok((sum / count.max(1) as f64) as f32)
        })
    }

    /// Frees what the device keeps for the function.
    pub(super) fn release(self, engine: &mut dyn Engine) {
        engine.release(self.plan);
    }
}

impl BestSoFar {
    /// The best after another evaluation. `weights` gives those of the phase, if they are better.
    pub(super) fn after(
        before: Option<BestSoFar>,
        value: f32,
        step: u64,
        weights: impl FnOnce() -> Result<BTreeMap<WeightId, HostTensor>, TrainError>,
    ) -> Result<(BestSoFar, Evaluation), TrainError> {
        match before {
            Some(best) if value >= best.value => {
                let best = BestSoFar { since: best.since + 1, ..best };
                Ok((best, Evaluation { step, value, is_best: false }))
            }
            Some(_) | None => {
                let best = BestSoFar { value, step, since: 0, weights: weights()? };
                Ok((best, Evaluation { step, value, is_best: true }))
            }
        }
    }
}
