//! [`Spec`] to [`Program`]: expands templates under known shapes; every edge of every graph gets a fact.
//!
//! In: a spec in which all names are known. Out: a program in which all shapes are known, or everything that is wrong.
//! Expansion runs the spec once, with facts in the place of tensors: compile-time loops run, blocks become nodes,
//! layers declare weights. It happens here and not in `resolve` because templates may ask for shapes (`H / h`).
//!
//! An `Expander` evaluates expressions in an `Environment`; an operation goes with its `CallSite` to a `Builder`, which
//! puts it into a graph; a function that fails has reported why, and says so with an `Outcome`.

#![deny(clippy::wildcard_enum_match_arm)]

mod build;
pub mod condition;
mod error;
mod evaluate;
mod model;
mod record;
mod report;
mod trace;
mod value;
pub mod variant;

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::fact::Dim;
use diadc_core::graph::{Function, ScopeId};
use diadc_core::span::Span;

use crate::diagnostic::Diagnostic;
use crate::parse::ast::Expr;
use crate::program::{Program, Source};
use crate::resolve::Query;
use crate::resolve::spec::{Block, Meanings, ModuleId, Spec};

use build::Builder;
pub(crate) use model::{LARGEST_BATCH, MOST_STEPS};
pub use record::Record;
use report::{Outcome, Reports};
use trace::Effort;
use value::environment::{Environment, Instances};
use value::{InstanceId, Value};

/// The most operations that a spec may expand to: each takes some hundred bytes here, and time wherever it runs.
const OPERATIONS: usize = 500_000;

/// What is checked, with warnings; or everything that is wrong with it.
pub type Checked<T> = Result<(T, Vec<Diagnostic>), Vec<Diagnostic>>;

/// Expands the model of a spec into a program. Warnings come with it.
///
/// # Errors
/// Everything that is wrong, in the order of the source.
pub fn check(spec: &Spec) -> Checked<Program> {
    let mut expander = Expander::new(spec);
    let program = expander.program();
    expander.reports.conclude(program)
}

/// The same, with a record of the values that names had, also if something is wrong.
pub fn check_recorded(spec: &Spec) -> (Checked<Program>, Record) {
    let mut expander = Expander::new(spec);
    expander.record = Some(Record::default());
    let program = expander.program();
    (expander.reports.conclude(program), expander.record.unwrap_or_default())
}

/// Expands the model of a spec and, in its scope, an expression from outside. If that is the name of an objective, it
/// runs as in training. Warnings come with it.
///
/// # Errors
/// Everything that is wrong, in the order of the source; also an input that nothing takes.
pub fn check_query(spec: &Spec, query: &Query) -> Checked<(Program, Function)> {
    let mut expander = Expander::new(spec);
    let made = expander.program_and_query(query);
    expander.reports.conclude(made)
}

/// Evaluates a spec: names, templates, shapes and settings.
struct Expander<'a> {
    spec: &'a Spec,
    reports: Reports,
    effort: Effort,
    builder: Builder,
    instances: Instances,
    /// Where the spec makes the instance at each prefix; another one at the same prefix is a mistake.
    placed: FxHashMap<Arc<str>, Span>,
    /// What names mean that no scope says, also in the expression of a query.
    meanings: Meanings,
    /// The functions of the model that another function of it has called, without a mistake or with one in their bodies that is
    /// told of the call; for each, the functions within which it was called.
    called: FxHashMap<Arc<str>, BTreeSet<String>>,
    /// Values of top-level constants; `None` while one is being computed.
    constants: FxHashMap<(ModuleId, Arc<str>), Option<Outcome<Value>>>,
    function: FunctionState,
    /// Other images for objectives.
    sources: Vec<Source>,
    /// Values of `param`s to try; with some, the check ends at the first mistake.
    probed: Vec<(Arc<str>, Expr)>,
    /// The values that names had, if a caller asks for them.
    record: Option<Record>,
}

/// State of the function that is being expanded.
#[derive(Default)]
struct FunctionState {
    name: String,
    /// The parts that an objective trains, and those that it freezes.
    trains: Vec<InstanceId>,
    freezes: Vec<InstanceId>,
    is_objective: bool,
    /// Members of the model that hold tensors, computed once for the function.
    shared: FxHashMap<Arc<str>, Value>,
    /// Names that its body knows beside its parameters.
    locals: Vec<(Arc<str>, Value)>,
    /// The number of samples, if the inputs have one.
    batch: Option<Dim>,
}

impl<'a> Expander<'a> {
    fn new(spec: &'a Spec) -> Expander<'a> {
        Expander {
            spec,
            reports: Reports::new(&spec.diagnostics),
            effort: Effort::default(),
            builder: Builder::default(),
            instances: Instances::default(),
            placed: FxHashMap::default(),
            meanings: spec.meanings.clone(),
            called: FxHashMap::default(),
            constants: FxHashMap::default(),
            function: FunctionState::default(),
            sources: Vec::new(),
            probed: Vec::new(),
            record: None,
        }
    }

    /// The program of the model, and the function that a query asks for.
    fn program_and_query(&mut self, query: &Query) -> Outcome<(Program, Function)> {
        let mut program = self.program()?;
        self.meanings.extend(query.meanings.iter().map(|(at, meaning)| (*at, *meaning)));
        let function = self.query(query)?;
        // What is only used here has weights too, and calls that made nodes.
        program.weights = self.builder.declared();
        program.scopes = std::mem::take(&mut self.builder.scopes);
        Ok((program, function))
    }

    /// Begins another function, and gives its outermost scope.
    fn begin(&mut self, name: &str) -> ScopeId {
        self.function = FunctionState { name: name.to_owned(), ..FunctionState::default() };
        self.builder.begin(name)
    }

    /// Reports it if so many more operations are too many.
    fn has_room(&mut self, count: usize, span: Span) -> Outcome<()> {
        if self.builder.operations.saturating_add(count) <= OPERATIONS {
            return Ok(());
        }
        Err(self.report_once(error::too_many_operations(OPERATIONS, span)))
    }

    /// Whether the block of an instance has members that could not be read, so that a name may be one of theirs.
    fn is_partial(&self, instance: Option<InstanceId>) -> bool {
        instance.is_some_and(|id| self.spec.block(self.instances[id].block).is_partial)
    }

    /// The block of the model.
    fn model_block(&self) -> &'a Block {
        self.spec.block(self.instances[InstanceId::MODEL].block)
    }

    /// The environment of a member of the model that is no function, in a scope of its own.
    fn model_environment(&mut self, label: &str, module: ModuleId) -> Environment {
        let scope = self.builder.scope(None, label, None);
        self.environment_of(InstanceId::MODEL, module, scope)
    }

    fn environment_of(&self, instance: InstanceId, module: ModuleId, scope: ScopeId) -> Environment {
        let prefix = self.instances[instance].prefix.clone();
        let mut environment = Environment::new(module, Some(instance), prefix, scope);
        environment.locals =
            self.instances[instance].arguments.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        environment
    }

    /// Whether the objective that is being expanded trains the weights of an instance.
    fn is_trained(&self, instance: Option<InstanceId>) -> bool {
        let mut at = instance;
        while let Some(id) = at {
            if self.function.freezes.contains(&id) {
                return false;
            }
            if self.function.trains.contains(&id) {
                return true;
            }
            at = self.instances[id].owner;
        }
        false
    }
}
