//! Which values of a `param` make the spec pass: found by checking the spec again with other values.
//!
//! In: a spec and its whole-numbered `param`s. Out: for each, a rule such as "a multiple of 64", and what in the spec asks
//! for it. A rule is tried at its ends, at many of its numbers and at numbers between them; where no rule holds, the
//! result lists the numbers themselves. Each of these checks stops at its first mistake, so hundreds take little time.

use std::sync::Arc;

use rayon::prelude::*;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{Expr, ExprKind};
use crate::resolve::spec::Spec;
use crate::source::SourceMap;

use super::Expander;
use super::variant::{Numbers, literal, numbers};

/// The search for the next number that works ends this far from one that does.
const REACH: i64 = 512;
/// At most this many numbers of a rule are tried.
const TRIED: i64 = 24;

/// Which values of a `param` work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The `param`.
    pub param: Arc<str>,
    /// Which of its numbers, if it has two.
    pub number: Number,
    /// The least and the most that were tried: its legal range, if it has one.
    pub range: (i64, i64),
    /// The numbers that make the spec pass.
    pub rule: Rule,
    /// The places in the spec that ask for it, in the order in which they are checked.
    pub reasons: Vec<Reason>,
}

/// Which number of a `param`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Its only one.
    Only,
    /// Each of a pair by itself.
    Each,
    /// Both of a pair, which must be equal.
    Both,
    /// The first of a pair, or the second.
    One(usize),
}

/// Which numbers work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `first`, `first + step`, and so on up to `last`.
    Steps {
        /// The smallest.
        first: i64,
        /// The distance from one to the next.
        step: i64,
        /// The largest.
        last: i64,
    },
    /// These, and none between them.
    These(Vec<i64>),
}

/// What asks for a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What the number is divided by at this place, beyond the divisors of earlier reasons; 1 if the reason is another.
    pub divisor: i64,
    /// The part of the model with this place, if there is one.
    pub part: Option<Arc<str>>,
    /// Where the check fails for other numbers.
    pub span: Span,
}

impl Condition {
    /// Whether some number of the range does not work.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.rule != Rule::Steps { first: self.range.0, step: 1, last: self.range.1 }
    }

    /// The numbers next to the present ones that work, as a setting would write them.
    #[must_use]
    pub fn near(&self, now: &Expr) -> Vec<String> {
        let numbers: Vec<i64> = if let ExprKind::List(items) = &now.kind {
            items.iter().filter_map(int).collect()
        } else {
            int(now).into_iter().collect()
        };
        let number = match self.number {
            Number::One(side) => numbers.get(side),
            // Of two, the one that does not fit.
            Number::Only | Number::Each | Number::Both => {
                numbers.iter().find(|n| !self.rule.near(**n).contains(*n)).or(numbers.first())
            }
        };
        number.into_iter().flat_map(|n| self.rule.near(*n)).map(|n| n.to_string()).collect()
    }

    /// The condition in a sentence, with its reasons.
    #[must_use]
    pub fn words(&self, sources: &SourceMap) -> String {
        let what = match self.number {
            Number::Only => format!("`{}`", self.param),
            Number::Each => format!("each side of `{}`", self.param),
            Number::Both => format!("both sides of `{}`, which must be equal,", self.param),
            Number::One(side) => format!("the {} number of `{}`", ["first", "second"][side.min(1)], self.param),
        };
        let reasons: Vec<String> = self.reasons.iter().map(|reason| reason.words(sources)).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
        format!("{what} {}{reasons}", self.rule.words(self.range))
    }
}

impl Rule {
    /// The number itself if it fits, else those next to it on either side that do.
    fn near(&self, n: i64) -> Vec<i64> {
        let mut found = match self {
            Rule::Steps { first, step, last } => {
                let below = (n - first).div_euclid(*step) * step + first;
                let above = if below == n { n } else { below + step };
                vec![below.clamp(*first, *last), above.clamp(*first, *last)]
            }
            Rule::These(numbers) => {
                let below = numbers.iter().filter(|&&other| other <= n).max();
                below.into_iter().chain(numbers.iter().filter(|&&other| other >= n).min()).copied().collect()
            }
        };
        found.dedup();
        found
    }

    fn words(&self, (least, most): (i64, i64)) -> String {
        match self {
            Rule::Steps { first, step: 1, last } if (*first, *last) == (least, most) => {
                format!("can be anything from {least} to {most}")
            }
            Rule::Steps { first, step: 1, last } => format!("must be from {first} to {last}"),
            Rule::Steps { first, step, last } => {
                let what = match first.rem_euclid(*step) {
                    0 => format!("must be a multiple of {step}"),
                    rest => format!("must be {rest} more than a multiple of {step}"),
                };
                format!("{what}, from {first} to {last}")
            }
            Rule::These(numbers) => {
                let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                format!("works with {}, and with nothing else near that", list.join(", "))
            }
        }
    }
}

