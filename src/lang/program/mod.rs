//! A whole experiment: its functions as graphs, the weights that they share, and how it is trained and scored.

mod image_format;
pub mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use diadc_core::graph::ScopeId;
use diadc_core::op::WeightId;
use diadc_core::plan::{Plan, plan, plan_passes};
use diadc_core::span::Span;

use crate::diagnostic::count;
use crate::differentiate::{Rules, descend, differentiate, recompute};
use crate::measure::Measure;
use crate::optimize::optimize;

use written::Written;

pub use diadc_core::graph::Function;
pub use diadc_core::op::{Decay, Optimizer};
pub use diadc_core::stream::{CHUNK, Gather, Hoard, Pass, Separated, separate, stream};
pub use image_format::{Augmentation, Filter, ImageFormat, MaskRule, Sizing};

/// What `check` makes of a spec.
#[derive(Clone, Debug)]
pub struct Program {
    /// Name of the model.
    pub name: String,
    /// What its doc comment says.
    pub doc: String,
    /// The values of its `param`s, as they are written.
    pub params: Vec<(String, String)>,
    /// All weights of all functions.
    pub weights: Vec<Weight>,
    /// The parts that weights belong to, each before those within it.
    pub parts: Vec<Part>,
    /// What published weights hold besides, by what its blocks say.
    pub ignored: Vec<Ignored>,
    /// All functions that can be run.
    pub functions: Vec<Function>,
    /// What is trained, in the order of the spec.
    pub objectives: Vec<Objective>,
    /// How its weights come about, one stage after the other.
    pub stages: Vec<Stage>,
    /// How images reach the model; none if it takes no images.
    pub data: Option<ImageFormat>,
    /// Other images for its objectives.
    pub sources: Vec<Source>,
    /// What a run measures; the exact protocol if the spec says nothing.
    pub measure: Measure,
    /// The calls that made the nodes.
    pub scopes: Vec<Scope>,
    /// What the text says besides.
    pub written: Written,
}

impl Program {
    /// The function with a name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The function with a name, optimised and ready to run; with gradients of the weights in `trained`, if there are any.
    #[must_use]
    pub fn plan(&self, name: &str, trained: &[WeightId]) -> Option<Plan> {
        self.function(name).map(|function| plan_function(function, trained))
    }

    /// A function as a phase trains it, optimised and ready to run: with the step of its optimiser, which changes the weights in
    /// `trained`.
    #[must_use]
    pub fn plan_in(&self, phase: &Phase, function: &Function, trained: &[WeightId]) -> Plan {
        let (pass, after) = self.stepped(phase, function, trained);
        plan_passes(&pass, after.as_ref())
    }

    /// A function as a phase trains it, and what takes the step after the last of several passes.
    #[must_use]
    pub fn stepped(&self, phase: &Phase, function: &Function, trained: &[WeightId]) -> (Function, Option<Function>) {
        let function = with_gradients(function, trained);
        let around = |scope: ScopeId| self.scopes.get(scope.0 as usize).and_then(|scope| scope.parent);
        let function = if phase.recompute { recompute(&function, &around) } else { function };
        let own = phase.own_rules();
        let of = |id: WeightId| own.get(&id).copied().unwrap_or(phase.optimizer);
        descend(&function, &Rules { of: &of, clip_norm: phase.clip_norm, passes: phase.accumulate.max(1) })
    }

    /// A weight.
    #[must_use]
    pub fn weight(&self, id: WeightId) -> &Weight {
        &self.weights[id.0 as usize]
    }

    /// The weights that functions read or update.
    #[must_use]
    pub fn read_by<'a>(&self, functions: impl IntoIterator<Item = &'a Function>) -> BTreeSet<WeightId> {
        let of = |function: &Function| {
            let read = function.graph.weights().into_iter().map(|(id, _)| id);
            read.chain(function.updates.iter().map(|(id, _)| *id)).collect::<Vec<_>>()
        };
        functions.into_iter().flat_map(of).collect()
    }

    /// The part with a name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The part of the model itself that a weight with this path belongs to: of several within whose paths it lies, the one
    /// with the longest.
    #[must_use]
    pub fn owner(&self, path: &str) -> Option<&Part> {
        self.own_parts().filter(|part| part.has(path)).max_by_key(|part| part.path.len())
    }

    /// The `param` that alone has this value, as it is written.
    #[must_use]
    pub fn only_param(&self, value: &str) -> Option<&str> {
        let mut params = self.params.iter().filter(|(_, own)| own == value).map(|(name, _)| name.as_str());
        params.next().filter(|_| params.next().is_none())
    }

    /// The parts of the model itself, without those within them.
    pub fn own_parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.owner.is_none())
    }

    /// The stages that train, in their order.
    pub fn phases(&self) -> impl Iterator<Item = &Phase> {
        self.stages.iter().filter_map(|stage| match stage {
            Stage::Training(phase) => Some(phase),
            Stage::Fit(_) => None,
        })
    }

    /// The stages that fit, in their order.
    pub fn fits(&self) -> impl Iterator<Item = &Fit> {
        self.stages.iter().filter_map(|stage| match stage {
            Stage::Training(_) => None,
            Stage::Fit(fit) => Some(fit),
        })
    }

    /// All weights with their numbers.
    pub fn weights(&self) -> impl Iterator<Item = (WeightId, &Weight)> {
        (0..).map(WeightId).zip(&self.weights)
    }
}

