//! Settings of a model under which a file of weights may fit it.
//!
//! In: a program, and how a file compares with it. Out: with its spec, the values of `param`s with which the file fits, found
//! by trying. Otherwise the values that the shapes in the file suggest, or which `param`s there are, where layers or shapes
//! differ as they do between two settings of one model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::check::variant::{IntParam, Others, int_params, with_ints};
use crate::graph::program::Program;
use crate::resolve::spec::Spec;

use super::comparison::{Comparison, WrongShape};
use super::error::WeightError;

/// The most params that are named.
const MOST_NAMED: usize = 8;

/// The most settings that are tried.
const MOST_TRIED: usize = 200;

/// The error of a file that differs, with [settings with which it would fit](fitting), if there are any.
pub fn advised(mut error: WeightError, spec: &Spec, is_fit: impl Fn(&Program) -> bool + Sync) -> WeightError {
    if let WeightError::Differs { comparison, .. } = &mut error
        && let Some(setting) = fitting(spec, comparison, is_fit)
    {
        comparison.setting = Some(setting);
    }
    error
}

/// That a file, which was compared, would fit with another value of one `param`, or of two, in words. Tried are numbers
/// that a shape in the file has in their place, and those of choices between a few; `is_fit` says whether the file fits
/// another program.
pub fn fitting(spec: &Spec, comparison: &Comparison, is_fit: impl Fn(&Program) -> bool + Sync) -> Option<String> {
    let values = |param: IntParam| match param.others {
        Others::Few(values) => values.into_iter().map(|value| (param.name.clone(), value)).collect(),
        Others::From(_) => {
            let of_shapes: BTreeSet<i64> =
                comparison.wrong_shape.iter().flat_map(|own| in_place_of(param.now, own)).collect();
            of_shapes.into_iter().map(|value| (param.name.clone(), value)).collect::<Vec<_>>()
        }
    };
    let single: Vec<(Arc<str>, i64)> = int_params(spec).into_iter().flat_map(values).take(MOST_TRIED).collect();
    let pairs = single.iter().enumerate().flat_map(|(i, first)| {
        let second = single[i..].iter().filter(|second| second.0 != first.0);
        second.map(|second| vec![first.clone(), second.clone()])
    });
    let tried: Vec<_> = single.iter().map(|own| vec![own.clone()]).chain(pairs).take(MOST_TRIED).collect();
    let fits = |own: &Vec<_>| with_ints(spec, own).is_some_and(|other| is_fit(&other));
    let found = tried.into_par_iter().find_first(fits)?;
    let written: Vec<String> = found.iter().map(|(name, value)| format!("--set {name}={value}")).collect();
    Some(format!("with `{}` the file fits", written.join(" ")))
}

/// What a shape in a file has where the expected one has this number.
fn in_place_of(number: i64, WrongShape { expected, found, .. }: &WrongShape) -> impl Iterator<Item = i64> {
    let pairs =
        expected.iter().zip(found).filter(move |(own, found)| i64::try_from(**own) == Ok(number) && own != found);
    pairs.filter_map(|(_, found)| i64::try_from(*found).ok())
}

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
