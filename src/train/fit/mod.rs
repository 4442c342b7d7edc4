//! Computes the stored tensors of a fit: in passes over the training images, a few at a time, without gradients.
//!
//! In: a [`Fit`], an engine with the weights of the program, and the images. Out: its tensors, set on the engine. The
//! images come in the order of the data set, [`CHUNK`] at a time whatever the machine is, and what is gathered of them
//! is added in double precision in that order, so the same images give the same tensors to the last bit.

mod gather;
mod whole;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use diadc_execute::{CoresetError, Seen};

use crate::diagnostic::{count, grouped};
use crate::execute::{Draw, Engine, Evaluation, HostData, HostTensor, NamedTensors, PlanId, RunError};
use crate::fact::{DType, batch_of};
use crate::graph::program::{CHUNK, Fit, Gather, Later, Pass, Program, plan_function, stream};

use crate::op::Gathering;

use super::batch::{Batch, BatchRequest, Order, read_ahead};
use super::error::TrainError;
use super::place::place;
use super::settings::Settings;
use super::{FitProgress, Observer, Samples};

use gather::Gathered;
use whole::Whole;

/// The most bytes of features of all images that are kept from the first pass for the later ones, which makes no
/// difference except in time; and of numbers that must be kept of all images, as a quantile of them needs it.
const ROOM: u64 = 2 << 30;

/// A fit that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The part whose stored tensors were computed.
    pub part: String,
    /// Of how many images.
    pub images: usize,
    /// In how many passes over them.
    pub passes: usize,
    /// How many rows there were for a coreset, and how many of them it was chosen from, if it had one.
    pub seen: Option<Seen>,
    /// How long it took.
    pub time: Duration,
}

/// What the passes so far have left.
struct State {
    /// Values about the whole set by their names.
    gathered: BTreeMap<String, Whole>,
    /// For each chunk of images, what later passes take of it.
    kept: Vec<NamedTensors>,
    /// How many rows there were for a coreset, and how many were kept to choose from.
    seen: Option<Seen>,
}

/// The bytes of what the first pass keeps of so many images; the most there are if that is not known.
fn kept_bytes(passes: &[Pass], images: usize) -> u64 {
    let facts = passes.first().into_iter().flat_map(|pass| {
        let outputs = pass.each.graph.outputs();
        pass.keeps.iter().map(move |(_, place)| pass.each.graph.fact(outputs[*place].1))
    });
    let elements = facts.map(|fact| fact.shape.elements().value(&batch_of(images)));
    elements.map(|elements| elements.map_or(u64::MAX, |n| 4 * n.unsigned_abs())).fold(0, u64::saturating_add)
}

/// The bytes of all samples of so many images, if a gathered value keeps them.
fn all_bytes(pass: &Pass, gather: &Gather, images: usize) -> u64 {
    if gather.gathering != Gathering::All {
        return 0;
    }
    let outputs = pass.each.graph.outputs();
    let facts = gather.inputs.iter().map(|(place, _)| pass.each.graph.fact(outputs[*place].1));
    let elements = facts.map(|fact| fact.shape.elements().value(&batch_of(images)));
    elements.map(|elements| elements.map_or(u64::MAX, |n| 8 * n.unsigned_abs())).fold(0, u64::saturating_add)
}

impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fitted { part, images, passes, seen, .. } = self;
        let passes = if *passes == 1 { "one pass".to_owned() } else { format!("{passes} passes") };
        write!(f, "fit of {part} ({}, {passes}", count(*images, "image"))?;
        if let Some(Seen { seen, kept }) = seen {
            write!(f, ", {} of {} chosen from", grouped(*kept), count(*seen as usize, "row"))?;
        }
        f.write_str(")")
    }
}

/// What a fit runs on.
pub(super) struct Fitter<'a> {
    pub(super) program: &'a Program,
    pub(super) engine: &'a mut dyn Engine,
    pub(super) samples: &'a dyn Samples,
    pub(super) settings: &'a Settings<'a>,
}

