//! The trace of a mistake: the calls that led to it, with their arguments, and the rounds of loops.
//!
//! A call counts when it is entered. When it is left, each mistake that was reported within it gets a line about it, so
//! that a call without a mistake costs nothing.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Diagnostic, Label};
use crate::parse::ast::{FnDef, Param};

use super::report::{Outcome, Reported};
use super::value::{InstanceId, Value};
use super::{Expander, error};

/// Calls may be nested this deep.
const DEPTH: usize = 200;
/// At most this many calls and rounds of a `for` are expanded, so that no check takes hours.
const CALLS: usize = 2_000_000;

/// A trace has at most this many lines, for the innermost calls.
const LINES: usize = 8;
/// A value of more characters than this is not shown in a trace.
const LONGEST: usize = 24;
/// A path of more words than this is shortened in a trace.
const LONGEST_PATH: usize = 16;

/// How much is being expanded, and has been.
#[derive(Default)]
pub(super) struct Effort {
    /// How many calls and constants are nested here; rounds of a `for` do not count.
    depth: usize,
    /// How many calls and rounds have been expanded.
    expanded: usize,
}

impl Effort {
    /// Whether the limit of calls and rounds has been reached.
    pub(super) fn is_exhausted(&self) -> bool {
        self.expanded >= CALLS
    }
}

/// A call or round that has been entered and must be left.
#[must_use]
pub(super) struct Entered {
    span: Span,
    /// How many mistakes were known before it.
    known: usize,
    /// How deep the place is from which it was entered.
    depth: usize,
}

/// What is called, for a line about it.
#[derive(Clone, Copy)]
pub(super) enum Callee<'a> {
    /// Described in words.
    Words(&'a str),
    /// A function that belongs to no part.
    Function(&'a FnDef),
    /// A function of a part; the main function has the name `fn`.
    Method(InstanceId, &'a FnDef),
    /// Not a call: a round of a `for`.
    Round,
}

impl Expander<'_> {
    /// Enters a call, unless calls and constants are nested too deep or too much has been expanded.
    pub(super) fn enter_call(&mut self, span: Span) -> Outcome<Entered> {
        let depth = self.effort.depth;
        self.deepen(error::too_deep, span)?;
        let entered = self.enter(span);
        if entered.is_err() {
            self.effort.depth = depth;
        }
        entered.map(|entered| Entered { depth, ..entered })
    }

    /// Enters a round of a `for`, or a call, unless too much has been expanded.
    pub(super) fn enter(&mut self, span: Span) -> Outcome<Entered> {
        self.effort.expanded += 1;
        if self.effort.is_exhausted() {
            // Everything that is still open ends here; one report is enough.
            let is_first = self.effort.expanded == CALLS;
            return Err(if is_first { self.report(error::too_long(span)) } else { Reported::before() });
        }
        self.has_room(1, span)?;
        Ok(Entered { span, known: self.reports.all.len(), depth: self.effort.depth })
    }

    /// Leaves a call or round; each mistake within it gets a line about it. `names` are the names that it had.
    pub(super) fn leave(&mut self, entered: Entered, callee: Callee<'_>, names: &[(Arc<str>, Value)]) {
        let Entered { span, known, depth } = entered;
        self.effort.depth = depth;
        if self.reports.all.len() == known {
            return;
        }
        let label = Label { span, text: self.line(callee, names) };
        for mistake in &mut self.reports.all[known..] {
            if mistake.trace.len() < LINES && mistake.trace.last() != Some(&label) {
                mistake.trace.push(label.clone());
            }
        }
        if let Callee::Method(id, _) = callee
            && id != InstanceId::MODEL
            && known == self.reports.earlier
        {
            self.reports.first_part = self.part_of_model(id);
        }
    }

    /// Evaluates a constant, unless calls and constants are nested too deep.
    pub(super) fn constant<T>(&mut self, span: Span, inner: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.deepen(error::constants_too_deep, span)?;
        let result = inner(self);
        self.effort.depth -= 1;
        result
    }

    fn deepen(&mut self, too_deep: fn(Span) -> Diagnostic, span: Span) -> Outcome<()> {
        if self.effort.depth >= DEPTH {
            return Err(self.report_once(too_deep(span)));
        }
        self.effort.depth += 1;
        Ok(())
    }

    /// The name of the model's part that an instance is, or lies within.
    fn part_of_model(&self, mut id: InstanceId) -> Option<Arc<str>> {
        while let Some(owner) = self.instances[id].owner.filter(|owner| *owner != InstanceId::MODEL) {
            id = owner;
        }
        let is_it = |value: &Value| matches!(value, Value::Instance(found) if *found == id);
        let members = self.model_block().members.keys();
        let mut held =
            members.filter_map(|name| Some((name, self.instances[InstanceId::MODEL].members.get(name)?.as_ref()?)));
        held.find(|(_, value)| is_it(value) || value.elements().is_some_and(|items| items.iter().any(is_it)))
            .map(|(name, _)| name.clone())
    }

    fn line(&self, callee: Callee<'_>, names: &[(Arc<str>, Value)]) -> String {
        match callee {
            Callee::Words(text) => text.to_owned(),
            Callee::Function(def) => {
                format!("in `{}`, called here", self.with_values(&def.name.node, arguments(&def.params, names)))
            }
            Callee::Method(id, def) => {
                let instance = &self.instances[id];
                let (block, at) = (self.block_name(id), &instance.prefix);
                if &*def.name.node == "fn" {
                    let block = self.with_values(&block, instance.arguments.iter());
                    format!("in block `{block}` at `{}`, called here", shortened(at))
                } else {
                    let function = self.with_values(&def.name.node, arguments(&def.params, names));
                    format!("in `{function}` of `{block}`, called here")
                }
            }
            Callee::Round => {
                let values =
                    names.iter().filter_map(|(name, value)| Some(format!("{name} = {}", self.in_short(value)?)));
                format!("in the round of this `for` with {}", values.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// `name(width: 64)`, or the name alone if no value is short enough.
    fn with_values<'v>(&self, name: &str, values: impl Iterator<Item = (&'v Arc<str>, &'v Value)>) -> String {
        let shown: Vec<String> =
            values.filter_map(|(name, value)| Some(format!("{name}: {}", self.in_short(value)?))).collect();
        if shown.is_empty() { name.to_owned() } else { format!("{name}({})", shown.join(", ")) }
    }

    fn in_short(&self, value: &Value) -> Option<String> {
        is_plain(value).then(|| value.shown(self.spec)).filter(|text| text.chars().count() <= LONGEST)
    }
}

/// The parameters among the names of a function, as far as they have been bound.
fn arguments<'v>(
    params: &'v [Param],
    names: &'v [(Arc<str>, Value)],
) -> impl Iterator<Item = (&'v Arc<str>, &'v Value)> {
    let named = |param: &'v Param| names.iter().rev().find(|(name, _)| *name == param.name.node);
    params.iter().filter_map(named).map(|(name, value)| (name, value))
}

/// Whether a value is worth showing.
pub(super) fn is_plain(value: &Value) -> bool {
    if let Value::List(items) | Value::Set(items) | Value::Tuple(items) = value {
        return items.len() <= 6 && items.iter().all(is_plain);
    }
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Str(_) | Value::Case(..))
}

/// A path without its middle, if it is so long that nobody reads it.
fn shortened(path: &str) -> String {
    let words: Vec<&str> = path.split('.').collect();
    if words.len() <= LONGEST_PATH {
        return path.to_owned();
    }
    format!("{} .. {}", words[..LONGEST_PATH / 2].join("."), words[words.len() - LONGEST_PATH / 2..].join("."))
}
