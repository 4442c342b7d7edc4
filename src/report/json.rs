//! `metrics.json`: the metrics of a run and what identifies it.
//!
//! In comes a [`Report`]; out comes JSON with a fixed order of keys and each number in full precision. Times, paths
//! and pictures are left out: two runs that are the same give the same bytes.

use serde::{Serialize, Serializer};

use super::Report;
use crate::evaluate::collect::Evaluation;

/// The version of the layout below: it grows when a key changes its meaning.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Metrics<'a> {
    format: u32,
    spec: &'a str,
    model: &'a str,
    dataset: &'a str,
    seed: u64,
    device: &'a str,
    #[serde(serialize_with = "as_map")]
    parameters: &'a [(String, String)],
    #[serde(serialize_with = "as_map")]
    facts: &'a [(String, String)],
    protocol: &'a [String],
    evaluation: &'a Evaluation,
}

/// The metrics of `report` as JSON that ends in a line break.
///
/// # Panics
/// Never: the report holds nothing that JSON can't.
#[must_use]
pub fn json(report: &Report) -> String {
    let metrics = Metrics {
        format: FORMAT,
        spec: &report.spec,
        model: &report.model,
        dataset: &report.dataset,
        seed: report.seed,
        device: &report.device,
        parameters: &report.parameters,
        facts: &report.facts,
        protocol: &report.protocol,
        evaluation: &report.evaluation,
    };
    let mut text = serde_json::to_string_pretty(&metrics).expect("all keys are strings");
    text.push('\n');
    text
}

/// Pairs as an object, in their own order.
fn as_map<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}
