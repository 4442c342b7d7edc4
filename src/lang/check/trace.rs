//! The stack of calls, and how a message lists it: which block, which arguments, which round of a loop.
//!
//! A call that begins is only noted; its words are made when a mistake is reported within it.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Diagnostic, Label};

use super::report::{Outcome, Reported};
use super::value::{InstanceId, Value};
use super::{Expander, error};

/// Calls may be nested this deep.
const DEPTH: usize = 200;
/// At most this many calls and rounds of a `for` are expanded, so that no check takes hours.
const CALLS: usize = 2_000_000;

/// A message lists at most this many calls, the innermost.
const TOLD: usize = 8;
/// A value of more characters than this is not shown in the list.
const LONGEST: usize = 24;

/// The calls that are being expanded, and how many there have been.
#[derive(Default)]
pub(super) struct Stack {
    /// Outermost first.
    frames: Vec<Frame>,
    /// How many calls and constants are nested here; rounds of a `for` do not count.
    depth: usize,
    /// How many calls and rounds have been expanded.
    expanded: usize,
}

impl Stack {
    /// Whether the limit of calls and rounds has been reached.
    pub(super) fn is_exhausted(&self) -> bool {
        self.expanded >= CALLS
    }

    /// Notes the value of a parameter of the innermost call, if it is worth showing in a message.
    pub(super) fn note_argument(&mut self, name: &Arc<str>, value: &Value) {
        if is_plain(value)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.values.push((name.clone(), value.clone()));
        }
    }
}

/// A call, or a round of a `for`.
pub(super) struct Frame {
    pub(super) span: Span,
    pub(super) what: Callee,
    /// Its parameters that are worth showing, with their values.
    pub(super) values: Vec<(Arc<str>, Value)>,
}

/// What is called.
pub(super) enum Callee {
    /// Described in words.
    Words(String),
    /// A function that belongs to no part.
    Function(Arc<str>),
    /// A function of a part; the main function has the name `fn`.
    Method(InstanceId, Arc<str>),
    /// Not a call: a round of a `for`.
    Round,
}

impl Expander<'_> {
    /// Expands `inner` as a call that messages list, unless calls are nested too deep.
    pub(super) fn called<T>(
        &mut self,
        what: Callee,
        span: Span,
        inner: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        self.deeper(error::too_deep, span, |this| this.noted(Frame { span, what, values: Vec::new() }, inner))
    }

    /// Expands `inner`, unless calls and constants are nested too deep.
    pub(super) fn deeper<T>(
        &mut self,
        too_deep: fn(Span) -> Diagnostic,
        span: Span,
        inner: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        if self.stack.depth >= DEPTH {
            return Err(self.report_once(too_deep(span)));
        }
        self.stack.depth += 1;
        let result = inner(self);
        self.stack.depth -= 1;
        result
    }

    /// Expands `inner` as a frame that messages list, unless too much has been expanded.
    pub(super) fn noted<T>(&mut self, frame: Frame, inner: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.stack.expanded += 1;
        if self.stack.is_exhausted() {
            // Everything that is still open ends here; one report is enough.
            let is_first = self.stack.expanded == CALLS;
            return Err(if is_first { self.report(error::too_long(frame.span)) } else { Reported::before() });
        }
        self.has_room(1, frame.span)?;
        self.stack.frames.push(frame);
        let result = inner(self);
        self.stack.frames.pop();
        result
    }

    /// The calls that are being expanded, innermost first.
    pub(super) fn trace(&self) -> Vec<Label> {
        let mut told: Vec<Label> =
            self.stack.frames.iter().rev().map(|frame| Label { span: frame.span, text: self.told(frame) }).collect();
        told.dedup();
        told.truncate(TOLD);
        told
    }

    /// The name of the model's part in which the innermost call runs, if it runs in one.
    pub(super) fn part_in_progress(&self) -> Option<Arc<str>> {
        let outermost = self.stack.frames.iter().find_map(|frame| match frame.what {
            Callee::Method(id, _) if id != InstanceId(0) => Some(id),
            _ => None,
        })?;
        let mut id = outermost;
        while let Some(owner) = self.instances[id.0].owner.filter(|owner| *owner != InstanceId(0)) {
            id = owner;
        }
        let is_it = |value: &Value| matches!(value, Value::Instance(found) if *found == id);
        let members = self.spec.block(self.instances[0].block).members.keys();
        let mut held = members.filter_map(|name| Some((name, self.instances[0].members.get(name)?.as_ref()?)));
        held.find(|(_, value)| is_it(value) || value.elements().is_some_and(|items| items.iter().any(is_it)))
            .map(|(name, _)| name.clone())
    }

    fn told(&self, frame: &Frame) -> String {
        match &frame.what {
            Callee::Words(text) => text.clone(),
            Callee::Function(name) => format!("in `{}`, called here", self.with_values(name, &frame.values)),
            Callee::Method(id, function) => {
                let instance = &self.instances[id.0];
                let (block, at) = (self.block_name(*id), &instance.prefix);
                if &**function == "fn" {
                    let made = instance.arguments.iter().map(|(name, value)| (name.clone(), value.clone()));
                    let block = self.with_values(&block, &made.collect::<Vec<_>>());
                    format!("in block `{block}` at `{at}`, called here")
                } else {
                    format!("in `{}` of `{block}`, called here", self.with_values(function, &frame.values))
                }
            }
            Callee::Round => {
                let values: Vec<String> = frame
                    .values
                    .iter()
                    .filter_map(|(name, value)| Some(format!("{name} = {}", self.in_short(value)?)))
                    .collect();
                format!("in the round of this `for` with {}", values.join(", "))
            }
        }
    }

    /// `name(width: 64)`, or the name alone if no value is short enough.
    fn with_values(&self, name: &str, values: &[(Arc<str>, Value)]) -> String {
        let told: Vec<String> =
            values.iter().filter_map(|(name, value)| Some(format!("{name}: {}", self.in_short(value)?))).collect();
        if told.is_empty() { name.to_owned() } else { format!("{name}({})", told.join(", ")) }
    }

    fn in_short(&self, value: &Value) -> Option<String> {
        is_plain(value).then(|| value.shown(self.spec)).filter(|text| text.chars().count() <= LONGEST)
    }
}

/// Whether a value is worth showing.
pub(super) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Str(_) | Value::Case(..) => true,
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => items.len() <= 6 && items.iter().all(is_plain),
        _ => false,
    }
}
