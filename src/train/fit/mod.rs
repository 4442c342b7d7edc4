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
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use diadc_execute::{CoresetError, Seen};

use crate::diagnostic::{count, grouped};
use crate::execute::{Draw, Engine, Evaluation, HostTensor, NamedTensors, PlanId, RunError};
use crate::fact::DType;
use crate::graph::program::{CHUNK, Fit, Function, Gather, Pass, Program, plan_function, stream};

use crate::op::Op;

use super::batch::{Batch, BatchRequest, Order, read_ahead};
use super::error::TrainError;
use super::features::Features;
use super::place::place;
use super::settings::Settings;
use super::split::Chosen;
use super::{FitProgress, Observer, Samples};

use gather::Gathered;
use whole::Whole;

/// The most bytes of numbers that are kept of all images, as a quantile of them needs it.
const ROOM: u64 = 2 << 30;

/// A fit that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The part whose stored tensors were computed.
    pub part: String,
    /// Of how many images.
    pub images: usize,
    /// Whether these were held out from everything else.
    pub held_out: bool,
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
    gathered: BTreeMap<String, Arc<Whole>>,
    /// How many rows there were for a coreset, and how many were kept to choose from.
    seen: Option<Seen>,
}

impl State {
    /// The inputs of a function; only what somebody needs `later` stays here.
    fn given(&mut self, function: &Function, later: impl Fn(&str) -> bool) -> BTreeMap<String, Arc<Whole>> {
        let give = |name: &str| {
            let value = if later(name) { self.gathered.get(name).cloned() } else { self.gathered.remove(name) };
            (name.to_owned(), value.expect("an earlier pass has gathered it"))
        };
        function.graph.input_names().map(give).collect()
    }
}

/// Refuses a coreset of more rows than so many images have.
fn check_rows(pass: &Pass, gather: &Gather, images: usize) -> Result<(), CoresetError> {
    let (Op::Coreset(coreset), Some(hoard)) = (&gather.op, pass.hoard(gather, Some(images))) else { return Ok(()) };
    let (rows, count) = (usize::try_from(hoard.rows).unwrap_or(usize::MAX), coreset.count);
    if rows < count { Err(CoresetError::TooFew { rows, count }) } else { Ok(()) }
}

impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fitted { part, images, held_out, passes, seen, .. } = self;
        let image = if *held_out { "held-out image" } else { "image" };
        let passes = if *passes == 1 { "one pass".to_owned() } else { format!("{passes} passes") };
        write!(f, "fit of {part} ({}, {passes}", count(*images, image))?;
        if let Some(Seen { seen, kept }) = seen {
            write!(f, ", {} of {} chosen from", grouped(*kept), count(*seen as usize, "row"))?;
        }
        f.write_str(")")
    }
}

/// What a fit runs on.
pub(super) struct Fitter<'a, 'b> {
    pub(super) program: &'a Program,
    pub(super) engine: &'a mut dyn Engine,
    pub(super) samples: &'a Chosen<'a>,
    pub(super) features: &'a mut Features<'b>,
    pub(super) settings: &'a Settings<'a>,
}

impl Fitter<'_, '_> {
    /// Computes the tensors of a fit; none if it was stopped, and then nothing is changed.
    pub(super) fn fit(mut self, fit: &Fit, observer: &mut dyn Observer) -> Result<Option<Fitted>, TrainError> {
        let begun = Instant::now();
        let images = self.samples.len();
        let function = self.program.function(&fit.function).expect("a fit has a function");
        let rest =
            self.features.rest(&fit.function).map(|rest| stream(rest).expect("check has cut all of it into passes"));
        let passes = rest.as_ref().unwrap_or(&fit.passes);
        let pairs = passes.iter().flat_map(|pass| pass.gathers.iter().map(move |gather| (pass, gather)));
        for (pass, gather) in pairs {
            check_rows(pass, gather, images).map_err(|error| TrainError::coreset(self.program, &fit.part, error))?;
        }
        let mut state = State { gathered: BTreeMap::new(), seen: None };
        for (number, pass) in passes.iter().enumerate() {
            let progress =
                FitProgress { part: &fit.part, pass: number + 1, passes: passes.len(), done: 0, images, begun };
            if !self.pass(fit, pass, &mut state, progress, observer)? {
                return Ok(None);
            }
            let draw = Draw { seed: self.settings.seed, step: 0, samples: vec![0] };
            let later = |name: &str| {
                let goes_on = passes[number + 1..].iter().flat_map(|pass| [&pass.each, &pass.then]);
                goes_on.flat_map(|function| function.graph.input_names()).any(|input| input == name)
                    || function.graph.outputs().iter().any(|(output, _)| output == name)
            };
            let more = whole::evaluate(&pass.then, state.given(&pass.then, later), self.engine, &draw);
            let more =
                more.map_err(|error| TrainError::Fit { part: fit.part.clone(), images, error: Box::new(error) })?;
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
            held_out: fit.held_out,
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
        let kept = pass.gathers.iter().filter_map(|gather| pass.hoard(gather, Some(progress.images)));
        let bytes = kept.filter(|kept| !kept.is_choice).map(|kept| kept.bytes()).fold(0, u64::saturating_add);
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
        let places = self.samples.places();
        let reads = wanted.iter().any(|name| name == "image" || name == "class")
            || !self.features.has_all(&fit.function, places);
        let range = 0..if reads { chunks as u64 } else { 0 };
        let request = BatchRequest { order: Order::AsListed(count), size: CHUNK, range, beside: (0, Vec::new()) };
        let (samples, format, threads) = (self.samples, self.program.data, self.settings.threads);
        let is_over = std::thread::scope(|scope| {
            let batches = read_ahead(scope, samples, format, request, threads);
            for _ in 0..chunks {
                let mut batch = if reads { batches.recv().expect("all images are read")? } else { Batch::new() };
                let size = CHUNK.min(count - progress.done);
                let own = &places[progress.done..progress.done + size];
                self.features.give(&fit.function, own, &mut batch, self.engine)?;
                batch.retain(|name, _| wanted.contains(name));
                let samples = (progress.done as u64..).take(size).collect();
                let draw = Draw { seed: self.settings.seed, step: 0, samples };
                batch.extend(given.iter().map(|(name, host)| (name.clone(), host.clone())));
                let outputs = self.engine.evaluate(plan, &batch, &draw)?;
                self.check_finite(fit, plan, &batch, &draw, &given, &outputs)?;
                for (gathered, gather) in gathered.iter_mut().zip(&pass.gathers) {
                    let inputs: Vec<_> = gather.inputs.iter().map(|(place, _)| &outputs[*place].1).collect();
                    gathered.add(gather, &inputs);
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
                    state.gathered.insert(gather.name.clone(), Arc::new(value));
                    state.seen = state.seen.or(seen);
                }
                Err(CoresetError::Stopped) => return Ok(false),
                Err(error) => return Err(TrainError::coreset(self.program, &fit.part, error)),
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
        for (place, sample) in draw.samples.iter().enumerate() {
            let own = |(name, host): (&String, &HostTensor)| {
                let host = if known.contains_key(name) { host.clone() } else { host.element(place) };
                (name.clone(), host)
            };
            let one: Batch = batch.iter().map(own).collect();
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
        let places: Vec<usize> = draw.samples.iter().map(|&sample| self.samples.places()[sample as usize]).collect();
        let of_features = self.features.find_not_finite(&fit.function, &places, self.engine);
        let found = of_features.and_then(|()| self.engine.find_not_finite(plan, batch, draw));
        let cause = match found {
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
