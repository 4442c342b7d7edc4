//! How fast a model is on a device: scoring, training, and the turns of loops.
//!
//! In: a compiled spec, a [`BenchRequest`] and a target. Out: a [`BenchResult`]: times of the first and of later runs, and
//! what share of the device's peak they reach. Images are random and weights may be first values, so that neither a data
//! set nor a checkpoint is needed. [`Bench::new`] checks everything before the first slow run. [`compare()`] sets a result
//! beside an earlier one.

mod against;
mod arithmetic;
mod measure;
mod peak;
mod request;
mod result;
mod work;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::compile::Compiled;
use crate::weight::Place;

use super::error::ExperimentError;
use super::memory::{Shortage, memory_left};
use super::model::{Model, Trained};
use super::observer::Observer;
use super::record::{now, texts_hash};
use super::target::Target;

pub use against::{Ratio, Ratios, compare, read};
pub use arithmetic::{Amount, Arithmetic, LoopArithmetic};
pub use request::{BenchRequest, Kind, Limit};
pub use result::{BenchResult, OperationPoint, Peak, Point, Provenance, Steady};

use measure::Meter;
use work::{Job, jobs, shortage};

/// The share of the peak that is expected before anything has been measured.
const EXPECTED_SHARE: f64 = 0.25;

/// A measurement that has been checked and can begin.
pub struct Bench<'a> {
    compiled: &'a Compiled,
    spec: String,
    request: BenchRequest,
    target: Target,
    jobs: Vec<Job>,
}

impl<'a> Bench<'a> {
    /// Checks what is to be measured. `spec` is what the user calls the program; the request says in which precisions.
    ///
    /// # Errors
    /// If the program has nothing of the kind, or needs inputs other than images and classes.
    pub fn new(
        compiled: &'a Compiled,
        spec: &str,
        request: BenchRequest,
        target: Target,
    ) -> Result<Bench<'a>, ExperimentError> {
        let jobs = jobs(&compiled.program, &request, target)?;
        for job in &jobs {
            job.check_inputs()?;
        }
        Ok(Bench { compiled, spec: spec.to_owned(), request, target, jobs })
    }

    /// Refuses work that needs more memory than the request allows. If it allows any, returns the work that needs more
    /// than the machine has left.
    ///
    /// # Errors
    /// If the work needs more than the request allows.
    pub fn check_memory(&self) -> Result<Option<Shortage>, ExperimentError> {
        match self.request.memory {
            Some(limit) => {
                shortage(&self.jobs, limit).map_or(Ok(None), |shortage| Err(ExperimentError::Memory(shortage)))
            }
            None => Ok(memory_left(self.target.device).and_then(|limit| shortage(&self.jobs, limit))),
        }
    }

    /// Measures everything, or what is possible until `stop` is set.
    ///
    /// # Errors
    /// If weights can't be read, the device is not there or fails, or a loss is not finite.
    pub fn run(&self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<BenchResult, ExperimentError> {
        let mut result = BenchResult {
            format: result::FORMAT.to_owned(),
            provenance: self.provenance(),
            peaks: Vec::new(),
            points: Vec::new(),
            is_complete: false,
        };
        let is_stopped = || stop.load(Ordering::Relaxed);
        for &precision in &self.request.precisions {
            if is_stopped() {
                break;
            }
            let target = Target { precision, ..self.target };
            let engine = target.open(observer)?;
            observer.on_measuring(&format!("large products in {precision}"), None);
            let peak = peak::peak(target, engine)?;
            result.peaks.push(peak);
            if is_stopped() {
                break;
            }
            let (program, seed) = (&self.compiled.program, self.request.seed);
            let needed = program.read_by(self.jobs.iter().filter_map(|job| program.function(&job.name)));
            let mut model = match &self.request.weights {
                None => Model::first(program, &needed, target, seed, observer)?,
                Some(path) => {
                    let place = Place { path, within: self.request.within.as_deref() };
                    // Times do not depend on what the weights were trained for, so that their settings need not be these.
                    let weights = Trained { place, settings: &program.params };
                    Model::load(program, weights, &needed, target, seed, observer)?
                }
            };
            let meter = Meter { program, request: &self.request, peak, stop };
            for job in self.jobs.iter().take_while(|_| !is_stopped()) {
                let what = format!("{} with a batch of {} in {precision}", job.title(), job.batch);
                observer.on_measuring(&what, Some(self.expected(job, peak, &result.points)));
                result.points.extend(meter.measure(job, model.engine())?);
            }
        }
        result.is_complete = !is_stopped();
        Ok(result)
    }

    /// How long a job will take, by what has been measured of its kind so far.
    fn expected(&self, job: &Job, peak: Peak, points: &[Point]) -> Duration {
        let alike = points.iter().rev().find(|point| point.kind == job.kind && point.precision == peak.precision);
        let share = alike.map_or(EXPECTED_SHARE, |point| point.share_of_peak).max(1e-6);
        let run = job.arithmetic.whole.multiply_adds as f64 / peak.multiply_adds_per_second / share;
        let more = if self.request.by_operation { run } else { 0.0 };
        let seconds = Meter::warm_up(job) as f64 * run + self.request.limit.expected(run) + more;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    fn provenance(&self) -> Provenance {
        let weights = self.request.weights.as_ref().map(|path| path.display().to_string());
        Provenance {
            program: format!("diadc {}", env!("CARGO_PKG_VERSION")),
            date: now(),
            spec: self.spec.clone(),
            spec_hash: texts_hash(self.compiled),
            params: self.compiled.program.params.iter().cloned().collect(),
            weights: weights.unwrap_or_else(|| "init".to_owned()),
            seed: self.request.seed,
            device: self.target.device.to_string(),
            processor: processor(),
            threads: self.target.threads,
        }
    }
}

/// What the processor of this machine is called, if the system says so.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}
