//! `metrics.json`: the metrics of a run and what identifies it.
//!
//! In comes a [`Report`]; out comes JSON with a fixed order of keys and each number in full precision. How long
//! anything took and pictures are left out: for two runs that are the same, only `date`, `command` and paths differ.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Provenance, Report};
use crate::evaluate::evaluation::Evaluation;
use crate::measure::Metric;
use crate::report::Published;

/// The version of the layout below: it grows when a key changes its meaning.
const FORMAT: u32 = 3;

#[derive(Serialize)]
struct Metrics<'a> {
    format: u32,
    provenance: &'a Provenance,
    evaluations: &'a [Evaluation],
    colours: [f32; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Beside>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    published_by_protocol: IndexMap<&'static str, Beside>,
}

/// What is read back of the metrics of a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Measured {
    /// What they were made of and with.
    pub provenance: Provenance,
    /// The metrics by each protocol.
    pub evaluations: Vec<Evaluation>,
    /// The values of the darkest and the brightest colour of all heat maps; none in what earlier versions have written.
    pub colours: Option<[f32; 2]>,
}

/// Reads what [`json()`] has written.
///
/// # Errors
/// Why it can't be read, in words.
pub fn measured(text: &str) -> Result<Measured, String> {
    #[derive(Deserialize)]
    struct Begun {
        format: u32,
    }
    let wrong = |error: serde_json::Error| error.to_string();
    let Begun { format } = serde_json::from_str(text).map_err(wrong)?;
    if format != FORMAT {
        return Err(format!("it has the format {format}, and this version of diadc reads {FORMAT}"));
    }
    serde_json::from_str(text).map_err(wrong)
}

/// Published numbers, as fractions like our own: method, class (or `mean`), metric.
#[derive(Serialize)]
struct Beside {
    source: String,
    methods: IndexMap<String, IndexMap<String, IndexMap<Metric, Difference>>>,
}

#[derive(Serialize)]
struct Difference {
    value: f64,
    /// Ours minus theirs; none where ours is not defined.
    difference: Option<f64>,
}

/// The metrics of `report` as JSON that ends in a line break.
///
/// # Panics
/// Never: the report holds nothing that JSON can't.
#[must_use]
pub fn json(report: &Report) -> String {
    let metrics = Metrics {
        format: FORMAT,
        provenance: &report.provenance,
        evaluations: &report.evaluations,
        colours: report.colours,
        published: first(report.published.as_ref(), &report.evaluations),
        published_by_protocol: by_protocol(report.published.as_ref(), &report.evaluations),
    };
    let mut text = serde_json::to_string_pretty(&metrics).expect("all keys are strings");
    text.push('\n');
    text
}

/// Published numbers beside those of the first protocol.
fn first(published: Option<&Published>, evaluations: &[Evaluation]) -> Option<Beside> {
    published.zip(evaluations.first()).map(|(published, own)| beside(published, own))
}

/// Published numbers beside those of each protocol, if there are several.
fn by_protocol(published: Option<&Published>, evaluations: &[Evaluation]) -> IndexMap<&'static str, Beside> {
    let all = published.into_iter().filter(|_| evaluations.len() > 1);
    all.flat_map(|published| evaluations.iter().map(|own| (own.protocol.name(), beside(published, own)))).collect()
}

fn beside(published: &Published, own: &Evaluation) -> Beside {
    let difference = |ours: Option<f64>, percent: f64| {
        let value = percent / 100.0;
        Difference { value, difference: ours.map(|ours| ours - value) }
    };
    let of_method = |method: &String| {
        let mut classes = IndexMap::new();
        for class in &own.classes {
            let metrics: IndexMap<Metric, Difference> = class
                .metrics
                .iter()
                .filter_map(|(&metric, value)| {
                    let percent = published.value(&class.class, metric, method)?;
                    Some((metric, difference(value.value(), percent)))
                })
                .collect();
            if !metrics.is_empty() {
                classes.insert(class.class.clone(), metrics);
            }
        }
        let means = own.mean.iter().filter_map(|(&metric, mean)| {
            Some((metric, difference(mean.value.value(), published.mean(metric, method)?)))
        });
        classes.insert("mean".to_owned(), means.collect());
        (method.clone(), classes)
    };
    Beside { source: published.source.clone(), methods: published.methods.iter().map(of_method).collect() }
}

/// Evaluations of saved predictions, of which nothing else is known, as JSON that ends in a line break.
///
/// # Panics
/// Never: evaluations hold nothing that JSON can't.
#[must_use]
pub fn evaluations(evaluations: &[Evaluation], published: Option<&Published>) -> String {
    #[derive(Serialize)]
    struct Alone<'a> {
        format: u32,
        evaluations: &'a [Evaluation],
        #[serde(skip_serializing_if = "Option::is_none")]
        published: Option<Beside>,
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        published_by_protocol: IndexMap<&'static str, Beside>,
    }
    let alone = Alone {
        format: FORMAT,
        evaluations,
        published: first(published, evaluations),
        published_by_protocol: by_protocol(published, evaluations),
    };
    let mut text = serde_json::to_string_pretty(&alone).expect("all keys are strings");
    text.push('\n');
    text
}