/// A function that need not be one of a program's own, optimised and ready to run; with gradients of the weights in
/// `trained`, if there are any.
#[must_use]
pub fn plan_function(function: &Function, trained: &[WeightId]) -> Plan {
    if trained.is_empty() { plan(&optimize(function)) } else { plan(&with_gradients(function, trained)) }
}

/// A function with the gradients of its first output by these weights, optimised.
#[must_use]
pub fn with_gradients(function: &Function, trained: &[WeightId]) -> Function {
    optimize(&differentiate(&optimize(function), trained))
}

/// The function of a part that a call runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartCall {
    /// What the paths of the part's weights begin with.
    pub path: Arc<str>,
    /// The function; none for the main one.
    pub function: Option<Arc<str>>,
}

/// A call of a block or function that made nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The call within which it was made; none for the function itself.
    pub parent: Option<ScopeId>,
    /// The place of the part, or the name of the function.
    pub label: Arc<str>,
    /// The name of the block, if it is one.
    pub block: Option<Arc<str>>,
    /// The part and its function, if it is one of a part.
    pub part: Option<PartCall>,
    /// Where it is called; none for the function itself.
    pub span: Option<Span>,
}

/// A tensor that lives as long as the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Its path: the key in a checkpoint.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first value.
    pub init: Init,
    /// Whether it is a statistic of the data, which no optimiser touches.
    pub is_statistic: bool,
    /// The layer that declared it.
    pub span: Span,
}

/// The path of a weight without that of the part in which it lies; all of it if the part stands at the top. None if it
/// does not lie there.
#[must_use]
pub fn below<'a>(part: &str, path: &'a str) -> Option<&'a str> {
    if part.is_empty() { Some(path) } else { path.strip_prefix(part)?.strip_prefix('.') }
}

impl Weight {
    /// Whether it has no first value: a fit computes it, or a checkpoint has it.
    #[must_use]
    pub fn awaits_fit(&self) -> bool {
        self.init == Init::Fitted
    }
}

/// A part of the model, or a part of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name as the spec has it: `sd`, `sd.decoder`; elements of a list of parts by their index.
    pub name: String,
    /// The part that it is a part of; none if that is the model.
    pub owner: Option<String>,
    /// The block that it is made of.
    pub block: String,
    /// What the paths of its weights begin with; empty if it stands at the top.
    pub path: String,
    /// Whether a checkpoint to start from may lack its weights.
    pub is_fresh: bool,
}

impl Part {
    /// Whether a weight with this path is one of its own.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.relative(path).is_some()
    }

    /// The path of a weight of its own without that of the part.
    #[must_use]
    pub fn relative<'a>(&self, path: &'a str) -> Option<&'a str> {
        below(&self.path, path)
    }
}

/// Weights that a file may hold at a place, which the block there does not use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignored {
    /// What the paths of the block's weights begin with; empty if it stands at the top.
    pub path: String,
    /// Patterns of names below that path, in which each `*` stands for any text. One that fits a weight of the program
    /// ignores nothing.
    pub patterns: Vec<String>,
    /// Why they are not needed.
    pub reason: String,
}

/// Other images, of which objectives get one for each training image.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The name by which objectives know it.
    pub name: String,
    /// How its images reach the model, and how they are changed at random.
    pub format: ImageFormat,
}

/// First value of a weight.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Init {
    /// All elements the same.
    Constant(f64),
    /// Normal with mean and standard deviation.
    Normal { mean: f64, std: f64 },
    /// Normal with mean and standard deviation, drawn again where it is not within `low..=high`.
    TruncatedNormal { mean: f64, std: f64, low: f64, high: f64 },
    /// Uniform in `low..high`.
    Uniform { low: f64, high: f64 },
    /// Seen as a matrix of as many rows as the first axis has: orthogonal rows of length 1, or columns if there are more rows
    /// (Saxe et al., 2014).
    Orthogonal,
    /// In each row a 1 in another column, and zeros.
    Permutation,
    /// Different ones of the numbers from 0 to below `of`, in a random order.
    Choice { of: usize },
    /// What another weight has first.
    CopyOf(String),
    /// None: a fit computes it, or a checkpoint has it.
    Fitted,
}

impl Init {
    /// The path of the weight of which this is a copy.
    #[must_use]
    pub fn original(&self) -> Option<&str> {
        match self {
            Init::CopyOf(path) => Some(path),
            Init::Constant(_)
            | Init::Normal { .. }
            | Init::TruncatedNormal { .. }
            | Init::Uniform { .. }
            | Init::Orthogonal
            | Init::Permutation
            | Init::Choice { .. }
            | Init::Fitted => None,
        }
    }
}

