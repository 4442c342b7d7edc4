//! What a run computes of a training image once and keeps: features of frozen parts, before which nothing is random.
//!
//! A function that sees each image several times, in the epochs of a training or the passes of a fit, is separated into what
//! is always the same and the rest; functions whose first halves are equal share one bank. Since an image gives the same
//! numbers in any company, it makes no difference except in time what is kept. Images that are changed at random are
//! never the same, and then nothing is kept for training.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::execute::{Draw, Engine, HostTensor, NamedTensors, PlanId, RunError};
use crate::graph::program::{Augmentation, Function, Program, Stage, plan_function, separate};
use crate::op::WeightId;

use super::Samples;
use super::batch::Batch;
use super::schedule::{interval, steps};
use super::split::Split;

/// How often each image must be seen for its features to be kept.
const OFTEN: f64 = 2.0;

/// The features of a run.
pub(super) struct Features<'a> {
    images: &'a dyn Samples,
    banks: Vec<Bank>,
    /// The functions that take features, by their names.
    takers: BTreeMap<String, Taker>,
    /// How many bytes may still be kept.
    room: u64,
}

/// Features of all images that one computation gives.
struct Bank {
    each: Function,
    /// Its plan, once it was needed.
    plan: Option<PlanId>,
    /// How often each image is seen.
    visits: f64,
    /// For each image what is kept of it: an element along the first axis of each output.
    kept: Vec<Option<Arc<[HostTensor]>>>,
}

/// A function that takes features in place of an image.
struct Taker {
    bank: usize,
    rest: Function,
    /// What it calls the outputs of the bank.
    names: Vec<String>,
}

