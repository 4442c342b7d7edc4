//! A phase of training, step by step, and which weights it leaves.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::execute::{Draw, HostTensor, NamedTensors, RunError, Stepped};
use crate::graph::program::Phase;

use super::batch::{Batch, BatchRequest, Beside, Order, read_ahead};
use super::choice::{BestSoFar, Judge};
use super::error::TrainError;
use super::features::Features;
use super::outcome::Remaining;
use super::place::place;
use super::sampler::Sampler;
use super::schedule::{factor, inner, steps};
use super::snapshot::changed;
use super::split::Chosen;
use super::trainer::Trainer;
use super::turn::{Around, Pace, Turn, phases};
use super::{LossPoint, Observer, Progress};

/// What the steps of a phase are taken of.
struct Source<'a, 'b> {
    batches: &'a Receiver<Result<Batch, TrainError>>,
    images: &'a Chosen<'a>,
    /// The same order as that of the batches.
    sampler: &'a mut Sampler,
    features: &'a mut Features<'b>,
    /// The batch of the last step, on which another step may follow.
    held: Option<Batch>,
}

impl Trainer<'_> {
    /// Runs the rest of a phase; returns false if training was stopped.
    pub(super) fn phase(
        &mut self,
        phase: &Phase,
        around: &Around<'_>,
        features: &mut Features<'_>,
        pace: &mut Pace,
        observer: &mut dyn Observer,
    ) -> Result<bool, TrainError> {
        let Around { turns, judge, images } = *around;
        let total = steps(phase, self.shown);
        let (accumulate, inner) = (phase.accumulate.max(1) as u64, inner(phase));
        let sampler = Sampler::new(self.settings.seed, self.state.position.stage as u64, self.shown);
        let range = self.state.position.step / inner * accumulate..total.div_ceil(inner) * accumulate;
        let mut places = sampler.clone();
        let order = Order::Shuffled(sampler, self.passes_before());
        let (format, threads) = (self.program.data, self.settings.threads);
        let other = format.map(|format| Beside { name: "other".to_owned(), images, format, is_own: true });
        let sources = self.program.sources.iter().zip(self.settings.sources);
        let sources = sources.map(|(source, images)| Beside {
            name: source.name.clone(),
            images: *images,
            format: source.format,
            is_own: false,
        });
        let is_taken = |beside: &Beside<'_>| turns.iter().any(|turn| turn.inputs.contains(&beside.name));
        let beside = (self.settings.seed, other.into_iter().chain(sources).filter(is_taken).collect());
        let request = BatchRequest { order, size: phase.batch, range, beside };
        std::thread::scope(|scope| {
            let batches = read_ahead(scope, images, format, request, threads);
            let mut source = Source { batches: &batches, images, sampler: &mut places, features, held: None };
            while self.state.position.step < total && !turns.is_empty() {
                let turn = &turns[(self.state.position.step / inner % turns.len() as u64) as usize];
                let Stepped { loss, gradient_norm } = self.step(phase, turn, &mut source, total)?;
                if let Some(decay) = phase.average {
                    self.engine.average(&self.program.objectives[turn.number].trains, decay);
                }
                self.state.position.step += 1;
                pace.images += phase.batch as u64 * accumulate;
                let before = self.state.curve.last().map_or(0, |point| point.step);
                self.state.curve.push(LossPoint { step: before + 1, objective: turn.number, loss });
                observer.on_step(&Progress { gradient_norm, ..self.progress(turn, total, loss, pace) });
                let has_enough = match judge {
                    Some(judge) if judge.is_due(self.state.position.step, total) => {
                        self.evaluate(phase, judge, source.features, observer)?
                    }
                    Some(_) | None => false,
                };
                let is_last = self.state.position.step == total || has_enough;
                let is_over = is_last && self.state.position.stage + 1 == self.program.stages.len();
                if self.settings.stop.load(Ordering::Relaxed) && !has_enough {
                    return Ok(is_over);
                }
                if has_enough {
                    return Ok(true);
                }
                if !is_over && self.is_due(pace) {
                    let begun = Instant::now();
                    self.save(turns, observer)?;
                    (pace.saved, pace.saving) = (Instant::now(), begun.elapsed());
                }
            }
            Ok(true)
        })
    }

    /// Evaluates the weights on held-out images and keeps them if they are the best; true if the phase ends for want of better
    /// ones.
    fn evaluate(
        &mut self,
        phase: &Phase,
        judge: &Judge<'_>,
        features: &mut Features<'_>,
        observer: &mut dyn Observer,
    ) -> Result<bool, TrainError> {
        let step = self.state.position.step;
        if phase.average.is_some() {
            self.engine.exchange_averages();
        }
        let value = judge.mean(self.program, features, self.engine, &self.settings)?;
        if !value.is_finite() {
            return Err(TrainError::ChoiceNotFinite { objectives: phase.objectives.join("`, `"), step, value });
        }
        let stage = self.state.position.stage;
        let ids = changed(self.program, &self.program.stages[stage..=stage]);
        let engine = &*self.engine;
        let weights = || ids.iter().map(|id| Ok((*id, engine.weight(*id)?))).collect();
        let (best, evaluation) = BestSoFar::after(self.state.best.take(), value, step, weights)?;
        if phase.average.is_some() {
            self.engine.exchange_averages();
        }
        observer.on_evaluation(&evaluation);
        let has_enough = judge.has_enough(&best);
        self.state.best = Some(best);
        Ok(has_enough)
    }

    /// Puts the weights in place that a phase leaves: the best, or else the averages, or else the last.
    pub(super) fn settle(&mut self, phase: &Phase) -> Option<Remaining> {
        if phase.average.is_some() {
            self.engine.exchange_averages();
            self.engine.forget_averages();
        }
        let BestSoFar { value, step, weights, .. } = self.state.best.take()?;
        for (id, weight) in weights {
            self.engine.set_weight(id, weight);
        }
        let of = self.state.position.step;
        Some(Remaining { objectives: phase.objectives.clone(), step, of, value })
    }

    /// Takes one step of the optimiser, with the mean of the gradients of several passes.
    fn step(
        &mut self,
        phase: &Phase,
        turn: &Turn,
        source: &mut Source<'_, '_>,
        total: u64,
    ) -> Result<Stepped, TrainError> {
        let (accumulate, inner) = (phase.accumulate.max(1), inner(phase));
        let step = self.state.position.step;
        let factor = factor(&phase.schedule, step, total);
        let first_pass = self.passes_before() + step * accumulate as u64;
        let share = 1.0 / accumulate as f32;
        let mut mean = Stepped { loss: 0.0, gradient_norm: None };
        for pass in 0..accumulate as u64 {
            let mut batch = match source.held.take() {
                Some(batch) if !step.is_multiple_of(inner) => batch,
                Some(_) | None => source.batches.recv().expect("as many batches are read as passes are made")?,
            };
            if inner > 1 {
                source.held = Some(batch.clone());
            }
            let position = (step / inner * accumulate as u64 + pass) * phase.batch as u64;
            let places = source.sampler.images(position, phase.batch);
            let places: Vec<usize> = places.into_iter().map(|image| source.images.places()[image]).collect();
            source.features.give(&turn.name, &places, &mut batch, self.engine)?;
            batch.insert("step".to_owned(), HostTensor::ints(&[], vec![step.cast_signed()]));
            let progress = step as f64 / total.saturating_sub(1).max(1) as f64;
            batch.insert("progress".to_owned(), HostTensor::floats(&[], vec![progress as f32]));
            batch.retain(|name, _| turn.inputs.contains(name));
            let samples = (0..phase.batch as u64).collect();
            let draw = Draw { seed: self.settings.seed, step: first_pass + pass, samples };
            let loss = if pass + 1 < accumulate as u64 {
                self.engine.accumulate(turn.plan, &batch, &draw)?
            } else {
                let stepped = self.engine.step(turn.plan, &batch, &draw, factor)?;
                mean.gradient_norm = stepped.gradient_norm;
                stepped.loss
            };
            if !loss.is_finite() {
                let of_features = source.features.find_not_finite(&turn.name, &places, self.engine);
                let cause = self.cause(turn, &batch, &draw, of_features)?;
                return Err(TrainError::NotFinite { objective: turn.name.clone(), step: step + 1, loss, cause });
            }
            mean.loss += loss * share;
        }
        Ok(mean)
    }

    /// The number of forward passes of all phases before this one; passes are numbered across phases so that no two draw
    /// the same random numbers.
    fn passes_before(&self) -> u64 {
        let earlier = phases(&self.program.stages[..self.state.position.stage]);
        earlier.map(|phase| steps(phase, self.shown) * phase.accumulate.max(1) as u64).sum()
    }

    /// Says which weight, or else which value, is the first that is not finite.
    fn cause(
        &mut self,
        turn: &Turn,
        batch: &NamedTensors,
        draw: &Draw,
        of_features: Result<(), RunError>,
    ) -> Result<String, TrainError> {
        for (id, weight) in self.program.weights() {
            let host = self.engine.weight(id)?;
            if host.as_floats().is_some_and(|v| v.iter().any(|x| !x.is_finite())) {
                return Ok(format!("the weight `{}` is not finite; try a smaller learning rate", weight.path));
            }
        }
        match of_features.and_then(|()| self.engine.find_not_finite(turn.plan, batch, draw)) {
            Ok(()) => Ok("all values on the way to it are finite".to_owned()),
            Err(RunError::NotFinite { operation, origin, .. }) => Ok(format!(
                "the first value that is not finite is that of `{operation}`{}",
                place(self.program, origin.scope)
            )),
            Err(error) => Err(error.into()),
        }
    }

    fn progress<'b>(&self, turn: &'b Turn, steps_of_phase: u64, loss: f32, pace: &Pace) -> Progress<'b> {
        let seconds = pace.since.elapsed().as_secs_f64().max(1e-9);
        let images_per_second = pace.images as f64 / seconds;
        let images = |phase: &Phase, steps: u64| (steps * (phase.batch * phase.accumulate.max(1)) as u64) as f64;
        let here = self.state.position.stage;
        let stages = &self.program.stages;
        let later = phases(&stages[here + 1..]).map(|phase| images(phase, steps(phase, self.shown)));
        let here = phases(&stages[here..])
            .next()
            .map_or(0.0, |phase| images(phase, steps_of_phase - self.state.position.step));
        let remaining = (here + later.sum::<f64>()) / images_per_second.max(1e-9);
        Progress {
            phase: phases(&stages[..=self.state.position.stage]).count(),
            phases: phases(stages).count(),
            objective: &turn.name,
            step: self.state.position.step,
            steps: steps_of_phase,
            loss,
            gradient_norm: None,
            images_per_second,
            remaining: Duration::try_from_secs_f64(remaining).unwrap_or(Duration::MAX),
        }
    }
}
