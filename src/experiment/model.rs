//! A model on a device with all its weights: ready to be trained, to be measured, or to score images.

use std::collections::BTreeSet;

use crate::compile::Compiled;
use crate::execute::Engine;
use crate::graph::program::{Part, Program, Weight};
use crate::op::WeightId;
use crate::weight::{Assembly, Comparison, File, Lacking, Place, WeightError, advised};

use super::error::ExperimentError;
use super::observer::Observer;
use super::record::Origin;
use super::target::Target;

/// A program whose weights are on a device.
pub struct Model<'a> {
    pub(super) program: &'a Program,
    pub(super) engine: Box<dyn Engine>,
    pub(super) target: Target,
    pub(super) seed: u64,
    /// The weights that no file has given.
    pub(super) not_given: Vec<WeightId>,
}

/// Weights that a run has trained, and the settings that the user has given, which may be others on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Trained<'a> {
    /// Where they lie.
    pub place: Place<'a>,
    /// The params that the user has set, with their values.
    pub settings: &'a [(String, String)],
}

impl<'a> Model<'a> {
    /// A model to train: with first values, or with the weights of a file, which may lack those of `fresh` parts and
    /// stored tensors, which fits compute. `engine` is the target, opened.
    ///
    /// # Errors
    /// If the file can't be read or does not fit, or the device fails.
    pub fn start(
        compiled: &'a Compiled,
        weights: Option<Place<'_>>,
        engine: Box<dyn Engine>,
        target: Target,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Model<'a>, ExperimentError> {
        let program = &compiled.program;
        let weights = match weights {
            Some(place) => {
                let file = File::open(place.path)?;
                let remark = Origin::of(&file).and_then(|origin| origin.told_at_start(&file, program));
                remark.iter().for_each(|remark| observer.on_remark(remark));
                let is_fit = |other: &Program| to_start(other, place).is_ok();
                let found = to_start(program, place).map_err(|error| advised(error, &compiled.spec, is_fit));
                told(found, place, observer)?
            }
            None => Assembly::first(program),
        };
        Model::with(program, &weights, engine, target, seed, observer)
    }

    /// A model with the first values of the weights that are needed.
    ///
    /// # Errors
    /// If the device is not there or fails.
    pub fn first(
        program: &'a Program,
        needed: &BTreeSet<WeightId>,
        target: Target,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Model<'a>, ExperimentError> {
        let engine = target.open(observer)?;
        Model::with(program, &Assembly::first(program).only(needed), engine, target, seed, observer)
    }

    /// A model that has been trained and scores images: with what its score reads of the weights of a file. If a run of this
    /// program wrote the file, it was under the same settings, or the user has set those that differ.
    ///
    /// # Errors
    /// As for [`Model::load`].
    pub fn to_score(
        compiled: &'a Compiled,
        weights: Trained<'_>,
        target: Target,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Model<'a>, ExperimentError> {
        let engine = target.open(observer)?;
        let program = &compiled.program;
        if let Some((file, origin)) = check(program, weights, observer)?
            && let Some(remark) = origin.told_of_score(&file, program)
        {
            observer.on_remark(&remark);
        }
        let place = weights.place;
        let is_fit = |other: &Program| reading(other, place, &scored(other)).is_ok();
        let needed = scored(program);
        let found = reading(program, place, &needed).map_err(|error| advised(error, &compiled.spec, is_fit));
        let weights = told(found, place, observer)?.only(&needed);
        Model::with(program, &weights, engine, target, seed, observer)
    }

    /// A model of which some functions are run: with the weights of a file, of which those that are not needed may be missing
    /// or have other shapes.
    ///
    /// # Errors
    /// If the file can't be read or does not fit, was trained under other settings that the user has not given, or the device
    /// is not there or fails.
    pub fn load(
        program: &'a Program,
        weights: Trained<'_>,
        needed: &BTreeSet<WeightId>,
        target: Target,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Model<'a>, ExperimentError> {
        let engine = target.open(observer)?;
        check(program, weights, observer)?;
        let weights = told(reading(program, weights.place, needed), weights.place, observer)?.only(needed);
        Model::with(program, &weights, engine, target, seed, observer)
    }

    /// Hands the weights over to the device.
    fn with(
        program: &'a Program,
        weights: &Assembly<'_>,
        mut engine: Box<dyn Engine>,
        target: Target,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Model<'a>, ExperimentError> {
        let suspicions = weights.hand_over(seed, engine.as_mut(), &mut |done, all| observer.on_weights(done, all))?;
        if !suspicions.is_empty() {
            observer.on_suspicions(&suspicions);
        }
        Ok(Model { program, engine, target, seed, not_given: weights.not_given() })
    }

    /// What the device is called.
    #[must_use]
    pub fn device(&self) -> String {
        self.engine.device()
    }

    /// The threshold of scores that a fit of the spec has computed, if one of its stored tensors is one.
    ///
    /// # Errors
    /// If the device fails.
    pub fn stored_threshold(&mut self) -> Result<Option<f32>, ExperimentError> {
        let Some(id) = threshold(self.program) else { return Ok(None) };
        let number = self.engine.weight(id)?;
        Ok(number.as_floats().and_then(|numbers| numbers.first().copied()))
    }

    /// The engine that holds the weights, to run plans of functions on it.
    pub fn engine(&mut self) -> &mut dyn Engine {
        self.engine.as_mut()
    }
}

/// The number that a fit computes and that the spec calls by this name, at the end of its path.
fn threshold(program: &Program) -> Option<WeightId> {
    let is_named = |path: &str| path.rsplit('.').next() == Some("threshold");
    let is_one = |own: &Weight| own.awaits_fit() && own.shape.is_empty() && is_named(&own.path);
    program.weights().find(|(_, own)| is_one(own)).map(|(id, _)| id)
}

/// Refuses weights that were trained under other settings, unless the user has given those. Returns which run made them, if
/// the file says so.
fn check(
    program: &Program,
    weights: Trained<'_>,
    observer: &mut dyn Observer,
) -> Result<Option<(File, Origin)>, ExperimentError> {
    let file = File::open(weights.place.path)?;
    let Some(origin) = Origin::of(&file) else { return Ok(None) };
    let remark = origin.check(&file, program, weights.settings)?;
    remark.iter().for_each(|remark| observer.on_remark(remark));
    Ok(Some((file, origin)))
}

/// What a score reads of the weights, and the threshold.
fn scored(program: &Program) -> BTreeSet<WeightId> {
    program.read_by(program.function("score")).into_iter().chain(threshold(program)).collect()
}

/// What is found in a file.
type Found<'a> = Result<(Assembly<'a>, Comparison), WeightError>;

/// The weights that a file has for a run to start from.
fn to_start<'a>(program: &'a Program, place: Place<'_>) -> Found<'a> {
    let fresh: Vec<&Part> = program.parts.iter().filter(|part| part.is_fresh).collect();
    Assembly::load(program, place, Lacking::AtStart(&fresh))
}

/// The weights that a file has, of which some are read.
fn reading<'a>(program: &'a Program, place: Place<'_>, needed: &BTreeSet<WeightId>) -> Found<'a> {
    let paths = needed.iter().map(|id| program.weight(*id).path.as_str()).collect();
    Assembly::load(program, place, Lacking::AllBut(&paths))
}

/// The weights that were found, after what there is to tell of them.
fn told<'a>(found: Found<'a>, place: Place<'_>, observer: &mut dyn Observer) -> Result<Assembly<'a>, ExperimentError> {
    let (weights, comparison) = found?;
    observer.on_weights_found(place.path, &comparison);
    Ok(weights)
}
