//! The mean of a number over several runs, and how far apart they are.

use serde::Serialize;

/// The mean of some numbers and their standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a sample, with one less than the number of runs in the denominator; none for one run.
    pub deviation: Option<f64>,
    /// How many numbers there are.
    pub runs: usize,
}

impl Spread {
    /// That of some numbers.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Spread {
        assert!(!values.is_empty(), "there is nothing to average");
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt());
        Spread { mean, deviation, runs: values.len() }
    }

    /// Whether the means of two differ by more than their spread: by more than twice the standard error of their difference.
    /// None if one of them is a single run.
    #[must_use]
    pub fn differs(&self, other: &Spread) -> Option<bool> {
        let variance = |of: &Spread| of.deviation.map(|deviation| deviation * deviation / of.runs as f64);
        let error = (variance(self)? + variance(other)?).sqrt();
        Some((self.mean - other.mean).abs() > 2.0 * error)
    }

    /// In percent, as papers print it: `93.1 ± 0.4`.
    #[must_use]
    pub fn percent(&self, plus_minus: &str) -> String {
        let mean = format!("{:.1}", 100.0 * self.mean);
        self.deviation.map_or_else(|| mean.clone(), |deviation| format!("{mean} {plus_minus} {:.1}", 100.0 * deviation))
    }
}