impl<'a> Features<'a> {
    /// The features of a program's stages, of which at most `room` bytes are kept.
    pub(super) fn new(program: &Program, images: &'a dyn Samples, split: &Split, room: u64) -> Features<'a> {
        let mut features = Features { images, banks: Vec::new(), takers: BTreeMap::new(), room };
        if room == 0 {
            return features;
        }
        let changing = changing(program);
        let is_augmented = program.data.is_some_and(|format| format.augmentation != Augmentation::default());
        for stage in &program.stages {
            match stage {
                Stage::Fit(fit) => features.add(program, &fit.function, &changing, fit.passes.len() as f64),
                Stage::Training(phase) => {
                    let shown = split.shown.len();
                    let total = steps(phase, shown);
                    let seen = total as f64 * (phase.batch * phase.accumulate.max(1)) as f64;
                    let visits = seen / (shown.max(1) * phase.objectives.len().max(1)) as f64;
                    for name in phase.objectives.iter().filter(|_| !is_augmented) {
                        features.add(program, name, &changing, visits);
                    }
                    // Held-out images are not changed at random.
                    if let Some(best) = &phase.best {
                        let evaluations = total.div_ceil(interval(phase, best, shown));
                        features.add(program, &best.function, &changing, evaluations as f64);
                    }
                }
            }
        }
        let banks = &features.banks;
        features.takers.retain(|_, taker| banks[taker.bank].visits >= OFTEN);
        features
    }

    fn add(&mut self, program: &Program, name: &str, changing: &BTreeSet<WeightId>, visits: f64) {
        if let Some(taker) = self.takers.get(name) {
            self.banks[taker.bank].visits += visits;
            return;
        }
        let Some(function) = program.function(name) else { return };
        let Some(separated) = separate(function, changing) else { return };
        let known = self.banks.iter().position(|bank| bank.each.graph.computes_the_same(&separated.each.graph));
        let bank = known.unwrap_or_else(|| {
            let kept = vec![None; self.images.len()];
            self.banks.push(Bank { each: separated.each, plan: None, visits: 0.0, kept });
            self.banks.len() - 1
        });
        self.banks[bank].visits += visits;
        self.takers.insert(name.to_owned(), Taker { bank, rest: separated.rest, names: separated.names });
    }

    /// What is left of a function that takes features.
    pub(super) fn rest(&self, function: &str) -> Option<&Function> {
        self.takers.get(function).map(|taker| &taker.rest)
    }

    /// Whether a function needs no pixels of images at these places for its features.
    pub(super) fn has_all(&self, function: &str, places: &[usize]) -> bool {
        self.takers
            .get(function)
            .is_none_or(|taker| places.iter().all(|&place| self.banks[taker.bank].kept[place].is_some()))
    }

    /// Adds the features that a function takes to a batch of the images at these places.
    ///
    /// # Errors
    /// If the device failed.
    pub(super) fn give(
        &mut self,
        function: &str,
        places: &[usize],
        batch: &mut Batch,
        engine: &mut dyn Engine,
    ) -> Result<(), RunError> {
        let Some(taker) = self.takers.get(function) else { return Ok(()) };
        let bank = &mut self.banks[taker.bank];
        let mut missing: Vec<usize> = (0..places.len()).filter(|&i| bank.kept[places[i]].is_none()).collect();
        // A batch may show an image twice, at the end of one epoch and the beginning of the next.
        missing.sort_by_key(|&i| places[i]);
        missing.dedup_by_key(|i| places[*i]);
        let mut made: BTreeMap<usize, Arc<[HostTensor]>> = BTreeMap::new();
        if !missing.is_empty() {
            let pixels: Vec<HostTensor> = missing.iter().map(|&i| batch["image"].element(i)).collect();
            let outputs = bank.run(&pixels, places[missing[0]], engine)?;
            for (row, &i) in missing.iter().enumerate() {
                let own: Arc<[HostTensor]> = outputs.iter().map(|output| output.element(row)).collect();
                let bytes = own.iter().map(|output| 4 * output.data.len() as u64).sum();
                if let Some(left) = self.room.checked_sub(bytes) {
                    (self.room, bank.kept[places[i]]) = (left, Some(Arc::clone(&own)));
                }
                made.insert(places[i], own);
            }
        }
        for (output, name) in taker.names.iter().enumerate() {
            let own = |place: &usize| made.get(place).or(bank.kept[*place].as_ref()).map(|own| &own[output]);
            let parts: Vec<&HostTensor> = places.iter().filter_map(own).collect();
            batch.insert(name.clone(), HostTensor::joined(&parts));
        }
        Ok(())
    }

    /// Looks for the first value that is not finite in the features that a function takes of images.
    ///
    /// # Errors
    /// [`RunError::NotFinite`] where there is such a value; otherwise if the device failed.
    pub(super) fn find_not_finite(
        &self,
        function: &str,
        places: &[usize],
        engine: &mut dyn Engine,
    ) -> Result<(), RunError> {
        let Some(taker) = self.takers.get(function) else { return Ok(()) };
        let bank = &self.banks[taker.bank];
        let Some(plan) = bank.plan else { return Ok(()) };
        for &place in places {
            // What could be read before can be read again, as a rule.
            let Ok(pixels) = self.images.image(place, None) else { continue };
            let Some(shape) = bank.shape_of_image() else { continue };
            let inputs = NamedTensors::from([("image".to_owned(), HostTensor::floats(&shape, pixels))]);
            engine.find_not_finite(plan, &inputs, &draw(place, 1))?;
        }
        Ok(())
    }

    /// Frees what the device keeps for the features.
    pub(super) fn release(self, engine: &mut dyn Engine) {
        self.banks.iter().filter_map(|bank| bank.plan).for_each(|plan| engine.release(plan));
    }
}

impl Bank {
    /// The outputs for these images, of which the first lies at this place.
    fn run(
        &mut self,
        pixels: &[HostTensor],
        place: usize,
        engine: &mut dyn Engine,
    ) -> Result<Vec<HostTensor>, RunError> {
        let plan = *self.plan.get_or_insert_with(|| engine.add(plan_function(&self.each, &[])));
        let image = HostTensor::joined(&pixels.iter().collect::<Vec<_>>());
        let inputs = NamedTensors::from([("image".to_owned(), image)]);
        let outputs = engine.evaluate(plan, &inputs, &draw(place, pixels.len()))?;
        Ok(outputs.into_iter().map(|(_, output)| output).collect())
    }

    /// The shape of one image.
    fn shape_of_image(&self) -> Option<Vec<usize>> {
        let graph = &self.each.graph;
        let image = graph.node(*graph.inputs().first()?);
        let extents = image.facts[0].shape.0[1..].iter().map(|extent| usize::try_from(extent.known()?).ok());
        std::iter::once(Some(1)).chain(extents).collect()
    }
}

/// The weights that some stage of a program changes.
fn changing(program: &Program) -> BTreeSet<WeightId> {
    let objectives = program.phases().flat_map(|phase| &phase.objectives);
    let trained = objectives.flat_map(|name| {
        let trains = program.objectives.iter().filter(move |objective| objective.name == *name);
        let updates =
            program.function(name).into_iter().flat_map(|function| function.updates.iter().map(|(id, _)| *id));
        trains.flat_map(|objective| objective.trains.iter().copied()).chain(updates)
    });
    trained.chain(program.fits().flat_map(|fit| fit.sets.iter().copied())).collect()
}

/// Nothing is drawn for features: who the samples are makes no difference.
fn draw(place: usize, count: usize) -> Draw {
    Draw { seed: 0, step: 0, samples: (place as u64..).take(count).collect() }
}
