//! A spec under other values of one of its `param`s.
//!
//! In: a spec that passes, a whole-numbered `param` of it and another value. Out: the program that this makes, if the spec
//! still passes.

use std::sync::Arc;

use crate::parse::ast::{Expr, ExprKind, MemberKind, Name, ParamDef, TypeKind};
use crate::program::Program;
use crate::resolve::spec::Spec;

use super::Expander;
use super::value::Value;

/// The most numbers of a range that count as a choice between a few.
const FEW: i64 = 16;

/// A `param` of a model that holds one whole number, or two that are equal and can be set by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntParam {
    /// Its name.
    pub name: Arc<str>,
    /// Its present value.
    pub now: i64,
    /// What else it may be.
    pub others: Others,
}

/// The legal values of a `param` besides its present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Others {
    /// These few.
    Few(Vec<i64>),
    /// Many, from this one on.
    From(i64),
}

impl IntParam {
    /// Some smaller values, ascending: those of the few, or else eighths of the present one.
    #[must_use]
    pub fn smaller(&self) -> Vec<i64> {
        let mut values = match &self.others {
            Others::Few(values) => values.clone(),
            Others::From(least) => (1..8).map(|n| (self.now / 8 * n + self.now % 8 * n / 8).max(*least)).collect(),
        };
        values.retain(|value| *value < self.now);
        values.sort_unstable();
        values.dedup();
        values
    }
}

/// The `param`s of the model that one whole number can set.
#[must_use]
pub fn int_params(spec: &Spec) -> Vec<IntParam> {
    let one = |(def, now, legal): (&ParamDef, Vec<i64>, Legal)| {
        let now = *now.first().filter(|first| now.iter().all(|other| other == *first))?;
        let few = |values: Vec<i64>| Others::Few(values.into_iter().filter(|value| *value != now).collect());
        let others = match legal {
            Legal::These(values) => few(values),
            Legal::Range(least, most) if most.saturating_sub(least) < FEW => few((least..=most).collect()),
            Legal::Range(least, _) => Others::From(least),
        };
        Some(IntParam { name: def.name.node.clone(), now, others })
    };
    whole(spec).into_iter().filter_map(one).collect()
}

/// The program that a spec makes with other values of `param`s, if it passes.
#[must_use]
pub fn with_ints(spec: &Spec, values: &[(Arc<str>, i64)]) -> Option<Program> {
    let params = whole(spec);
    let mut expander = Expander::new(spec);
    for (name, value) in values {
        let (def, ..) = params.iter().find(|(def, ..)| def.name.node == *name)?;
        expander.probed.push((name.clone(), literal(def, &[*value])));
    }
    let program = expander.program();
    expander.reports.conclude(program).ok().map(|(program, _)| program)
}

/// A `param` that holds whole numbers.
pub(super) struct Numbers<'a> {
    pub(super) def: &'a ParamDef,
    /// Its present value: one number, or two.
    pub(super) now: Vec<i64>,
    /// The least and the most that it may be.
    pub(super) range: (i64, i64),
}

/// What a `param` may be.
enum Legal {
    /// From the least to the most.
    Range(i64, i64),
    /// One of a list.
    These(Vec<i64>),
}

/// Numbers as the spec would write them for a `param`.
pub(super) fn literal(def: &ParamDef, values: &[i64]) -> Expr {
    let span = def.default.span;
    let int = |&n: &i64| Expr { kind: ExprKind::Int(n), span };
    match values {
        [one] => int(one),
        several => Expr { kind: ExprKind::List(several.iter().map(int).collect()), span },
    }
}

/// The `param`s of the model that are ints or pairs of them, and may be anything within a range.
pub(super) fn numbers(spec: &Spec) -> Vec<Numbers<'_>> {
    let ranges = whole(spec).into_iter().filter_map(|(def, now, legal)| match legal {
        Legal::Range(least, most) => Some(Numbers { def, now, range: (least, most) }),
        Legal::These(_) => None,
    });
    ranges.collect()
}

/// The `param`s of the model that are ints or pairs of them, with their present values and what they may be.
fn whole(spec: &Spec) -> Vec<(&ParamDef, Vec<i64>, Legal)> {
    let Some(model) = spec.model else { return Vec::new() };
    let mut expander = Expander::new(spec);
    expander.make_model(model);
    let mut found = Vec::new();
    for (module, member) in spec.block(model).members.values() {
        let MemberKind::Param(def) = &member.kind else { continue };
        let is_pair = def.ty.as_ref().is_some_and(|ty| matches!(&ty.kind, TypeKind::Name(name) if &**name == "pair"));
        let set = spec.settings.iter().find(|(name, _): &&(Name, Expr)| name.node == def.name.node);
        let mut env = expander.model_environment(&def.name.node, *module);
        let value = expander.value(&mut env, set.map_or(&def.default, |(_, expr)| expr));
        let now: Vec<i64> = match (&value, is_pair) {
            (Value::Int(n), true) => vec![*n, *n],
            (Value::Int(n), false) => vec![*n],
            (value, true) => value.elements().unwrap_or_default().iter().filter_map(int).collect(),
            (_, false) => continue,
        };
        if now.is_empty() || (is_pair && now.len() != 2) {
            continue;
        }
        let legal = match def.within.as_ref().map(|rule| expander.value(&mut env, rule)) {
            Some(Value::Range(low, high)) if low < high => Legal::Range(low, high - 1),
            // Without a range: up to a few times what it is.
            None => Legal::Range(now[0].min(1), now[0].max(16).saturating_mul(4)),
            Some(list) => Legal::These(list.elements().unwrap_or_default().iter().filter_map(int).collect()),
        };
        found.push((&**def, now, legal));
    }
    found
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(n) = value { Some(*n) } else { None }
}
