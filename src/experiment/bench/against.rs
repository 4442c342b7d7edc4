//! A result beside an earlier one: which of its times can be compared, and by how much they differ.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::diagnostic::short;
use crate::fact::Precision;

use super::super::error::BenchError;
use super::request::Kind;
use super::result::{BenchResult, FORMAT, Point};

/// By what share the multiply-adds of two points may differ that are compared.
const SAME_WORK: f64 = 0.05;

/// No result is longer than this many bytes.
const LONGEST: u64 = 64 << 20;

/// The times of two results that can be compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratios {
    /// The pairs of times, in the order of the later result.
    pub ratios: Vec<Ratio>,
    /// In what the circumstances differ, and what can't be compared; a sentence for each.
    pub differences: Vec<String>,
}

/// The times of one kind of work in two results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// What kind of work.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Images of a batch.
    pub batch: usize,
    /// Precision of products.
    pub precision: Precision,
    /// Median seconds in the earlier result.
    pub before: f64,
    /// Median seconds in the later result.
    pub now: f64,
    /// How many times as fast it has become.
    pub ratio: f64,
}

/// Reads a result from a file.
///
/// # Errors
/// If it can't be read, or is no such result.
pub fn read(path: &Path) -> Result<BenchResult, BenchError> {
    let unreadable = |source| BenchError::Unreadable { path: path.to_owned(), source };
    let other = |reason: String| BenchError::OtherFile { path: path.to_owned(), reason };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > LONGEST {
        return Err(other(format!("it has {size} bytes")));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let json: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| other(format!("it is not JSON ({error})")))?;
    match json.get("format").and_then(serde_json::Value::as_str) {
        Some(FORMAT) => {}
        Some(format) => return Err(other(format!("its format is `{format}`, and this program reads `{FORMAT}`"))),
        None => return Err(other(format!("it does not say `\"format\": \"{FORMAT}\"`"))),
    }
    let result: BenchResult = serde_json::from_value(json).map_err(|error| other(error.to_string()))?;
    let is_time = |seconds: f64| seconds.is_finite() && seconds > 0.0;
    match result.points.iter().find(|point| !is_time(point.steady.median)) {
        Some(point) => Err(other(format!("`{}` takes {} s in it", point.name, point.steady.median))),
        None => Ok(result),
    }
}

/// Sets a result beside an earlier one. Points are compared that measure the same kind of work of the same name with the
/// same batch and precision, if they do about as many multiply-adds.
///
/// # Errors
/// If there are no two such points.
pub fn compare(now: &BenchResult, before: &BenchResult) -> Result<Ratios, BenchError> {
    let mut differences = circumstances(now, before);
    let mut ratios = Vec::new();
    for point in &now.points {
        let Some(earlier) = before.points.iter().find(|earlier| is_same(point, earlier)) else {
            differences.push(format!("{} was not measured before", title(point)));
            continue;
        };
        let [work, work_before] = [point.multiply_adds, earlier.multiply_adds];
        if work.abs_diff(work_before) as f64 > SAME_WORK * work.max(work_before) as f64 {
            let [work, work_before] = [work, work_before].map(short);
            differences.push(format!(
                "{} is not compared: it takes {work} multiply-adds now and took {work_before} before",
                title(point)
            ));
            continue;
        }
        let (before, now) = (earlier.steady.median, point.steady.median);
        let name = point.name.clone();
        let (kind, batch, precision) = (point.kind, point.batch, point.precision);
        ratios.push(Ratio { kind, name, batch, precision, before, now, ratio: before / now });
    }
    let gone = before.points.iter().filter(|earlier| !now.points.iter().any(|point| is_same(point, earlier)));
    differences.extend(gone.map(|earlier| format!("{} was measured only before", title(earlier))));
    if ratios.is_empty() { Err(BenchError::Incomparable(differences)) } else { Ok(Ratios { ratios, differences }) }
}

fn is_same(a: &Point, b: &Point) -> bool {
    (a.kind, &a.name, a.batch, a.precision) == (b.kind, &b.name, b.batch, b.precision)
}

fn title(point: &Point) -> String {
    format!("{} `{}` with a batch of {} in {}", point.kind, point.name, point.batch, point.precision)
}

/// In what two results differ besides times.
fn circumstances(now: &BenchResult, before: &BenchResult) -> Vec<String> {
    let (a, b) = (&now.provenance, &before.provenance);
    let processor = |name: &Option<String>| name.clone().unwrap_or_else(|| "unknown".to_owned());
    let pairs = [
        ("program", a.program.clone(), b.program.clone()),
        ("spec", a.spec.clone(), b.spec.clone()),
        ("weights", a.weights.clone(), b.weights.clone()),
        ("seed", a.seed.to_string(), b.seed.to_string()),
        ("device", a.device.clone(), b.device.clone()),
        ("processor", processor(&a.processor), processor(&b.processor)),
        ("threads", a.threads.to_string(), b.threads.to_string()),
    ];
    let differing = pairs.into_iter().filter(|(_, a, b)| a != b);
    let mut found: Vec<String> = differing.map(|(what, a, b)| format!("{what}: {a} now, {b} before")).collect();
    if a.spec_hash != b.spec_hash {
        found.push("the texts of the spec differ".to_owned());
    }
    let names: BTreeSet<&String> = a.params.keys().chain(b.params.keys()).collect();
    for name in names {
        let [now, before] = [&a.params, &b.params].map(|params| params.get(name).map_or("not set", String::as_str));
        if now != before {
            found.push(format!("param `{name}`: {now} now, {before} before"));
        }
    }
    found
}
