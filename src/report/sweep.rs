//! The table of a sweep: for the terminal, as CSV and as JSON. The page is in `html/sweep.rs`.

use indexmap::IndexMap;
use serde::Serialize;

use super::csv::csv_lines;
use super::spread::Spread;
use super::table::{Charset, lines};
use crate::diagnostic::count;
use crate::measure::{Metric, ProtocolName};

/// The version of the layout of the JSON: it grows when a key changes its meaning.
const FORMAT: u32 = 1;

/// The results of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepTable {
    /// When it was planned, in UTC.
    pub date: String,
    /// The words of the command line that planned it.
    pub command: Vec<String>,
    /// The settings that vary.
    pub axes: Vec<String>,
    /// The rows.
    pub rows: Vec<SweepRow>,
    /// Where the published figures of the rows come from; none if no row has any.
    pub published: Option<Cited>,
    /// Points that failed, and why.
    pub failures: Vec<(String, String)>,
    /// Points that have no result yet.
    pub waiting: usize,
}

/// The results of some points that differ in their seeds alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepRow {
    /// The value of each axis; none where the row does not set it.
    pub values: Vec<Option<String>>,
    /// The class whose model it is, or `mean` over all; none if one model is for all classes.
    pub class: Option<String>,
    /// The protocol.
    pub protocol: ProtocolName,
    /// How many seeds have a result.
    pub seeds: usize,
    /// Each metric over the seeds; the mean over classes.
    pub metrics: IndexMap<Metric, Spread>,
    /// What a publication prints for it.
    pub published: IndexMap<Metric, f64>,
}

/// Where published figures come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cited {
    /// The publication and its table.
    pub source: String,
    /// What a reader must know of the figures, a sentence each.
    pub notes: Vec<String>,
}

/// A column of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// What the sweep has measured.
    Measured(Metric),
    /// What a publication prints.
    Published(Metric),
}

impl Column {
    /// Its title, in two lines.
    pub(super) fn title(self) -> [String; 2] {
        match self {
            Column::Measured(metric) => {
                let (first, rest) = metric.title().split_once(' ').unwrap_or((metric.title(), ""));
                [first.to_owned(), rest.to_owned()]
            }
            Column::Published(_) => [String::new(), "published".to_owned()],
        }
    }

    /// Its cell in a row.
    pub(super) fn cell(self, row: &SweepRow, missing: &str, plus_minus: &str) -> String {
        let shown = match self {
            Column::Measured(metric) => row.metrics.get(&metric).map(|spread| spread.percent(plus_minus)),
            Column::Published(metric) => row.published.get(&metric).map(|figure| format!("{:.1}", 100.0 * figure)),
        };
        shown.unwrap_or_else(|| missing.to_owned())
    }
}

