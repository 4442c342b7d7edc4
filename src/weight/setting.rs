//! Settings of a model under which a file of weights may fit it.
//!
//! In: a program, and how a file compares with it. Out: the `param`s whose values the shapes in the file suggest, or else
//! which there are, where layers or shapes differ as they do between two settings of one model.

use std::collections::BTreeMap;

use crate::graph::program::Program;

use super::comparison::{Comparison, WrongShape};

/// The most params that are named.
const MOST_NAMED: usize = 8;

/// How a model may have to be set for a file, in words; none if nothing speaks for another setting.
pub(super) fn setting(program: &Program, comparison: &Comparison) -> Option<String> {
    if let Some(values) = explained(program, &comparison.wrong_shape).filter(|values| !values.is_empty()) {
        let written: Vec<String> = values.iter().map(|(name, value)| format!("--set {name}={value}")).collect();
        let written = written.join(" ");
        return Some(format!("is `{written}` meant? What decides shapes must be set as it was for the file"));
    }
    // A part of which some is there: it may have fewer or more layers in the file.
    let owners: Vec<_> = comparison.matched.iter().map(|matched| program.owner(&matched.path)).collect();
    let mut missing = comparison.missing.iter().filter(|(weight, _)| !weight.is_fitted);
    let has_less = missing.any(|(weight, _)| owners.contains(&program.owner(&weight.path)));
    let has_more = !comparison.unexpected.is_empty() && !comparison.matched.is_empty();
    let names: Vec<String> = program.params.iter().map(|(name, _)| format!("`{name}`")).collect();
    let differs = has_less || has_more || !comparison.wrong_shape.is_empty();
    (differs && !names.is_empty()).then(|| {
        let more = if names.len() > MOST_NAMED { ", .." } else { "" };
        let names = names[..names.len().min(MOST_NAMED)].join(", ");
        format!("what decides layers and shapes must be set as it was for the file, with `--set`: {names}{more}")
    })
}

/// The values of params with which shapes would be those of the file; none if some would still differ.
fn explained<'a>(program: &'a Program, wrong: &[WrongShape]) -> Option<BTreeMap<&'a str, usize>> {
    let mut values: BTreeMap<&str, usize> = BTreeMap::new();
    for WrongShape { expected, found, .. } in wrong {
        if expected.len() != found.len() {
            return None;
        }
        for (own, found) in expected.iter().zip(found).filter(|(own, found)| own != found) {
            let known = values.entry(program.only_param(&own.to_string())?).or_insert(*found);
            if known != found {
                return None;
            }
        }
    }
    Some(values)
}