impl Fitter<'_> {
    /// Computes the tensors of a fit; none if it was stopped, and then nothing is changed.
    pub(super) fn fit(mut self, fit: &Fit, observer: &mut dyn Observer) -> Result<Option<Fitted>, TrainError> {
        let begun = Instant::now();
        let images = self.samples.len();
        let function = self.program.function(&fit.function).expect("a fit has a function");
        let keeping = stream(function, Later::TakesKept).expect("check has cut it into passes");
        let passes = if kept_bytes(&keeping, images) <= ROOM { &keeping } else { &fit.passes };
        let mut state = State { gathered: BTreeMap::new(), kept: Vec::new(), seen: None };
        for (number, pass) in passes.iter().enumerate() {
            let progress =
                FitProgress { part: &fit.part, pass: number + 1, passes: passes.len(), done: 0, images, begun };
            if !self.pass(fit, pass, &mut state, progress, observer)? {
                return Ok(None);
            }
            let draw = Draw { seed: self.settings.seed, step: 0, samples: vec![0] };
            let more = whole::evaluate(&pass.then, &state.gathered, self.engine, &draw)?;
            state.gathered.extend(more);
        }
        for ((key, _), id) in function.graph.outputs().iter().zip(&fit.sets) {
            let value = &state.gathered[key];
            if let Some(x) = value.values.iter().find(|x| !(**x as f32).is_finite()) {
                let path = self.program.weight(*id).path.clone();
                return Err(TrainError::FitNotFinite { part: fit.part.clone(), path, value: *x, images });
            }
            self.engine.set_weight(*id, value.as_host(DType::Float));
        }
        Ok(Some(Fitted {
            part: fit.part.clone(),
            images,
            passes: passes.len(),
            seen: state.seen,
            time: begun.elapsed(),
        }))
    }

    /// One pass over all images; false if it was stopped.
    fn pass(
        &mut self,
        fit: &Fit,
        pass: &Pass,
        state: &mut State,
        mut progress: FitProgress<'_>,
        observer: &mut dyn Observer,
    ) -> Result<bool, TrainError> {
        if pass.gathers.is_empty() {
            return Ok(true);
        }
        let bytes = pass.gathers.iter().map(|gather| all_bytes(pass, gather, progress.images));
        let bytes = bytes.fold(0, u64::saturating_add);
        if bytes > ROOM {
            return Err(TrainError::NeedsAll { part: fit.part.clone(), images: progress.images, bytes });
        }
        let mut gathered: Vec<Gathered> =
            pass.gathers.iter().map(|gather| Gathered::new(gather, self.settings.seed)).collect();
        let plan = plan_function(&pass.each, &[]);
        let wanted: Vec<String> = plan.inputs.iter().map(|input| input.name.clone()).collect();
        let given = plan
            .inputs
            .iter()
            .filter_map(|input| Some((input.name.clone(), state.gathered.get(&input.name)?.as_host(input.fact.dtype))));
        let given: NamedTensors = given.collect();
        let plan = self.engine.add(plan);
        let count = progress.images;
        let chunks = count.div_ceil(CHUNK);
        let reads = wanted.iter().any(|name| name == "image" || name == "class");
        let range = 0..if reads { chunks as u64 } else { 0 };
        let request = BatchRequest { order: Order::AsListed(count), size: CHUNK, range };
        let (samples, format, threads) = (self.samples, self.program.data, self.settings.threads);
        let is_over = std::thread::scope(|scope| {
            let batches = read_ahead(scope, samples, format, request, threads);
            for chunk in 0..chunks {
                let mut batch = if reads { batches.recv().expect("all images are read")? } else { Batch::new() };
                batch.retain(|name, _| wanted.contains(name));
                let size = CHUNK.min(count - progress.done);
                let samples = (progress.done as u64..).take(size).collect();
                let draw = Draw { seed: self.settings.seed, step: 0, samples };
                batch.extend(given.iter().map(|(name, host)| (name.clone(), host.clone())));
                let kept = state.kept.get(chunk).into_iter().flatten();
                batch.extend(
                    kept.filter(|(name, _)| wanted.contains(name)).map(|(name, host)| (name.clone(), host.clone())),
                );
                let outputs = self.engine.evaluate(plan, &batch, &draw)?;
                self.check_finite(fit, plan, &batch, &draw, &given, &outputs)?;
                for (gathered, gather) in gathered.iter_mut().zip(&pass.gathers) {
                    let inputs: Vec<_> = gather.inputs.iter().map(|(place, _)| &outputs[*place].1).collect();
                    gathered.add(gather, &inputs);
                }
                if !pass.keeps.is_empty() {
                    let keeps = pass.keeps.iter().map(|(name, place)| (name.clone(), outputs[*place].1.clone()));
                    state.kept.push(keeps.collect());
                }
                progress.done += size;
                observer.on_fit(&progress);
                if self.settings.stop.load(Ordering::Relaxed) {
                    return Ok(false);
                }
            }
            Ok::<_, TrainError>(true)
        });
        self.engine.release(plan);
        if !is_over? {
            return Ok(false);
        }
        for (gather, gathered) in pass.gathers.iter().zip(gathered) {
            let mut progress = |chosen| {
                observer.on_choosing(chosen, gather.fact.shape.0[0].known().unwrap_or(0) as usize);
                if self.settings.stop.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            match gathered.finish(gather, &mut progress) {
                Ok((value, seen)) => {
                    state.gathered.insert(gather.name.clone(), value);
                    state.seen = state.seen.or(seen);
                }
                Err(CoresetError::Stopped) => return Ok(false),
                Err(error) => return Err(TrainError::Coreset { part: fit.part.clone(), error }),
            }
        }
        Ok(true)
    }

    /// Refuses a chunk of images with a value that is not finite, and names the image and the operation.
    fn check_finite(
        &mut self,
        fit: &Fit,
        plan: PlanId,
        batch: &Batch,
        draw: &Draw,
        known: &NamedTensors,
        outputs: &Evaluation,
    ) -> Result<(), TrainError> {
        let is_finite = |outputs: &Evaluation| {
            outputs.iter().all(|(_, host)| host.as_floats().is_none_or(|values| values.iter().all(|x| x.is_finite())))
        };
        if is_finite(outputs) {
            return Ok(());
        }
        // Kept features hold all images of the chunk along different axes; they are looked at together.
        let is_separable = batch.keys().all(|name| name == "image" || name == "class" || known.contains_key(name));
        let alone = draw.samples.iter().enumerate().filter(|_| is_separable);
        for (place, sample) in alone {
            let one: Batch = batch.iter().map(|(name, host)| (name.clone(), only(name, host, place))).collect();
            let draw = Draw { samples: vec![*sample], ..draw.clone() };
            if !is_finite(&self.engine.evaluate(plan, &one, &draw)?) {
                let image = self.samples.name(*sample as usize);
                return Err(self.not_finite(fit, image, plan, &one, &draw)?);
            }
        }
        let name = |sample: Option<&u64>| sample.map_or(String::new(), |sample| self.samples.name(*sample as usize));
        let images = format!("one of the images from {} to {}", name(draw.samples.first()), name(draw.samples.last()));
        Err(self.not_finite(fit, images, plan, batch, draw)?)
    }

    /// Says which value is the first that is not finite.
    fn not_finite(
        &mut self,
        fit: &Fit,
        image: String,
        plan: PlanId,
        batch: &Batch,
        draw: &Draw,
    ) -> Result<TrainError, TrainError> {
        let cause = match self.engine.find_not_finite(plan, batch, draw) {
            Ok(()) => "all values on the way to it are finite".to_owned(),
            Err(RunError::NotFinite { operation, origin, .. }) => {
                format!(
                    "the first value that is not finite is that of `{operation}`{}",
                    place(self.program, origin.scope)
                )
            }
            Err(error) => return Err(error.into()),
        };
        Ok(TrainError::FeatureNotFinite { part: fit.part.clone(), image, cause })
    }
}

/// The input of one image of a chunk; values about the whole set stay as they are.
fn only(name: &str, host: &HostTensor, place: usize) -> HostTensor {
    if name != "image" && name != "class" {
        return host.clone();
    }
    let count = host.data.len() / host.shape[0];
    let own = place * count..(place + 1) * count;
    let data = match &host.data {
        HostData::Float(values) => HostData::Float(values[own].to_vec()),
        HostData::Int(values) => HostData::Int(values[own].to_vec()),
        HostData::Bool(values) => HostData::Bool(values[own].to_vec()),
    };
    let mut shape = host.shape.clone();
    shape[0] = 1;
    HostTensor::new(shape, data)
}
