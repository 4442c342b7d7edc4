//! What has become of the points of a sweep, gathered in one table.

use std::collections::BTreeSet;
use std::path::PathBuf;

use indexmap::IndexMap;

use crate::evaluate::evaluation::{ClassEvaluation, Mean};
use crate::experiment::directory::write_file;
use crate::experiment::error::ExperimentError;
use crate::measure::{Metric, ProtocolName};
use crate::report::{self, Cited, Measured, Spread, SweepRow, SweepTable, measured};

use super::directory::SweepDirectory;
use super::plan::Point;

/// What the row of the mean over classes is called where each has a model of its own.
const MEAN: &str = "mean";

/// What has become of a point.
pub enum State {
    /// It has been measured.
    Done(Box<Measured>),
    /// It has failed, for this reason.
    Failed(String),
    /// It has begun.
    Begun,
    /// It has not begun.
    Waiting,
}

/// What has become of a point, by what lies in its directory.
pub(super) fn state(sweep: &SweepDirectory, point: &Point) -> State {
    let folder = sweep.of_point(point);
    let metrics = std::fs::read_to_string(folder.join("metrics.json")).ok();
    // The page is written last: without it the run goes on with its report.
    if let Some(Ok(measured)) = metrics.filter(|_| folder.join("report.html").is_file()).map(|text| measured(&text)) {
        return State::Done(Box::new(measured));
    }
    match std::fs::read_to_string(sweep.failure(point)) {
        Ok(reason) => State::Failed(reason.trim_end().to_owned()),
        Err(_) if folder.join("run.json").is_file() => State::Begun,
        Err(_) => State::Waiting,
    }
}

/// Whether a point has been measured.
#[must_use]
pub fn is_done(sweep: &SweepDirectory, point: &Point) -> bool {
    matches!(state(sweep, point), State::Done(_))
}

/// The settings of points that differ in class and seed alone.
type Values = Vec<(String, String)>;

/// The numbers of a row before they are averaged.
#[derive(Default)]
struct Numbers {
    seeds: usize,
    metrics: IndexMap<Metric, Vec<f64>>,
}

impl Numbers {
    /// Adds a run; a metric that is not defined for it is left out.
    fn add(&mut self, metrics: impl Iterator<Item = (Metric, Option<f64>)>) {
        self.seeds += 1;
        for (metric, value) in metrics {
            self.metrics.entry(metric).or_default().extend(value);
        }
    }
}

/// The table of a sweep, as far as it has come: the mean and the spread over seeds for each combination of settings, and if
/// each class has a model of its own, for each class and their mean.
#[must_use]
pub fn table(sweep: &SweepDirectory) -> SweepTable {
    let mut axes: Vec<String> = Vec::new();
    let mut order: Vec<&Values> = Vec::new();
    for point in sweep.points().iter().filter(|point| is_new(&mut order, &point.values)) {
        for (name, _) in &point.values {
            if !axes.contains(name) {
                axes.push(name.clone());
            }
        }
    }
    let mut rows: IndexMap<(&Values, Option<&str>, ProtocolName), Numbers> = IndexMap::new();
    let mut classes: IndexMap<(&Values, u64, ProtocolName), Vec<ClassEvaluation>> = IndexMap::new();
    let (mut failures, mut waiting) = (Vec::new(), 0);
    for point in sweep.points() {
        let measured = match state(sweep, point) {
            State::Done(measured) => measured,
            State::Failed(reason) => {
                failures.push((point.title(), reason));
                continue;
            }
            State::Begun | State::Waiting => {
                waiting += 1;
                continue;
            }
        };
        for evaluation in measured.evaluations {
            let place = (&point.values, point.class.as_deref(), evaluation.protocol);
            let means = evaluation.mean.iter().map(|(metric, mean)| (*metric, mean.value.value()));
            rows.entry(place).or_default().add(means);
            if point.class.is_some() {
                classes.entry((&point.values, point.seed, evaluation.protocol)).or_default().extend(evaluation.classes);
            }
        }
    }
    let all: BTreeSet<&String> = sweep.points().iter().filter_map(|point| point.class.as_ref()).collect();
    for ((values, _, protocol), own) in classes.iter().filter(|(_, own)| own.len() == all.len()) {
        let metrics = own.first().into_iter().flat_map(|class| class.metrics.keys().copied());
        let means = metrics.map(|metric| (metric, Mean::of(metric, own).value.value()));
        rows.entry((values, Some(MEAN), *protocol)).or_default().add(means);
    }
    rows.sort_by_cached_key(|(values, ..), _| order.iter().position(|known| known == values));
    let rows = rows.into_iter().map(|((values, class, protocol), Numbers { seeds, metrics })| {
        let value = |axis: &String| values.iter().find(|(name, _)| name == axis).map(|(_, value)| value.clone());
        let defined = metrics.into_iter().filter(|(_, values)| !values.is_empty());
        SweepRow {
            values: axes.iter().map(value).collect(),
            class: class.map(str::to_owned),
            protocol,
            seeds,
            metrics: defined.map(|(metric, values)| (metric, Spread::of(&values))).collect(),
            published: match (sweep.citation(), class) {
                (Some(citation), None | Some(MEAN)) => citation.of(values),
                (None, _) | (_, Some(_)) => IndexMap::new(),
            },
        }
    });
    let rows = rows.collect();
    SweepTable {
        date: sweep.date().to_owned(),
        command: sweep.command().to_vec(),
        axes,
        rows,
        published: sweep.citation().map(|own| Cited { source: own.source.clone(), notes: own.notes.clone() }),
        failures,
        waiting,
    }
}

/// Adds what is not known yet, and says whether it was new.
fn is_new<'a>(known: &mut Vec<&'a Values>, values: &'a Values) -> bool {
    let is_new = !known.contains(&values);
    known.extend(is_new.then_some(values));
    is_new
}

/// Writes the table into the directory of the sweep: `results.csv`, `results.json` and `results.html`. Returns the page.
///
/// # Errors
/// If a file can't be written.
pub fn write_table(sweep: &SweepDirectory, table: &SweepTable) -> Result<PathBuf, ExperimentError> {
    let page = sweep.path().join("results.html");
    write_file(&sweep.path().join("results.csv"), report::sweep_csv(table).as_bytes())?;
    write_file(&sweep.path().join("results.json"), report::sweep_json(table).as_bytes())?;
    write_file(&page, report::sweep_html(table).as_bytes())?;
    Ok(page)
}