impl Reason {
    fn words(&self, sources: &SourceMap) -> String {
        let divided = if self.divisor > 1 { format!("/{} ", self.divisor) } else { String::new() };
        let text = sources.slice(self.span);
        let at = sources.place(self.span);
        match &self.part {
            Some(part) => format!("{divided}in `{part}`"),
            None if text.len() <= 40 && !text.contains('\n') => format!("{divided}in `{text}` ({at})"),
            None => format!("{divided}at {at}"),
        }
    }
}

fn int(expr: &Expr) -> Option<i64> {
    if let ExprKind::Int(n) = &expr.kind { Some(*n) } else { None }
}

/// Where a check failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FirstMistake {
    part: Option<Arc<str>>,
    span: Span,
}

impl FirstMistake {
    /// Whether both are the same reason: two places in one part are.
    fn is_same(&self, other: &FirstMistake) -> bool {
        match (&self.part, &other.part) {
            (None, None) => self.span == other.span,
            (a, b) => a == b,
        }
    }
}

/// Which values of each whole-numbered `param` work, for a spec that passes `check`.
#[must_use]
pub fn conditions(spec: &Spec) -> Vec<Condition> {
    numbers(spec).iter().flat_map(|param| of_param(spec, param, &param.now)).collect()
}

/// Which values of one `param` would make a failing spec pass, if one `param` alone can. Those that were set from outside
/// are tried first.
#[must_use]
pub fn remedy(spec: &Spec) -> Vec<Condition> {
    if !spec.diagnostics.is_empty() {
        return Vec::new();
    }
    let is_set = |param: &Numbers<'_>| spec.settings.iter().any(|(name, _)| name.node == param.def.name.node);
    let (set, own): (Vec<_>, Vec<_>) = numbers(spec).into_iter().partition(is_set);
    for param in set.iter().chain(&own) {
        if let Some(works) = likely(param).into_par_iter().find_first(|values| probe(spec, param, values).is_ok()) {
            return of_param(spec, param, &works);
        }
    }
    Vec::new()
}

/// Values near the present one that often work: multiples of small numbers.
fn likely(param: &Numbers<'_>) -> Vec<Vec<i64>> {
    let now = param.now[0];
    let mut near: Vec<i64> = Vec::new();
    for of in [64, 14, 12, 10, 9, 1] {
        near.extend([now.div_euclid(of) * of, now.div_euclid(of) * of + of]);
    }
    near.extend([now - 1, param.range.0, param.range.1]);
    let mut seen = vec![now];
    near.retain(|n| {
        let is_new = (param.range.0..=param.range.1).contains(n) && !seen.contains(n);
        seen.push(*n);
        is_new
    });
    near.into_iter().map(|n| vec![n; param.now.len()]).collect()
}

/// The rules for a `param` that works with some values.
fn of_param(spec: &Spec, param: &Numbers<'_>, works: &[i64]) -> Vec<Condition> {
    let alone = |index: usize| {
        rule(spec, param, works[index], |n| {
            let mut values = works.to_vec();
            values[index] = n;
            values
        })
    };
    let condition = |number, (rule, reasons)| Condition {
        param: param.def.name.node.clone(),
        number,
        range: param.range,
        rule,
        reasons,
    };
    if works.len() == 1 {
        return vec![condition(Number::Only, alone(0))];
    }
    let (first, second) = (alone(0), alone(1));
    let is_tied = |found: &(Rule, Vec<Reason>)| matches!(&found.0, Rule::These(numbers) if numbers.len() == 1);
    if works[0] == works[1] && is_tied(&first) && is_tied(&second) {
        return vec![condition(Number::Both, rule(spec, param, works[0], |n| vec![n, n]))];
    }
    if first.0 == second.0 {
        return vec![condition(Number::Each, first)];
    }
    vec![condition(Number::One(0), first), condition(Number::One(1), second)]
}

