//! Which dict of a file holds the weights, and how its names are read.
//!
//! In: the expected weights, and a file that may hold several networks, each in a dict of its own or some steps deeper.
//! Out: the dict, and the rule by which its names become paths. What fits most weights counts; running averages count only
//! if nothing else fits, and what is put around a network while it trains only if no name fits as it stands. Where two
//! networks fit equally well, none is taken: the error names them.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::program::Program;

use super::comparison::Expected;
use super::error::WeightError;
use super::file::{File, full_name};
use super::format::Found;
use super::naming::{Fit, Naming, Shapes};
use super::usual::{USUAL, is_averaged};
use super::wanted::Wanted;

/// What stands before all names if something was around the network when it was saved: DataParallel, `torch.compile`,
/// or an object whose attribute the network is.
const AROUND: &[&str] = &["module.", "_orig_mod.", "model."];

/// How many words may stand before the names of a network that is looked for.
const DEEPEST_BEGINNING: usize = 3;

/// The most dicts of a file that are tried.
const MOST_DICTS: usize = 256;

/// A dict with a rule for its names, and the weights that they give.
struct Reading<'a> {
    dict: String,
    naming: Naming<'a>,
    fit: Fit,
}

/// Chooses the dict of a file, which is noted in the file, and the rule for its names.
///
/// # Errors
/// If `wanted` names a dict that is not there, or several dicts fit equally well.
pub(super) fn choose<'a>(
    program: &'a Program,
    expected: &[Expected],
    file: &mut File,
    wanted: Wanted<'a>,
) -> Result<Naming<'a>, WeightError> {
    let shapes: Shapes<'_> = expected.iter().map(|weight| (weight.path.as_str(), weight.shape.as_slice())).collect();
    let (dicts, averages): (Vec<String>, Vec<String>) = match wanted.within {
        Some(name) => {
            let dict = file.dict(name)?;
            let inner = file.dicts().into_iter().filter(|inner| inner.starts_with(&format!("{dict}.")));
            (std::iter::once(dict.clone()).chain(inner.take(MOST_DICTS)).collect(), Vec::new())
        }
        None => file.dicts().into_iter().take(MOST_DICTS).partition(|name| !is_averaged(name)),
    };
    for dicts in [&dicts, &averages] {
        let as_they_stand = dicts.iter().map(|dict| {
            let found = file.found_in(dict);
            let (naming, fit) = Naming::choose(program, &shapes, &found, wanted.part, wanted.table);
            Reading { dict: dict.clone(), naming, fit }
        });
        let best = best(as_they_stand.collect());
        if best.first().is_some_and(|reading| reading.fit.named > 0) {
            let reading = only(file, &shapes, best)?;
            file.read_from(reading.dict);
            return Ok(reading.naming);
        }
        if wanted.table.is_none() {
            let around = around(program, expected, &shapes, file, dicts, wanted);
            let mut around = distinct(file, &shapes, around);
            if around.len() == 1 {
                let reading = around.remove(0);
                file.read_from(reading.dict);
                return Ok(reading.naming);
            }
        }
    }
    if wanted.within.is_none() && wanted.table.is_none() {
        let networks = begun(program, expected, &shapes, file, wanted);
        if !networks.is_empty() {
            let networks = networks.iter().map(|beginning| file.told(beginning)).collect();
            return Err(WeightError::Begun { path: file.path().to_owned(), networks });
        }
    }
    // Nothing fits: the differences are told of what the file holds first of all.
    if wanted.within.is_some() {
        file.read_from(dicts[0].clone());
    }
    Ok(Naming::plain(wanted.table))
}

/// The readings that fit best.
fn best(mut readings: Vec<Reading<'_>>) -> Vec<Reading<'_>> {
    let most = readings.iter().map(|reading| reading.fit).max().unwrap_or_default();
    readings.retain(|reading| reading.fit == most);
    readings
}

/// The one reading that is meant: if several fit, one whose dict has a usual name.
fn only<'a>(file: &File, shapes: &Shapes<'_>, readings: Vec<Reading<'a>>) -> Result<Reading<'a>, WeightError> {
    let mut readings = distinct(file, shapes, readings);
    if readings.len() > 1 {
        let place = |reading: &Reading<'_>| {
            let last = reading.dict.rsplit('.').next().unwrap_or_default();
            USUAL.iter().position(|usual| *usual == last).unwrap_or(USUAL.len())
        };
        let first = readings.iter().map(place).min().unwrap_or_default();
        if first < USUAL.len() {
            readings.retain(|reading| place(reading) == first);
        }
    }
    if readings.len() > 1 {
        let networks = readings.iter().map(|reading| file.told(&reading.dict)).collect();
        return Err(WeightError::Ambiguous { path: file.path().to_owned(), networks });
    }
    Ok(readings.remove(0))
}

