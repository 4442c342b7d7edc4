//! Sets runs side by side: what they were made of, and how well they do.
//!
//! In: directories of runs that have been measured. Out: a [`Comparison`]. Runs that differ in their seeds alone are one
//! column, with a mean and a spread. Only classes that all runs have are compared.

use std::path::{Path, PathBuf};

use crate::evaluate::evaluation::{ClassEvaluation, Evaluation, Mean};
use crate::measure::{Metric, ProtocolName};
use crate::report::{ComparedRow, Comparison, Measured, Provenance, Spread, measured};

use super::error::{ExperimentError, SweepError};

/// Digits of a hash that are shown.
const DIGITS: usize = 12;

/// What a run says of itself: the name of a fact, and its value.
type Facts = Vec<(String, String)>;

/// Compares runs by their directories.
///
/// # Errors
/// If there are fewer than two, one has not been measured, or they are of different data sets or have no class in common.
pub fn compare_runs(paths: &[PathBuf]) -> Result<Comparison, ExperimentError> {
    if paths.len() < 2 {
        return Err(SweepError::OneRun.into());
    }
    let runs: Vec<(String, Measured)> =
        paths.iter().map(|path| Ok((path.display().to_string(), read(path)?))).collect::<Result<_, SweepError>>()?;
    check_data(&runs)?;
    let mut columns: Vec<(Facts, Vec<&(String, Measured)>)> = Vec::new();
    for run in &runs {
        let facts = facts(&run.1.provenance);
        match columns.iter_mut().find(|(known, _)| *known == facts) {
            Some((_, alike)) => alike.push(run),
            None => columns.push((facts, vec![run])),
        }
    }
    let (protocols, classes) = (protocols(&runs), common(&runs));
    if classes.is_empty() {
        return Err(SweepError::NoClass { runs: [runs[0].0.clone(), runs[1].0.clone()] }.into());
    }
    let mut rows = Vec::new();
    for protocol in protocols {
        for class in std::iter::once(None).chain(classes.iter().map(Some)) {
            for metric in metrics(&runs, protocol) {
                let of = |(_, alike): &(Facts, Vec<&(String, Measured)>)| {
                    let values: Vec<f64> =
                        alike.iter().filter_map(|(_, run)| value(run, protocol, class, metric, &classes)).collect();
                    (!values.is_empty()).then(|| Spread::of(&values))
                };
                let values = columns.iter().map(of).collect();
                rows.push(ComparedRow { protocol, class: class.cloned(), metric, values });
            }
        }
    }
    let all: Vec<&Facts> = columns.iter().map(|(facts, _)| facts).collect();
    let names = columns.iter().map(|(_, alike)| alike.iter().map(|(name, _)| name.clone()).collect()).collect();
    let notes = notes(&columns.iter().map(|(_, alike)| alike.len()).collect::<Vec<_>>(), &runs, &classes);
    Ok(Comparison { columns: names, differences: differences(&all), rows, notes })
}

fn read(path: &Path) -> Result<Measured, SweepError> {
    let fail = |reason: String| SweepError::NotMeasured { path: path.to_path_buf(), reason };
    if !path.is_dir() {
        return Err(fail("there is no such directory".to_owned()));
    }
    let text = std::fs::read_to_string(path.join("metrics.json")).map_err(|error| {
        let how = "`diadc resume` ends a run that was stopped, `diadc eval RUN --out DIR` measures one that was trained alone";
        fail(format!("`metrics.json`: {error}; {how}"))
    })?;
    measured(&text).map_err(|error| fail(format!("`metrics.json`: {error}")))
}

/// Refuses runs of different data sets.
fn check_data(runs: &[(String, Measured)]) -> Result<(), SweepError> {
    let data =
        |run: &Measured| run.provenance.data.as_ref().map_or_else(|| "none".to_owned(), |data| data.name.clone());
    let (first, rest) = (&runs[0], &runs[1..]);
    match rest.iter().find(|run| data(&run.1) != data(&first.1)) {
        Some(other) => Err(SweepError::OtherData { runs: [first, other].map(|run| (run.0.clone(), data(&run.1))) }),
        None => Ok(()),
    }
}

/// The protocols by which all runs were measured.
fn protocols(runs: &[(String, Measured)]) -> Vec<ProtocolName> {
    let has = |run: &Measured, protocol| run.evaluations.iter().any(|own| own.protocol == protocol);
    let first = runs[0].1.evaluations.iter().map(|own| own.protocol);
    first.filter(|&protocol| runs.iter().all(|(_, run)| has(run, protocol))).collect()
}

