//! The calls that led to a place, and how they are told: in which block, with which values, in which round of a loop.
//!
//! A call is noted cheaply when it begins; its words are only made when something in it is wrong.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::Label;

use super::Checker;
use super::value::{InstanceId, Value};

/// Calls that are told, at most: the innermost.
const TOLD: usize = 8;
/// Letters of a value that is told, at most.
const LONGEST: usize = 24;

/// A call that is being expanded.
pub(super) struct Call {
    pub(super) span: Span,
    pub(super) what: Callee,
    /// What its parameters are, as far as that can be told in a few letters.
    pub(super) values: Vec<(Arc<str>, Value)>,
}

/// What is called.
pub(super) enum Callee {
    /// Something that has a name in words.
    Words(String),
    /// A function without a part.
    Function(Arc<str>),
    /// A function of a part; its main function has the name `fn`.
    Method(InstanceId, Arc<str>),
    /// Not a call: a round of a `for`.
    Round,
}

impl Checker<'_> {
    /// The calls that are being expanded, innermost first.
    pub(super) fn trace(&self) -> Vec<Label> {
        let mut told: Vec<Label> =
            self.calls.iter().rev().map(|call| Label { span: call.span, text: self.told(call) }).collect();
        told.dedup();
        told.truncate(TOLD);
        told
    }

    /// The name of the model's part in which the innermost call runs, if it runs in one.
    pub(super) fn part_in_progress(&self) -> Option<Arc<str>> {
        let outermost = self.calls.iter().find_map(|call| match call.what {
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

    fn told(&self, call: &Call) -> String {
        match &call.what {
            Callee::Words(text) => text.clone(),
            Callee::Function(name) => format!("in `{}`, called here", self.with_values(name, &call.values)),
            Callee::Method(id, function) => {
                let instance = &self.instances[id.0];
                let (block, at) = (self.block_name(*id), &instance.prefix);
                if &**function == "fn" {
                    let made = instance.arguments.iter().map(|(name, value)| (name.clone(), value.clone()));
                    let block = self.with_values(&block, &made.collect::<Vec<_>>());
                    format!("in block `{block}` at `{at}`, called here")
                } else {
                    format!("in `{}` of `{block}`, called here", self.with_values(function, &call.values))
                }
            }
            Callee::Round => {
                let values: Vec<String> = call
                    .values
                    .iter()
                    .filter_map(|(name, value)| Some(format!("{name} = {}", self.in_short(value)?)))
                    .collect();
                format!("in the round of this `for` with {}", values.join(", "))
            }
        }
    }

    /// `name(width: 64)`, or the name alone if no value can be told.
    fn with_values(&self, name: &str, values: &[(Arc<str>, Value)]) -> String {
        let told: Vec<String> =
            values.iter().filter_map(|(name, value)| Some(format!("{name}: {}", self.in_short(value)?))).collect();
        if told.is_empty() { name.to_owned() } else { format!("{name}({})", told.join(", ")) }
    }

    fn in_short(&self, value: &Value) -> Option<String> {
        is_plain(value).then(|| value.shown(self.spec)).filter(|text| text.chars().count() <= LONGEST)
    }
}

/// Whether a value is worth telling.
pub(super) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Str(_) | Value::Case(..) => true,
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => items.len() <= 6 && items.iter().all(is_plain),
        _ => false,
    }
}
