//! What was measured, as it is written into a file and compared with later results.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fact::Precision;

use super::request::Kind;

/// What a file of this layout says that it is. The number grows when a key changes its meaning.
pub(super) const FORMAT: &str = "diadc bench 1";

/// What was measured, and under which circumstances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchResult {
    /// What the file is: `diadc bench 1`.
    pub format: String,
    /// The circumstances.
    pub provenance: Provenance,
    /// What the device can do.
    pub peaks: Vec<Peak>,
    /// What was measured.
    pub points: Vec<Point>,
    /// Whether everything was measured that was asked for.
    pub is_complete: bool,
}

/// The circumstances of a measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The program and its version.
    pub program: String,
    /// When it began, in UTC: `2026-01-31T12:00:00Z`.
    pub date: String,
    /// The spec as the user named it.
    pub spec: String,
    /// SHA-256 of the texts of the spec and all that it uses.
    pub spec_hash: String,
    /// The values of all params.
    pub params: BTreeMap<String, String>,
    /// `init`, or the file of weights.
    pub weights: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// The device.
    pub device: String,
    /// The processor of the machine, if the system knows it.
    pub processor: Option<String>,
    /// Threads that compute.
    pub threads: usize,
}

/// How fast the device multiplies large matrices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peak {
    /// The precision.
    pub precision: Precision,
    /// Rows and columns of the matrices.
    pub side: usize,
    /// Multiply-adds a second.
    pub multiply_adds_per_second: f64,
}

/// The times of one kind of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// What kind of work.
    pub kind: Kind,
    /// The function, the objective, or the calls that a loop stands in.
    pub name: String,
    /// Images of a batch.
    pub batch: usize,
    /// Precision of products.
    pub precision: Precision,
    /// Seconds of the first run, in which the device prepares what it keeps.
    pub first: f64,
    /// Seconds of the runs after those that warm up.
    pub steady: Steady,
    /// Images a second, by the median; none for a turn of a loop.
    pub images_per_second: Option<f64>,
    /// Multiply-adds of a run, with those of gradients.
    pub multiply_adds: u64,
    /// Bytes of weights that a run reads; those that it reads twice count twice.
    pub weight_bytes: u64,
    /// The share of the time in which the device would have done all products at its peak.
    pub share_of_peak: f64,
    /// Bytes of memory that the run was estimated to take.
    pub estimated_memory: Option<u64>,
    /// The most bytes that the process had held by the end of the run; none where the system does not say.
    pub peak_memory: Option<u64>,
    /// Times of the kinds of operations, longest first, if they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<OperationPoint>,
}

/// The seconds of several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steady {
    /// Half of the runs took no longer.
    pub median: f64,
    /// A quarter of the runs took no longer.
    pub lower: f64,
    /// Three quarters of the runs took no longer.
    pub upper: f64,
    /// How many runs there were.
    pub runs: usize,
}

/// The times of all operations of a kind in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationPoint {
    /// Their name in graphs.
    pub kind: String,
    /// How many there are.
    pub count: f64,
    /// Seconds of all of them.
    pub seconds: f64,
    /// Multiply-adds of all of them.
    pub multiply_adds: u64,
}

impl Steady {
    /// The quartiles of some times; those between two are interpolated.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of(seconds: &[f64]) -> Steady {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1).expect("something was measured");
        let at = |share: f64| {
            let place = share * last as f64;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Steady { median: at(0.5), lower: at(0.25), upper: at(0.75), runs: sorted.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::Steady;

    #[test]
    fn quartiles_are_those_of_numpy() {
        // np.percentile([4, 1, 3, 2], [25, 50, 75])
        assert_eq!(Steady::of(&[4.0, 1.0, 3.0, 2.0]), Steady { median: 2.5, lower: 1.75, upper: 3.25, runs: 4 });
        assert_eq!(Steady::of(&[7.0]), Steady { median: 7.0, lower: 7.0, upper: 7.0, runs: 1 });
    }
}