/// A scalar that is made small by changing weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Its name, which is also that of its function.
    pub name: String,
    /// The weights that it changes.
    pub trains: Vec<WeightId>,
}

/// A stretch of a run in which weights change.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Weights follow their gradients.
    Training(Phase),
    /// Stored tensors are computed of the training set.
    Fit(Fit),
}

/// Stored tensors that are computed of the whole training set, without gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The part whose tensors they are.
    pub part: String,
    /// Whether it sees the training images that are held out, in place of the others.
    pub held_out: bool,
    /// The name of its function, whose outputs are the values of the tensors; its batch is all images that it sees.
    pub function: String,
    /// The tensors, in the order of the outputs.
    pub sets: Vec<WeightId>,
    /// How the function is computed a few images at a time.
    pub passes: Vec<Pass>,
}

/// A stretch of training.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Objectives that take turns, one step each.
    pub objectives: Vec<String>,
    /// How weights follow their gradients.
    pub optimizer: Optimizer,
    /// How those of some parts do.
    pub optimizers: Vec<Own>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Samples of one forward pass.
    pub batch: usize,
    /// Forward passes whose gradients are averaged for one step.
    pub accumulate: usize,
    /// Steps on one batch.
    pub inner: usize,
    /// How long it lasts.
    pub length: Length,
    /// Gradients longer than this (L2 norm over all weights) are shortened to it.
    pub clip_norm: Option<f64>,
    /// Whether what gradients need is computed again rather than kept.
    pub recompute: bool,
    /// Weights are averaged over the steps, and this share of the average stays in each. The averages are what the phase
    /// leaves.
    pub average: Option<f64>,
    /// The best weights are what the phase leaves; without it, the last ones.
    pub best: Option<Best>,
}

impl Phase {
    /// A phase of which nothing else is said.
    #[must_use]
    pub fn new(objectives: Vec<String>, optimizer: Optimizer, batch: usize, length: Length) -> Phase {
        Phase {
            objectives,
            optimizer,
            optimizers: Vec::new(),
            schedule: Schedule::Constant { warmup: Point::Step(0) },
            batch,
            accumulate: 1,
            inner: 1,
            length,
            clip_norm: None,
            recompute: false,
            average: None,
            best: None,
        }
    }

    /// The rules of the weights that do not follow [`Phase::optimizer`].
    #[must_use]
    pub fn own_rules(&self) -> BTreeMap<WeightId, Optimizer> {
        self.optimizers.iter().flat_map(|own| own.weights.iter().map(|id| (*id, own.optimizer))).collect()
    }
}

/// The optimiser of a part, which is not that of the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// The part.
    pub part: String,
    /// How its weights follow their gradients.
    pub optimizer: Optimizer,
    /// Its weights.
    pub weights: Vec<WeightId>,
}

/// Which weights of a phase are the best: those for which a function is the lowest, on average over the training images that
/// are held out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Best {
    /// The function, from images to a number for each.
    pub function: String,
    /// After how many steps it is evaluated, again and again; after each epoch unless given.
    pub every: Option<usize>,
    /// The phase ends when so many evaluations in a row were no better.
    pub patience: Option<usize>,
}

/// How long a phase lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Passes over the training set.
    Epochs(usize),
    /// Steps of the optimiser.
    Steps(usize),
}

/// How the learning rate changes over a phase; in all, it first rises from 0 up to `warmup`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Schedule {
    /// It stays.
    Constant { warmup: Point },
    /// It falls to `end` times its value along half a cosine.
    Cosine { warmup: Point, end: f64 },
    /// It is multiplied by `factor` at each of some points.
    Steps { warmup: Point, at: Vec<Point>, factor: f64 },
}

impl Schedule {
    /// What of it never comes in a phase of so many steps.
    #[must_use]
    pub fn idle(&self, steps: u64) -> Option<String> {
        let (Schedule::Constant { warmup } | Schedule::Cosine { warmup, .. } | Schedule::Steps { warmup, .. }) = self;
        let of = count(usize::try_from(steps).unwrap_or(usize::MAX), "step");
        if warmup.of(steps) >= steps && *warmup != Point::Step(0) {
            return Some(format!("the learning rate still rises when the training ends: `warmup: {warmup}` of {of}"));
        }
        let Schedule::Steps { at, .. } = self else { return None };
        let late = at.iter().find(|point| point.of(steps) >= steps)?;
        Some(format!("the learning rate is not changed at step {late}: the training has {of}"))
    }
}

/// A point in a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Point {
    /// After so many steps.
    Step(usize),
    /// After this share of all steps.
    Share(f64),
}

impl Point {
    /// How many of all steps come before it.
    #[must_use]
    pub fn of(self, steps: u64) -> u64 {
        match self {
            Point::Step(step) => step as u64,
            Point::Share(share) => (share * steps as f64).round() as u64,
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Point::Step(step) => write!(f, "{step}"),
            Point::Share(share) => write!(f, "{share:?}"),
        }
    }
}
