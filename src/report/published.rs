//! The numbers that papers publish, to compare those of a run with.
//!
//! In comes the name of a data set; out come the numbers that a paper gives for it, per method, class and metric. They
//! are data of this repository (`data/paper.toml`), transcribed digit for digit; nothing is computed from them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use thiserror::Error;

use crate::diagnostic::{count, one_of};
use crate::evaluate::evaluation::Evaluation;
use crate::measure::Metric;

const PAPER: &str = include_str!("../../data/paper.toml");
/// The row of a table that is over all classes.
const MEAN: &str = "mean";

/// The names of all sources of published numbers.
pub const SOURCES: [&str; 1] = ["paper"];

/// There are no published numbers for a run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PublishedError {
    /// There is no such source.
    #[error("there are no published numbers called `{name}`; {help}")]
    UnknownSource {
        /// The name that was given.
        name: String,
        /// What there is.
        help: String,
    },
    /// The source has nothing on the data set.
    #[error("the paper prints nothing on the data set `{dataset}`; it has {known}")]
    UnknownDataset {
        /// The data set.
        dataset: String,
        /// The data sets that there are.
        known: String,
    },
}

/// The published numbers on one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The publication and its tables.
    pub source: String,
    /// The methods, the paper's own first.
    pub methods: Vec<String>,
    values: BTreeMap<(String, &'static str, String), f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    table: Vec<PaperTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaperTable {
    number: u8,
    dataset: String,
    metrics: Vec<Metric>,
    methods: Vec<String>,
    rows: IndexMap<String, Vec<String>>,
}

impl Published {
    /// The numbers that `source` publishes for a data set.
    ///
    /// # Errors
    /// If there is no such source, or it says nothing of the data set.
    ///
    /// # Panics
    /// Never: the file is part of the program, and a test reads all of it.
    pub fn find(source: &str, dataset: &str) -> Result<Self, PublishedError> {
        if !SOURCES.contains(&source) {
            let help = one_of(source, SOURCES).unwrap_or_default();
            return Err(PublishedError::UnknownSource { name: source.to_owned(), help });
        }
        let Tables { table: tables } = toml::from_str(PAPER).expect("the tables are well formed");
        let of_it: Vec<&PaperTable> = tables.iter().filter(|table| table.dataset == dataset).collect();
        if of_it.is_empty() {
            let mut known: Vec<&str> = tables.iter().map(|table| table.dataset.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(PublishedError::UnknownDataset { dataset: dataset.to_owned(), known });
        }
        let numbers: Vec<String> = of_it.iter().map(|table| table.number.to_string()).collect();
        let plural = if numbers.len() == 1 { "Table" } else { "Tables" };
        let mut published = Self {
            source: format!("He et al., AAAI 2024, {plural} {}", numbers.join(", ")),
            methods: Vec::new(),
            values: BTreeMap::new(),
        };
        of_it.into_iter().for_each(|table| published.take(table));
        Ok(published)
    }

    fn take(&mut self, table: &PaperTable) {
        for method in table.methods.iter().rev() {
            if !self.methods.contains(method) {
                self.methods.push(method.clone());
            }
        }
        for (class, cells) in &table.rows {
            assert_eq!(cells.len(), table.methods.len(), "table {}, {class}", table.number);
            for (method, cell) in table.methods.iter().zip(cells) {
                let parts: Vec<&str> = cell.split('/').collect();
                assert_eq!(parts.len(), table.metrics.len(), "table {}, {class}, {method}", table.number);
                for (metric, part) in table.metrics.iter().zip(parts).filter(|(_, part)| *part != "-") {
                    let percent: f64 = part.parse().expect("a cell holds numbers");
                    self.values.insert((class.clone(), metric.name(), method.clone()), percent);
                }
            }
        }
    }

    /// The mean over classes that is printed for a method, in percent.
    #[must_use]
    pub fn mean(&self, metric: Metric, method: &str) -> Option<f64> {
        self.value(MEAN, metric, method)
    }

    /// What is printed for a class and a method, in percent.
    #[must_use]
    pub fn value(&self, class: &str, metric: Metric, method: &str) -> Option<f64> {
        self.values.get(&(class.to_owned(), metric.name(), method.to_owned())).copied()
    }

    /// The classes that have rows of their own.
    #[must_use]
    pub fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<&str> = self.values.keys().map(|(class, ..)| &**class).filter(|&c| c != MEAN).collect();
        classes.dedup();
        classes
    }

    /// The metrics of `evaluation` of which a mean is printed for any method.
    #[must_use]
    pub fn metrics(&self, evaluation: &Evaluation) -> Vec<Metric> {
        evaluation.metrics().filter(|&metric| self.methods.iter().any(|m| self.mean(metric, m).is_some())).collect()
    }

    /// What a reader must know to judge a difference between this run and the publication.
    #[must_use]
    pub fn caveats(&self, evaluation: &Evaluation) -> Vec<String> {
        let mut caveats = vec![format!(
            "published: {}; with a sign, this run (protocol {}) minus the published value, in percent points",
            self.source,
            evaluation.protocol.name()
        )];
        let classes = self.classes();
        let is_shared = |class: &&&str| evaluation.classes.iter().any(|own| own.class == **class);
        let shared = classes.iter().filter(is_shared).count();
        let others = evaluation.classes.len() - shared;
        let more = count(classes.len() - shared, "more class");
        match (classes.len() - shared, shared, others) {
            (0, _, 0) => {}
            (_, 0, _) => caveats.push(format!(
                "the published means are over {}, none of which is in this run: these numbers say nothing about each other",
                count(classes.len(), "other class")
            )),
            (0, _, _) => caveats.push(format!("this run is over {} than the published means", count(others, "more class"))),
            (_, _, 0) => caveats.push(format!("the published means are over {more} than this run")),
            _ => caveats.push(format!(
                "the published means are over {more} than this run, which has {} of its own",
                count(others, "class")
            )),
        }
        caveats
    }
}