/// The classes that all runs have.
fn common(runs: &[(String, Measured)]) -> Vec<String> {
    let of = |run: &Measured| -> Vec<String> {
        let first = run.evaluations.first();
        first.into_iter().flat_map(|own| &own.classes).map(|class| class.class.clone()).collect()
    };
    let mut classes = of(&runs[0].1);
    classes.retain(|class| runs.iter().all(|(_, run)| of(run).contains(class)));
    classes
}

fn evaluation(run: &Measured, protocol: ProtocolName) -> Option<&Evaluation> {
    run.evaluations.iter().find(|own| own.protocol == protocol)
}

/// The metrics that any run has.
fn metrics(runs: &[(String, Measured)], protocol: ProtocolName) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for metric in runs.iter().filter_map(|(_, run)| evaluation(run, protocol)).flat_map(Evaluation::metrics) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

/// A metric of one class, or its mean over these classes.
fn value(
    run: &Measured,
    protocol: ProtocolName,
    class: Option<&String>,
    metric: Metric,
    classes: &[String],
) -> Option<f64> {
    let own = evaluation(run, protocol)?;
    let is_meant =
        |own: &&ClassEvaluation| class.map_or_else(|| classes.contains(&own.class), |class| own.class == *class);
    let meant: Vec<ClassEvaluation> = own.classes.iter().filter(is_meant).cloned().collect();
    Mean::of(metric, &meant).value.value()
}

/// All that a run was made of and with but its seed, its date and its places.
fn facts(of: &Provenance) -> Facts {
    let short = |hash: &str| hash.chars().take(DIGITS).collect::<String>();
    let mut facts: Facts = of.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let others = of.settings.iter().filter(|(name, _)| !of.params.contains_key(*name));
    facts.extend(others.map(|(name, value)| (name.clone(), value.clone())));
    let weights = of.weights.as_ref().map_or_else(|| "first values".to_owned(), |weights| short(&weights.sha256));
    let mut more = vec![
        ("model", of.spec.model.clone()),
        ("spec text", short(&of.spec.text_sha256)),
        ("program", short(&of.spec.program_sha256)),
        ("started from", weights),
        ("version of diadc", of.version.clone()),
        ("device", of.device.clone()),
        ("precision", of.precision.to_string()),
        ("draws", of.draws.to_string()),
        ("protocols", of.protocols.iter().map(|protocol| protocol.name()).collect::<Vec<_>>().join(", ")),
    ];
    if let Some(data) = &of.data {
        more.push(("classes", data.classes.join(", ")));
        more.push(("images", format!("{} to train on, {} to test", data.train, data.test)));
        more.push(("list of images", short(&data.list_sha256)));
    }
    facts.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    facts
}

/// The facts in which columns differ, with the value of each. That programs differ is said only where nothing else says it.
fn differences(columns: &[&Facts]) -> Vec<(String, Vec<String>)> {
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in columns.iter().flat_map(|facts| facts.iter()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let of = |facts: &Facts, name: &String| {
        facts
            .iter()
            .find(|(own, _)| own == name)
            .map_or_else(|| "as the spec says".to_owned(), |(_, value)| value.clone())
    };
    let rows = names.into_iter().map(|name| (name.clone(), columns.iter().map(|facts| of(facts, name)).collect()));
    let rows: Vec<(String, Vec<String>)> =
        rows.filter(|(_, values): &(String, Vec<String>)| values.iter().any(|own| *own != values[0])).collect();
    let is_said = rows.iter().any(|(name, _)| name != "program");
    rows.into_iter().filter(|(name, _)| name != "program" || !is_said).collect()
}

fn notes(counts: &[usize], runs: &[(String, Measured)], classes: &[String]) -> Vec<String> {
    let mut notes = vec!["in percent; differences from the first column".to_owned()];
    if counts.iter().any(|count| *count > 1) {
        notes.push("a column of several seeds has their mean and the standard deviation of a sample".to_owned());
    }
    if counts.iter().filter(|count| **count > 1).count() > 1 {
        let words =
            "* differs by more than the spread over seeds: by more than twice the standard error of the difference";
        notes.push(words.to_owned());
    } else {
        notes.push("whether a difference exceeds the spread needs two seeds or more on both sides".to_owned());
    }
    let most = runs.iter().filter_map(|(_, run)| run.evaluations.first()).map(|own| own.classes.len()).max();
    if most.is_some_and(|most| most > classes.len()) {
        notes.push(format!("means are over the classes that all runs have: {}", classes.join(", ")));
    }
    notes
}