impl SweepTable {
    /// All metrics of all rows.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        let mut metrics: Vec<Metric> = Vec::new();
        for metric in self.rows.iter().flat_map(|row| row.metrics.keys()) {
            if !metrics.contains(metric) {
                metrics.push(*metric);
            }
        }
        metrics
    }

    /// The columns of numbers: each metric, and what is published of it beside it.
    pub(super) fn columns(&self) -> Vec<Column> {
        let is_published = |metric: Metric| self.rows.iter().any(|row| row.published.contains_key(&metric));
        let of = |metric| {
            let published = is_published(metric).then_some(Column::Published(metric));
            std::iter::once(Column::Measured(metric)).chain(published)
        };
        self.metrics().into_iter().flat_map(of).collect()
    }

    /// The titles of the columns that say which row it is: those that are not the same for all.
    pub(super) fn titles(&self) -> Vec<String> {
        let mut titles = self.axes.clone();
        titles.extend(self.has_classes().then(|| "class".to_owned()));
        titles.extend(self.has_protocols().then(|| "protocol".to_owned()));
        titles.push("seeds".to_owned());
        titles
    }

    /// The cells below them.
    pub(super) fn cells(&self, row: &SweepRow, missing: &str) -> Vec<String> {
        let mut cells: Vec<String> =
            row.values.iter().map(|value| value.clone().unwrap_or_else(|| missing.to_owned())).collect();
        cells.extend(self.has_classes().then(|| row.class.clone().unwrap_or_default()));
        cells.extend(self.has_protocols().then(|| row.protocol.name().to_owned()));
        cells.push(row.seeds.to_string());
        cells
    }

    fn has_classes(&self) -> bool {
        self.rows.iter().any(|row| row.class.is_some())
    }

    fn has_protocols(&self) -> bool {
        self.rows.iter().any(|row| row.protocol != self.rows[0].protocol)
    }

    /// What a reader must know besides the numbers, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec!["in percent; the mean over seeds and the standard deviation of a sample".to_owned()];
        if let Some(Cited { source, notes: own }) = &self.published {
            notes.push(format!("published: {source}"));
            notes.extend(own.iter().cloned());
        }
        if self.waiting > 0 {
            notes.push(format!("{} without a result yet", count(self.waiting, "point")));
        }
        notes.extend(
            self.failures
                .iter()
                .map(|(point, reason)| format!("failed: {point}: {}", reason.lines().next().unwrap_or_default())),
        );
        notes
    }
}

/// The table for the terminal, without a line break at the end.
#[must_use]
pub fn sweep_table(table: &SweepTable, charset: Charset) -> String {
    let columns = table.columns();
    let titles = columns.iter().map(|column| column.title().join("\n"));
    let header = table.titles().into_iter().chain(titles).collect();
    let rows = table.rows.iter().map(|row| {
        let values = columns.iter().map(|column| column.cell(row, charset.missing(), charset.plus_minus()));
        table.cells(row, charset.missing()).into_iter().chain(values).collect()
    });
    let mut text = if table.rows.is_empty() { Vec::new() } else { lines(header, rows.collect(), charset) };
    text.push(String::new());
    text.extend(table.notes());
    text.join("\n")
}

/// The table as CSV with a header: fractions in full precision, and for each metric its standard deviation and
/// what is published of it beside it.
#[must_use]
pub fn sweep_csv(table: &SweepTable) -> String {
    let columns = table.columns();
    let names = columns.iter().flat_map(|column| match column {
        Column::Measured(metric) => vec![metric.name().to_owned(), format!("{}_deviation", metric.name())],
        Column::Published(metric) => vec![format!("{}_published", metric.name())],
    });
    let fixed = ["class", "protocol", "seeds"].map(str::to_owned);
    let mut rows: Vec<Vec<String>> = vec![table.axes.iter().cloned().chain(fixed).chain(names).collect()];
    let written = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    for row in &table.rows {
        let values = row.values.iter().map(|value| value.clone().unwrap_or_default());
        let fixed = [row.class.clone().unwrap_or_default(), row.protocol.name().to_owned(), row.seeds.to_string()];
        let numbers = columns.iter().flat_map(|column| match column {
            Column::Measured(metric) => {
                let spread = row.metrics.get(metric);
                vec![written(spread.map(|spread| spread.mean)), written(spread.and_then(|spread| spread.deviation))]
            }
            Column::Published(metric) => vec![written(row.published.get(metric).copied())],
        });
        rows.push(values.chain(fixed).chain(numbers).collect());
    }
    csv_lines(rows)
}

/// The table as JSON that ends in a line break.
///
/// # Panics
/// Never: a table holds nothing that JSON can't.
#[must_use]
pub fn sweep_json(table: &SweepTable) -> String {
    #[derive(Serialize)]
    struct Written<'a> {
        format: u32,
        #[serde(flatten)]
        table: &'a SweepTable,
    }
    let text = serde_json::to_string_pretty(&Written { format: FORMAT, table });
    text.expect("all keys are strings") + "\n"
}
