//! Compares the results of `diadc call` with those of another implementation or device.

use std::fmt;

use crate::execute::{Evaluation, HostData, HostTensor};
use crate::weight::File;

use super::failure::Failure;

/// How far each result is from the expected tensor.
pub(super) struct Comparison {
    rows: Vec<Row>,
    tolerance: f64,
}

struct Row {
    name: String,
    distance: Distance,
}

enum Distance {
    /// The largest difference over the largest expected number.
    Is(f64),
    /// The shapes or types differ.
    OtherShape { expected: Vec<usize>, found: Vec<usize> },
    /// Only the results, or only the expected tensors, have it.
    Missing(&'static str),
}

/// Compares results with the tensors of a file. A tensor that only one of them has counts as different.
pub(super) fn compare(results: &Evaluation, file: &File, tolerance: f64) -> Result<Comparison, Failure> {
    let mut rows = Vec::new();
    let expected: Vec<String> = file.found().into_iter().map(|tensor| tensor.name).collect();
    for (name, tensor) in results {
        let distance = if expected.contains(name) {
            distance(&file.read(name)?, tensor)
        } else {
            Distance::Missing("not among what is expected")
        };
        rows.push(Row { name: name.clone(), distance });
    }
    for name in expected {
        if !results.iter().any(|(known, _)| *known == name) {
            rows.push(Row { name, distance: Distance::Missing("not among the results") });
        }
    }
    Ok(Comparison { rows, tolerance })
}

/// A number that is not finite is at an infinite distance from all numbers but itself.
fn distance(expected: &HostTensor, found: &HostTensor) -> Distance {
    if expected.shape != found.shape || expected.data.dtype() != found.data.dtype() {
        return Distance::OtherShape { expected: expected.shape.clone(), found: found.shape.clone() };
    }
    Distance::Is(match (&expected.data, &found.data) {
        (HostData::Float(a), HostData::Float(b)) => {
            let largest = a.iter().filter(|x| x.is_finite()).fold(0.0_f64, |most, x| most.max(f64::from(x.abs())));
            let difference = a.iter().zip(b).map(|(a, b)| match (a == b, (a - b).is_finite()) {
                (true, _) => 0.0,
                (false, true) => f64::from((a - b).abs()),
                (false, false) => f64::INFINITY,
            });
            let most = difference.fold(0.0, f64::max);
            if most == 0.0 { 0.0 } else { most / largest.max(f64::MIN_POSITIVE) }
        }
        (a, b) if a == b => 0.0,
        _ => f64::INFINITY,
    })
}

impl Comparison {
    /// Whether the results are the expected tensors, within the tolerance, and no others.
    pub(super) fn is_fine(&self) -> bool {
        self.rows.iter().all(|row| self.fits(row))
    }

    fn fits(&self, row: &Row) -> bool {
        matches!(row.distance, Distance::Is(distance) if distance <= self.tolerance)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let rows = self.rows.iter().map(|row| {
            let distance = match row.distance {
                Distance::Is(distance) => Some(distance),
                Distance::OtherShape { .. } | Distance::Missing(_) => None,
            };
            serde_json::json!({ "name": row.name, "difference": distance, "fits": self.fits(row) })
        });
        serde_json::json!({ "tolerance": self.tolerance, "tensors": rows.collect::<Vec<_>>() })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let verdict = if self.fits(row) { "ok  " } else { "FAIL" };
            match &row.distance {
                Distance::Is(distance) => writeln!(f, "{verdict}  {distance:9.2e}  {}", row.name)?,
                Distance::OtherShape { expected, found } => {
                    writeln!(f, "{verdict}  {}: {expected:?} is expected, this is {found:?}", row.name)?;
                }
                Distance::Missing(what) => writeln!(f, "{verdict}  {}: {what}", row.name)?,
            }
        }
        let far = self.rows.iter().filter(|row| !self.fits(row)).count();
        writeln!(f, "{} of {} within {:e}", self.rows.len() - far, self.rows.len(), self.tolerance)
    }
}
