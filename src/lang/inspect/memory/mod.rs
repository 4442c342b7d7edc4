//! How much memory a function and a step of training take, before they run.
//!
//! In: a [`Plan`], the weights of its program, the size of a batch, a precision. Out: a [`Footprint`]: how much weights,
//! gradients, the optimiser and all other values hold at the peak, and which values are the largest. A simulation steps
//! through the plan with the rules of `effect.rs` in place of kernels. On the CPU the program itself is counted as well, so that the sum is the peak of resident memory. Images that a run keeps
//! decoded and what metrics store of a test set are not included, because they depend on the data.

mod effect;
mod pool;
mod simulate;

use diadc_core::fact::{Fact, Precision, batch_of};
use diadc_core::graph::{Graph, Origin};
use diadc_core::op::{State, WeightId};
use diadc_core::plan::Plan;

use crate::program::{CHUNK, Fit, Phase, Program, plan_function};

use simulate::Simulation;

/// Bytes of a floating-point number.
const NUMBER: u64 = 4;

/// What a count of memory depends on besides the plan.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// Samples of a batch.
    pub batch: usize,
    /// The precision in which products are computed.
    pub precision: Precision,
    /// Cores that work at once, each with scratch memory of its own; 0 on a graphics processor.
    pub cores: usize,
}

/// Bytes that the program holds on the CPU besides tensors, as measured: the code that has run, the compiled spec, and gaps
/// between small blocks.
pub const PROGRAM: u64 = 14_000_000;

/// The buffer of each thread for packed matrices, in bytes: as much as its second-level cache holds.
const PACKED: u64 = 2 << 20;

/// Memory in bytes at the peak.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    /// The program itself on the CPU, without tensors.
    pub program: u64,
    /// All weights of the program.
    pub weights: u64,
    /// Gradients of weights, also those that wait for the step.
    pub gradients: u64,
    /// The optimiser moments.
    pub optimizer: u64,
    /// All other values.
    pub activations: u64,
    /// The largest of those, largest first.
    pub largest: Vec<Held>,
}

/// What a function or a step of training needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// The function or objective.
    pub name: String,
    /// Samples of a batch.
    pub batch: usize,
    /// What of it runs.
    pub kind: NeedKind,
    /// Its memory; none if an extent is open besides the batch.
    pub footprint: Option<Footprint>,
}

/// What needs memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedKind {
    /// A function.
    Function,
    /// A fit.
    Fit,
    /// A step of training.
    Training,
}

/// A value that is held at the peak.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The operation that made it.
    pub what: String,
    /// Where that comes from, if it comes from the spec.
    pub origin: Option<Origin>,
    /// Its size.
    pub bytes: u64,
}

impl Footprint {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.program + self.weights + self.gradients + self.optimizer + self.activations
    }
}

/// The memory of all functions and all steps of training of a program: functions for one sample and training for the
/// spec's batch size, unless `batch` gives another.
#[must_use]
pub fn needs(program: &Program, batch: Option<usize>, precision: Precision, cores: usize) -> Vec<Need> {
    let has_own = |name: &str| {
        program.objectives.iter().any(|objective| objective.name == name)
            || program.fits().any(|fit| fit.function == name)
    };
    let functions = program.functions.iter().filter(|function| !has_own(&function.name)).map(|function| {
        let circumstances = Circumstances { batch: batch.unwrap_or(1), precision, cores };
        let footprint = inference(program, &plan_function(function, &[]), circumstances);
        Need { name: function.name.clone(), batch: circumstances.batch, kind: NeedKind::Function, footprint }
    });
    let fits = program.fits().map(|fit| {
        let footprint = fitting(program, fit, None, Circumstances { batch: CHUNK, precision, cores });
        Need { name: fit.function.clone(), batch: CHUNK, kind: NeedKind::Fit, footprint }
    });
    let steps = program.phases().flat_map(|phase| phase.objectives.iter().map(move |name| (phase, name)));
    let steps = steps.filter_map(|(phase, name)| {
        let circumstances = Circumstances { batch: batch.unwrap_or(phase.batch), precision, cores };
        let trained = &program.objectives.iter().find(|objective| objective.name == *name)?.trains;
        let plan = program.plan_in(phase, program.function(name)?, trained);
        let footprint = training(program, &plan, phase, circumstances);
        Some(Need { name: name.clone(), batch: circumstances.batch, kind: NeedKind::Training, footprint })
    });
    functions.chain(fits).chain(steps).collect()
}

/// Memory of running a plan without gradients; none if an extent is open besides the batch.
#[must_use]
pub fn inference(program: &Program, plan: &Plan, circumstances: Circumstances) -> Option<Footprint> {
    let simulation = Simulation::run(program, plan, circumstances)?;
    let (weights, largest) = (weights(program, circumstances), largest_weight(program));
    Some(simulation.footprint(weights).at_least(largest))
}

