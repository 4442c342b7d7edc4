//! Runs a piece of work again and again, and reads the clock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::execute::{Draw, Engine, Grain, NamedTensors, PlanId, Timing};
use crate::graph::program::Program;

use super::super::error::{BenchError, ExperimentError};
use super::super::memory::most_held;
use super::arithmetic::{Amount, Arithmetic};
use super::request::{BenchRequest, Kind};
use super::result::{OperationPoint, Peak, Point, Steady};
use super::work::{Job, place};

/// How many runs after the first one warm up: the second step of training still takes memory for the first time.
const WARM_UP: usize = 1;

/// Measures jobs on a device.
pub(super) struct Meter<'a> {
    pub(super) program: &'a Program,
    pub(super) request: &'a BenchRequest,
    pub(super) peak: Peak,
    /// Ends measuring after the current run when another thread sets it.
    pub(super) stop: &'a AtomicBool,
}

/// A job on the device.
struct Loaded<'a> {
    job: &'a Job,
    id: PlanId,
    inputs: NamedTensors,
    draw: Draw,
}

/// The times of all runs of a job.
struct Runs {
    first: f64,
    first_timing: Timing,
    steady: Vec<f64>,
    /// The turns of loops in the steady runs.
    timings: Vec<Timing>,
    /// One more run with the times of operations, if they are wanted.
    operations: Option<Timing>,
}

impl Meter<'_> {
    /// How many runs of a job come before those that count.
    pub(super) fn warm_up(job: &Job) -> usize {
        match job.kind {
            Kind::Training => 1 + WARM_UP,
            Kind::Score | Kind::Loop => 1,
        }
    }

    /// The times of a job and of its loops; nothing if it was stopped before there were any.
    ///
    /// # Errors
    /// If the device fails, or a loss is not finite.
    pub(super) fn measure(&self, job: &Job, engine: &mut dyn Engine) -> Result<Vec<Point>, ExperimentError> {
        let inputs = job.inputs(self.request.seed)?;
        let draw = Draw { seed: self.request.seed, step: 0, samples: (0..job.batch as u64).collect() };
        let loaded = Loaded { job, id: engine.add(job.plan.clone()), inputs, draw };
        let runs = self.runs(&loaded, engine)?;
        engine.release(loaded.id);
        Ok(if runs.steady.is_empty() { Vec::new() } else { self.points(job, &runs) })
    }

    fn runs(&self, loaded: &Loaded<'_>, engine: &mut dyn Engine) -> Result<Runs, ExperimentError> {
        let is_stopped = || self.stop.load(Ordering::Relaxed);
        let (first, first_timing) = loaded.run(engine)?;
        let mut runs = Runs { first, first_timing, steady: Vec::new(), timings: Vec::new(), operations: None };
        for _ in 1..Meter::warm_up(loaded.job) {
            if !is_stopped() {
                loaded.run(engine)?;
            }
        }
        let mut sum = 0.0;
        while !is_stopped() && !self.request.limit.is_reached(runs.steady.len(), sum) {
            let (seconds, timing) = loaded.run(engine)?;
            sum += seconds;
            runs.steady.push(seconds);
            runs.timings.push(timing);
        }
        if self.request.by_operation && !is_stopped() {
            runs.operations = Some(engine.time(loaded.id, &loaded.inputs, &loaded.draw, Grain::Operations)?);
        }
        Ok(runs)
    }

    fn points(&self, job: &Job, runs: &Runs) -> Vec<Point> {
        let mut points = Vec::new();
        if self.request.wants(job.kind) {
            let steady = Steady::of(&runs.steady);
            let mut point = self.point(job, job.name.clone(), (runs.first, steady), job.arithmetic.whole);
            point.images_per_second = Some(job.batch as f64 / steady.median);
            point.operations = operations(runs, &job.arithmetic, None);
            points.push(point);
        }
        if self.request.wants(Kind::Loop) {
            points.extend((0..job.arithmetic.loops.len()).filter_map(|number| self.turn(job, runs, number)));
        }
        points
    }

    /// The times of a turn of a loop; none if it took none.
    fn turn(&self, job: &Job, runs: &Runs, number: usize) -> Option<Point> {
        let own = &job.arithmetic.loops[number];
        let all = runs.timings.iter().filter_map(|timing| timing.loops.get(number));
        let turns: Vec<f64> = all.flat_map(|timing| timing.turns.iter().copied()).collect();
        let first = *runs.first_timing.loops.get(number)?.turns.first()?;
        let each = |sum: u64| sum / own.turns.max(1);
        let amount =
            Amount { multiply_adds: each(own.amount.multiply_adds), weight_bytes: each(own.amount.weight_bytes) };
        let name = place(self.program, &job.name, own.origin);
        let point = self.point(job, name, (first, Steady::of(&turns)), amount);
        Some(Point { kind: Kind::Loop, operations: operations(runs, &job.arithmetic, Some(number)), ..point })
    }

    fn point(&self, job: &Job, name: String, (first, steady): (f64, Steady), amount: Amount) -> Point {
        let at_peak = amount.multiply_adds as f64 / self.peak.multiply_adds_per_second;
        Point {
            kind: job.kind,
            name,
            batch: job.batch,
            precision: self.peak.precision,
            first,
            steady,
            images_per_second: None,
            multiply_adds: amount.multiply_adds,
            weight_bytes: amount.weight_bytes,
            share_of_peak: at_peak / steady.median,
            estimated_memory: job.need,
            peak_memory: most_held(),
            operations: Vec::new(),
        }
    }
}

impl Loaded<'_> {
    /// Runs it once: the seconds it took, and its loops.
    fn run(&self, engine: &mut dyn Engine) -> Result<(f64, Timing), ExperimentError> {
        let begun = Instant::now();
        let timing = match self.job.kind {
            Kind::Score | Kind::Loop => engine.time(self.id, &self.inputs, &self.draw, Grain::Turns)?,
            Kind::Training => {
                // With a learning rate of zero the weights stay as they are.
                let loss = engine.step(self.id, &self.inputs, &self.draw, 0.0)?.loss;
                if !loss.is_finite() {
                    return Err(BenchError::NotFinite(self.job.name.clone(), loss).into());
                }
                engine.wait()?;
                Timing::default()
            }
        };
        Ok((begun.elapsed().as_secs_f64(), timing))
    }
}

/// The kinds of operations of a run, or of a turn of a loop in it, longest first.
fn operations(runs: &Runs, arithmetic: &Arithmetic, within: Option<usize>) -> Vec<OperationPoint> {
    let Some(timing) = &runs.operations else { return Vec::new() };
    let belongs = |inner: Option<usize>| within.is_none_or(|outer| arithmetic.lies_in(inner, outer));
    let turns = within.map_or(1, |number| arithmetic.loops[number].turns.max(1));
    let mut points: Vec<OperationPoint> = Vec::new();
    for own in timing.operations.iter().filter(|own| belongs(own.within)) {
        let known = points.iter().position(|point| point.kind == own.kind).unwrap_or_else(|| {
            let kind = own.kind.clone();
            points.push(OperationPoint { kind, count: 0.0, seconds: 0.0, multiply_adds: 0 });
            points.len() - 1
        });
        points[known].count += own.count as f64 / turns as f64;
        points[known].seconds += own.seconds / turns as f64;
        let key = (own.within, own.kind.clone());
        points[known].multiply_adds += arithmetic.operations.get(&key).copied().unwrap_or(0) / turns;
    }
    points.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    points
}