/// Readings of which no two take the same tensors for the same weights.
fn distinct<'a>(file: &File, shapes: &Shapes<'_>, readings: Vec<Reading<'a>>) -> Vec<Reading<'a>> {
    let taken = |reading: &Reading<'_>| -> BTreeMap<String, String> {
        let found = file.found_in(&reading.dict);
        let full = |name: &str| full_name(&reading.dict, name);
        let paths = found.iter().filter_map(|tensor| Some((reading.naming.path(&tensor.name)?.0, full(&tensor.name))));
        paths.filter(|(path, _)| shapes.contains_key(path.as_str())).collect()
    };
    if readings.len() < 2 {
        return readings;
    }
    let mut kept: Vec<(BTreeMap<String, String>, Reading<'a>)> = Vec::new();
    for reading in readings {
        let own = taken(&reading);
        if kept.iter().all(|(other, _)| *other != own) {
            kept.push((own, reading));
        }
    }
    kept.into_iter().map(|(_, reading)| reading).collect()
}

/// All readings in which something is taken off the beginning of the names, and every weight is there then.
fn around<'a>(
    program: &'a Program,
    expected: &[Expected],
    shapes: &Shapes<'_>,
    file: &File,
    dicts: &[String],
    wanted: Wanted<'a>,
) -> Vec<Reading<'a>> {
    let needed = expected.iter().filter(|weight| weight.substitute.is_none());
    let needed: Shapes<'_> = needed.map(|weight| (weight.path.as_str(), weight.shape.as_slice())).collect();
    let mut readings = Vec::new();
    for dict in dicts {
        let found = file.found_in(dict);
        for beginning in beginnings(&found) {
            for naming in Naming::around(program, &beginning, wanted.part) {
                let fit = naming.fit(shapes, &found);
                if fit.whole > 0 && naming.fit(&needed, &found).whole == needed.len() {
                    readings.push(Reading { dict: dict.clone(), naming, fit });
                }
            }
        }
    }
    readings
}

/// What stands before the names of whole networks in a file of which no name fits.
fn begun(
    program: &Program,
    expected: &[Expected],
    shapes: &Shapes<'_>,
    file: &File,
    wanted: Wanted<'_>,
) -> Vec<String> {
    let needed = expected.iter().filter(|weight| weight.substitute.is_none());
    let needed: Shapes<'_> = needed.map(|weight| (weight.path.as_str(), weight.shape.as_slice())).collect();
    let all = file.found_in("");
    let mut beginnings: BTreeSet<&str> = BTreeSet::new();
    for tensor in &all {
        let dots = tensor.name.match_indices('.').take(DEEPEST_BEGINNING);
        beginnings.extend(dots.map(|(at, _)| &tensor.name[..at]));
    }
    let fits = |beginning: &&&str| {
        let found = file.found_in(beginning);
        Naming::around(program, "", wanted.part)
            .iter()
            .any(|naming| naming.fit(shapes, &found).whole > 0 && naming.fit(&needed, &found).whole == needed.len())
    };
    // Weights of another part of the program are those, and no network under another name.
    beginnings.retain(|beginning| !program.weights.iter().any(|weight| is_below(&weight.path, beginning)));
    beginnings.iter().take(MOST_DICTS).filter(fits).map(|beginning| (*beginning).to_owned()).collect()
}

/// What may have been around the network, by the names that begin so: one thing, or one within another.
fn beginnings(found: &[Found]) -> Vec<String> {
    let twice = AROUND.iter().flat_map(|outer| AROUND.iter().map(move |inner| format!("{outer}{inner}")));
    let all = AROUND.iter().map(|&one| one.to_owned()).chain(twice);
    all.filter(|beginning| found.iter().any(|tensor| tensor.name.starts_with(beginning.as_str()))).collect()
}

/// Whether a path begins with these words.
fn is_below(path: &str, beginning: &str) -> bool {
    path.strip_prefix(beginning).is_some_and(|rest| rest.starts_with('.'))
}