/// Memory of a fit: of its largest pass, with a few images at a time and what is gathered of them, or of what is
/// computed after it, in double precision. Without a number of images, as many rows are counted as a coreset takes at most,
/// and nothing for a quantile of all images. None if an extent is open besides the batch.
#[must_use]
pub fn fitting(program: &Program, fit: &Fit, images: Option<usize>, circumstances: Circumstances) -> Option<Footprint> {
    let circumstances = Circumstances { batch: CHUNK, ..circumstances };
    let mut most: Option<Footprint> = None;
    let mut known = 0;
    for pass in &fit.passes {
        let during = inference(program, &plan_function(&pass.each, &[]), circumstances)?;
        let gathered: u64 = pass.gathers.iter().map(|gather| double(&gather.fact)).sum();
        let hoarded = pass.gathers.iter().filter_map(|gather| pass.hoard(gather, images)).map(|hoard| hoard.bytes());
        let hoarded = hoarded.fold(0, u64::saturating_add);
        known += gathered;
        let outputs: u64 =
            pass.each.graph.outputs().iter().map(|(_, value)| of_chunk(pass.each.graph.fact(*value))).sum();
        // A chunk lies on the host in both precisions while it is added.
        let during =
            Footprint { activations: (during.activations + known + 3 * outputs).saturating_add(hoarded), ..during };
        let behind = Footprint { activations: known + behind(&pass.then.graph), largest: Vec::new(), ..during.clone() };
        for footprint in [during, behind] {
            if most.as_ref().is_none_or(|most| footprint.total() > most.total()) {
                most = Some(footprint);
            }
        }
    }
    most
}

/// The most that the values of a graph hold at once in double precision, without its inputs.
fn behind(graph: &Graph) -> u64 {
    let mut left = graph.uses();
    let (mut held, mut most) = (0_u64, 0);
    for (id, node) in graph.nodes() {
        held += node.facts.iter().map(double).sum::<u64>();
        most = most.max(held);
        for input in graph.inputs_of(id) {
            let left = left.entry(input).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                held = held.saturating_sub(double(graph.fact(input)));
            }
        }
    }
    most
}

/// The bytes of a value about the whole set in double precision.
fn double(fact: &Fact) -> u64 {
    fact.shape.elements().known().map_or(0, |elements| 2 * NUMBER * elements.unsigned_abs())
}

/// The bytes of a value of a chunk of images.
fn of_chunk(fact: &Fact) -> u64 {
    fact.shape.elements().value(&batch_of(CHUNK)).map_or(0, |elements| NUMBER * elements.unsigned_abs())
}

/// Memory of a step of training in a phase: of the objective whose plan this is, after the first step.
#[must_use]
pub fn training(program: &Program, plan: &Plan, phase: &Phase, circumstances: Circumstances) -> Option<Footprint> {
    let (optimizer, weights) = (remembered(program, phase), weights(program, circumstances));
    let summed = plan.states.iter().filter(|(state, _)| matches!(state, State::Sum(_)));
    let summed: u64 = summed.map(|(state, _)| elements(program, state.weight()) * NUMBER).sum();
    let mut most: Option<Footprint> = None;
    for plan in std::iter::once(plan).chain(plan.after.as_deref()) {
        let own = Simulation::run(program, plan, circumstances)?.footprint(weights);
        let own = Footprint { optimizer, gradients: own.gradients + summed, ..own };
        if most.as_ref().is_none_or(|most| own.total() > most.total()) {
            most = Some(own);
        }
    }
    most
}

/// The optimiser moments of a phase, and its averages.
fn remembered(program: &Program, phase: &Phase) -> u64 {
    let own = phase.own_rules();
    let averages = u64::from(phase.average.is_some());
    let copies = |id: &WeightId| own.get(id).unwrap_or(&phase.optimizer).moments().len() as u64 + averages;
    let turns = program.objectives.iter().filter(|objective| phase.objectives.contains(&objective.name));
    let trained = turns.flat_map(|objective| &objective.trains);
    trained.map(|id| copies(id) * elements(program, *id) * NUMBER).sum()
}

/// The program with the threads that compute.
fn program_itself(cores: usize) -> u64 {
    if cores == 0 { 0 } else { PROGRAM + cores as u64 * PACKED }
}

impl Footprint {
    /// While weights are loaded, one of them at a time is held twice.
    fn at_least(self, largest: u64) -> Footprint {
        if self.activations >= largest { self } else { Footprint { activations: largest, ..self } }
    }
}

fn elements(program: &Program, id: WeightId) -> u64 {
    program.weight(id).shape.iter().product::<usize>() as u64
}

/// All weights. On a graphics processor there are copies for products in bf16 besides.
fn weights(program: &Program, circumstances: Circumstances) -> u64 {
    let own: u64 = program.weights().map(|(id, _)| elements(program, id) * NUMBER).sum();
    let has_copies = circumstances.cores == 0 && circumstances.precision == Precision::Bf16;
    if has_copies { own + own / 2 } else { own }
}

fn largest_weight(program: &Program) -> u64 {
    program.weights().map(|(id, _)| elements(program, id) * NUMBER).max().unwrap_or(0)
}