/// The rule for numbers around one that works.
fn rule(spec: &Spec, param: &Numbers<'_>, works: i64, values: impl Fn(i64) -> Vec<i64> + Sync) -> (Rule, Vec<Reason>) {
    let (least, most) = param.range;
    let tried = |n: i64| probe(spec, param, &values(n));
    let passes = |n: i64| n == works || tried(n).is_ok();
    let next = |sign: i64| {
        let reach = if sign > 0 { most - works } else { works - least }.min(REACH);
        (1..=reach).into_par_iter().find_first(|k| passes(works + sign * k))
    };
    let step = match (next(1), next(-1)) {
        (Some(up), Some(down)) if up == down => up,
        (Some(step), None) | (None, Some(step)) => step,
        (None, None) => return (Rule::These(vec![works]), Vec::new()),
        (Some(up), Some(down)) => return (Rule::These(vec![works - down, works, works + up]), Vec::new()),
    };
    let last = works + step * furthest((most - works) / step, |k| passes(works + step * k));
    let first = works - step * furthest((works - least) / step, |k| passes(works - step * k));
    let count = (last - first) / step + 1;
    let members = spread(count).map(|k| first + step * k);
    let strangers = spread(count - 1).flat_map(|k| divisors(step).into_iter().map(move |d| first + step * k + d));
    let strangers = strangers.filter(|n| (n - first) % step != 0);
    if members.par_bridge().all(passes) && !strangers.par_bridge().any(passes) {
        let reasons = if first % step == 0 { reasons(step, works, most, &tried) } else { Vec::new() };
        return (Rule::Steps { first, step, last }, reasons);
    }
    let around = (works - 4 * step).max(least)..=(works + 4 * step).min(most);
    (Rule::These(around.into_par_iter().filter(|&n| passes(n)).collect()), Vec::new())
}

/// The largest number of steps up to `most` that all seem to work, by halving.
fn furthest(most: i64, passes: impl Fn(i64) -> bool) -> i64 {
    if most <= 0 || passes(most) {
        return most.max(0);
    }
    let (mut good, mut bad) = (0, most);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if passes(middle) { good = middle } else { bad = middle }
    }
    good
}

/// Some of the numbers below `count`, all if they are few.
fn spread(count: i64) -> impl Iterator<Item = i64> + Send {
    let count = count.max(0);
    let tried = count.min(TRIED);
    (0..tried).map(move |i| i * (count - 1).max(0) / (tried - 1).max(1))
}

/// The divisors of a number below itself.
fn divisors(n: i64) -> Vec<i64> {
    (1..n).filter(|d| n % d == 0).collect()
}

/// The places that ask for a multiple of `step`: those at which multiples of its divisors alone fail. An earlier mistake
/// hides later ones, so each place is given the divisor that it adds to the places before it.
fn reasons(
    step: i64,
    works: i64,
    most: i64,
    tried: &(impl Fn(i64) -> Result<(), Option<FirstMistake>> + Sync),
) -> Vec<Reason> {
    let sign = if works + step <= most { 1 } else { -1 };
    let failing: Vec<(i64, Option<FirstMistake>)> = divisors(step)
        .into_par_iter()
        .filter_map(|d| tried(works + sign * d).err().map(|mistake| (d, mistake)))
        .collect();
    let mut reasons: Vec<Reason> = Vec::new();
    let mut so_far = 1;
    for (_, mistake) in &failing {
        let Some(mistake) = mistake else { continue };
        let as_mistake = |reason: &Reason| FirstMistake { part: reason.part.clone(), span: reason.span };
        if reasons.iter().any(|reason| as_mistake(reason).is_same(mistake)) {
            continue;
        }
        // The smallest divisor all of whose multiples get past this place.
        let fails_here = |d: i64| {
            failing
                .iter()
                .any(|(other, found)| other % d == 0 && found.as_ref().is_some_and(|found| found.is_same(mistake)))
        };
        let needed =
            divisors(step).into_iter().chain([step]).find(|&d| d % so_far == 0 && !fails_here(d)).unwrap_or(step);
        reasons.push(Reason { divisor: needed / so_far, part: mistake.part.clone(), span: mistake.span });
        so_far = needed;
    }
    reasons
}

/// Checks a spec with other values of a `param` up to the first mistake, and says where that is.
fn probe(spec: &Spec, param: &Numbers<'_>, values: &[i64]) -> Result<(), Option<FirstMistake>> {
    let mut expander = Expander::new(spec);
    expander.probed.push((param.def.name.node.clone(), literal(param.def, values)));
    // What is wrong is among the reports; a program is not wanted.
    let _ = expander.program();
    match expander.reports.first_error() {
        None => Ok(()),
        Some(mistake) => {
            let (span, reports) = (mistake.span(), &expander.reports);
            Err(reports.has_new().then(|| FirstMistake { part: reports.first_part.clone(), span }))
        }
    }
}

/// Whether other values of a `param` may be a remedy for a mistake.
pub(crate) fn may_depend_on_values(diagnostic: &Diagnostic) -> bool {
    matches!(
        diagnostic.code,
        Code::ShapeMismatch
            | Code::NotDivisible
            | Code::Refused
            | Code::TooSmall
            | Code::IndexOutOfRange
            | Code::LoopChangesShape
            | Code::UnequalLengths
            | Code::CropTooLarge
            | Code::DivisionByZero
            | Code::WeightOfTwoShapes
            | Code::CopyOfOtherShape
    )
}
