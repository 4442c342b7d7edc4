//! Parts whose weights a score, a fit or an objective reads and nothing trains: without a file of weights they stay at random.
//!
//! A spec alone can't be told to have this mistake: such a part is meant to come from a file. So this is no warning of
//! `check`; a run asks for it, and shows what concerns weights that no file gave. A first value that is the same number
//! everywhere may be meant, and a statistic of a normalisation is none that is read at random.

use std::collections::BTreeSet;

use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, count};
use crate::program::{Init, Program};
use crate::resolve::spec::Spec;

use super::findings::Findings;

/// A part that is read as it is at first, unless a file gives its weights.
#[derive(Clone, Debug)]
pub struct FirstValues {
    /// The name of the part.
    pub part: String,
    /// Its weights that begin at random, are read, and are not trained.
    pub weights: Vec<WeightId>,
    /// What to say if no file gave them.
    pub diagnostic: Diagnostic,
}

/// All such parts, without those that the spec gives a reason for.
#[must_use]
pub fn first_values(spec: &Spec, program: &Program) -> Vec<FirstValues> {
    find(program, &mut Findings::new(&spec.allows))
}

/// All such parts, without those that are allowed; the reasons for those count as needed.
pub(super) fn find(program: &Program, findings: &mut Findings<'_>) -> Vec<FirstValues> {
    let trained: BTreeSet<WeightId> =
        program.objectives.iter().flat_map(|objective| objective.trains.iter().copied()).collect();
    let objectives = program.objectives.iter().map(|objective| objective.name.as_str());
    let fits = program.fits().map(|fit| fit.function.as_str());
    let readers: Vec<(&str, BTreeSet<WeightId>)> = objectives
        .chain(fits)
        .chain(std::iter::once("score"))
        .filter_map(|name| {
            let read = program.function(name)?.graph.weights();
            Some((name, read.into_iter().map(|(id, _)| id).collect()))
        })
        .collect();
    let mut found = Vec::new();
    for part in program.own_parts() {
        let own = program.weights().filter(|(id, weight)| {
            program.owner(&weight.path) == Some(part)
                && !trained.contains(id)
                && !weight.is_statistic
                && is_random(program, *id)
        });
        let own: BTreeSet<WeightId> = own.map(|(id, _)| id).collect();
        let by: Vec<&str> = readers.iter().filter(|(_, read)| !read.is_disjoint(&own)).map(|(name, _)| *name).collect();
        let weights: Vec<WeightId> =
            own.into_iter().filter(|id| readers.iter().any(|(_, read)| read.contains(id))).collect();
        let Some(first) = weights.first() else { continue };
        // A part that the model inherits is written elsewhere: what is shown of it is where its first weight is declared.
        let span = place(program, &part.name).unwrap_or(program.weight(*first).span);
        let parameters = weights.iter().map(|id| program.weight(*id).shape.iter().product::<usize>()).sum();
        let (name, readers) = (&part.name, by.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and "));
        let (verb, parameters) = (if by.len() == 1 { "reads" } else { "read" }, count(parameters, "random parameter"));
        let text = format!("{readers} {verb} {parameters} of `{name}`: no file gives them and nothing trains them");
        let diagnostic = Diagnostic::new(Code::FirstValues, text, span)
            .here("they keep the random numbers that they begin with")
            .help(format!(
                "give a file of weights with `--weights`; `diadc weights init` makes one, with `--from {name}=FILE`"
            ));
        if !findings.is_allowed(Code::FirstValues, &[span]) {
            found.push(FirstValues { part: part.name.clone(), weights, diagnostic });
        }
    }
    found
}

/// Where the model's own text names a part, or the list that it is an element of.
fn place(program: &Program, part: &str) -> Option<Span> {
    let is_it = |name: &str| part.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    program.written.parts.iter().find(|(name, _)| is_it(name)).map(|(_, span)| *span)
}

/// Whether a weight, or the original of which it is a copy, begins with random numbers.
fn is_random(program: &Program, id: WeightId) -> bool {
    let mut weight = program.weight(id);
    // A chain of copies can't be longer than there are weights.
    for _ in 0..program.weights.len() {
        match &weight.init {
            Init::Constant(_) | Init::Fitted => return false,
            Init::Normal { .. }
            | Init::TruncatedNormal { .. }
            | Init::Uniform { .. }
            | Init::Orthogonal
            | Init::Permutation
            | Init::Choice { .. } => {
                return true;
            }
            Init::CopyOf(path) => match program.weights.iter().find(|other| other.path == *path) {
                Some(original) => weight = original,
                None => return false,
            },
        }
    }
    false
}
