//! [`Spec`] to [`Program`]: templates are expanded under known shapes, and every edge of every graph gets a fact.
//!
//! In: a spec, all names of which are known. Out: a program in which no shape is open, or everything that is wrong.
//! Expansion runs the spec once, with facts in the place of tensors: compile-time loops run, blocks become nodes,
//! layers declare weights. It happens here and not in `resolve` because templates may ask for shapes (`H / h`).
//! What follows from a mistake that has been reported stays quiet (`Value::Poison`).

mod argument;
mod builtin;
mod call;
pub mod condition;
mod emit;
mod environment;
mod error;
mod expression;
mod image_format;
mod instance;
mod layer;
mod model;
mod number;
mod operator;
mod query;
mod record;
mod run_loop;
mod measure;
mod settings;
mod tensor;
mod trace;
mod types;
mod value;
mod written;

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::graph::{Function, Origin, ScopeId};
use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::diagnostic::{Diagnostic, in_order};
use crate::parse::ast::Expr;
use crate::program::{Program, Scope, Weight};
use crate::resolve::Query;
use crate::resolve::spec::{ByName, ModuleId, Spec};

use emit::Builder;
use environment::{Environment, Instance};
pub use record::Record;
use trace::{Call, Callee};
use value::{InstanceId, Value};

/// Calls within calls, at most.
const DEPTH: usize = 200;
/// Calls and rounds of a `for` that are expanded, at most, so that no spec is checked for hours.
const CALLS: usize = 2_000_000;

/// Operations that are written out, at most: each takes some hundred bytes here, and time wherever they are run.
const OPERATIONS: usize = 500_000;

/// What is checked, with warnings; or everything that is wrong with it.
pub type Checked<T> = Result<(T, Vec<Diagnostic>), Vec<Diagnostic>>;

/// Expands the model of a spec into a program. Warnings come with it.
///
/// # Errors
/// Everything that is wrong, in the order of the source.
pub fn check(spec: &Spec) -> Checked<Program> {
    let mut checker = Checker::new(spec);
    let program = checker.program();
    checker.outcome(program)
}

/// The same, with a record of what was seen, also where something is wrong.
pub fn check_recorded(spec: &Spec) -> (Checked<Program>, Record) {
    let mut checker = Checker::new(spec);
    checker.record = Some(Record::default());
    let program = checker.program();
    let record = checker.record.take().unwrap_or_default();
    (checker.outcome(program), record)
}

/// Expands the model of a spec and, in its scope, an expression from outside. If that is the name of an objective, it
/// runs as in training. Warnings come with it.
///
/// # Errors
/// Everything that is wrong, in the order of the source; also an input that nothing takes.
pub fn check_query(spec: &Spec, query: &Query) -> Checked<(Program, Function)> {
    let mut checker = Checker::new(spec);
    let mut program = checker.program();
    let function = program.as_ref().and_then(|_| checker.query(InstanceId(0), query));
    // What is only used here has weights too, and calls that made nodes.
    if let Some(program) = &mut program {
        program.weights = checker.weights.values().map(|declared| declared.weight.clone()).collect();
        program.scopes = std::mem::take(&mut checker.scopes);
    }
    checker.outcome(program.zip(function))
}

struct Checker<'a> {
    spec: &'a Spec,
    diagnostics: Vec<Diagnostic>,
    /// The calls that are being expanded, outermost first.
    calls: Vec<Call>,
    /// How many calls and constants are being expanded around this place; rounds of a `for` do not count.
    depth: usize,
    /// How many calls and rounds there have been.
    expanded: usize,
    /// How many operations have been written out.
    operations: usize,
    instances: Vec<Instance>,
    /// Where the instance at each prefix was made: another one there is a mistake.
    placed: FxHashMap<Arc<str>, Span>,
    weights: ByName<Declared>,
    scopes: Vec<Scope>,
    /// The graph of the function that is expanded, then those of the loops that are open in it.
    builders: Vec<Builder>,
    /// Values of top-level constants; none while one is being computed.
    constants: FxHashMap<(ModuleId, Arc<str>), Option<Value>>,
    function: FunctionState,
    /// Where the tensors stand that the operation at hand works on, in their order.
    operands: Vec<Span>,
    /// A `param` with a value to be tried; then the first mistake ends the check.
    probed: Option<(Arc<str>, Expr)>,
    /// The part of the model in which the first mistake was, if it was in one.
    first_part: Option<Option<Arc<str>>>,
    /// What was seen, if somebody asks.
    record: Option<Record>,
}

/// What belongs to the function that is being expanded.
#[derive(Default)]
struct FunctionState {
    name: String,
    /// How often each purpose of random numbers has been used.
    draws: FxHashMap<String, usize>,
    /// What an objective trains and leaves alone.
    trains: Vec<InstanceId>,
    freezes: Vec<InstanceId>,
    is_objective: bool,
    updates: Vec<(WeightId, value::Tensor)>,
    /// Members of the model that are made of tensors, computed once for the function.
    shared: FxHashMap<Arc<str>, Value>,
    /// The symbol of the batch, if the inputs have one.
    batch: Option<diadc_core::fact::Dim>,
}

/// A weight and who declared it.
struct Declared {
    weight: Weight,
    owner: Option<InstanceId>,
}

impl<'a> Checker<'a> {
    fn new(spec: &'a Spec) -> Checker<'a> {
        Checker {
            spec,
            diagnostics: spec.diagnostics.clone(),
            calls: Vec::new(),
            depth: 0,
            expanded: 0,
            operations: 0,
            instances: Vec::new(),
            placed: FxHashMap::default(),
            weights: ByName::default(),
            scopes: Vec::new(),
            builders: Vec::new(),
            constants: FxHashMap::default(),
            function: FunctionState::default(),
            operands: Vec::new(),
            probed: None,
            first_part: None,
            record: None,
        }
    }

    /// What was made, if nothing is wrong, with warnings.
    fn outcome<T>(self, made: Option<T>) -> Checked<T> {
        let diagnostics = in_order(self.diagnostics);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        match made {
            Some(made) if !failed => Ok((made, diagnostics)),
            _ => Err(diagnostics),
        }
    }

    /// Reports a mistake with the calls that led there; the value of what is wrong.
    fn report(&mut self, mut diagnostic: Diagnostic) -> Value {
        // Where a name or the syntax is wrong, nothing more is said of the same place.
        let resolved = self.spec.diagnostics.len();
        let known = self
            .diagnostics
            .iter()
            .enumerate()
            .any(|(i, known)| known.span() == diagnostic.span() && (i < resolved || known.code == diagnostic.code));
        if !known {
            diagnostic.trace = self.trace();
            if self.first_part.is_none() {
                self.first_part = Some(self.part_in_progress());
            }
            self.diagnostics.push(diagnostic);
        }
        Value::Poison
    }

    /// Reports a mistake of a kind of which one is enough.
    fn report_once(&mut self, diagnostic: Diagnostic) -> Value {
        let known = self.diagnostics.iter().any(|known| known.code == diagnostic.code);
        if known { Value::Poison } else { self.report(diagnostic) }
    }

    /// Whether so many more operations may be written out; if not, that is reported.
    fn has_room(&mut self, count: usize, span: Span) -> bool {
        let fits = self.operations.saturating_add(count) <= OPERATIONS;
        if !fits {
            self.report_once(error::too_many_operations(OPERATIONS, span));
        }
        fits
    }

    /// Whether the block of an instance has members that could not be read, so that a name may be one of theirs.
    fn is_partial(&self, instance: Option<InstanceId>) -> bool {
        instance.is_some_and(|id| self.spec.block(self.instances[id.0].block).is_partial)
    }

    fn scope(&mut self, parent: Option<ScopeId>, label: &str, block: Option<Arc<str>>) -> ScopeId {
        let id = ScopeId(u32::try_from(self.scopes.len()).expect("a program has fewer than 2^32 calls"));
        self.scopes.push(Scope { parent, label: label.into(), block, part: None, span: None });
        id
    }

    fn origin(environment: &Environment, span: Span) -> Origin {
        Origin { span, scope: environment.scope }
    }

    /// Expands `inner` as a call that error messages name; too many of them end it.
    fn called(&mut self, what: Callee, span: Span, inner: impl FnOnce(&mut Self) -> Value) -> Value {
        self.deeper(error::too_deep, span, |this| this.noted(Call { span, what, values: Vec::new() }, inner))
    }

    /// Expands `inner` unless too much is being expanded around it.
    fn deeper(
        &mut self,
        too_deep: fn(Span) -> Diagnostic,
        span: Span,
        inner: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        if self.depth >= DEPTH {
            return self.report_once(too_deep(span));
        }
        self.depth += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    /// Expands `inner` as something that error messages name.
    fn noted(&mut self, call: Call, inner: impl FnOnce(&mut Self) -> Value) -> Value {
        self.expanded += 1;
        if self.expanded >= CALLS {
            // All that is still open ends here, and only the first of it is told.
            return if self.expanded == CALLS { self.report(error::too_long(call.span)) } else { Value::Poison };
        }
        if !self.has_room(1, call.span) {
            return Value::Poison;
        }
        self.calls.push(call);
        let value = inner(self);
        self.calls.pop();
        value
    }

    fn environment_of(&self, instance: InstanceId, module: ModuleId, scope: ScopeId) -> Environment {
        let prefix = self.instances[instance.0].prefix.clone();
        let mut environment = Environment::new(module, Some(instance), prefix, scope);
        environment.locals =
            self.instances[instance.0].arguments.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
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
            at = self.instances[id.0].owner;
        }
        false
    }
}

/// A list of values.
fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(Rc::new(items.into_iter().collect()))
}
