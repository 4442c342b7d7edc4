//! Runs side by side: what they differ in, and their metrics with differences. For the terminal and as JSON.

use serde::Serialize;

use super::spread::Spread;
use super::table::{Charset, columns, lines};
use crate::diagnostic::signed;
use crate::measure::{Metric, ProtocolName};

/// Runs side by side. Runs that differ in their seeds alone are one column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The runs of each column; the first is what the others are compared with.
    pub columns: Vec<Vec<String>>,
    /// What differs: its name, and the value of each column.
    pub differences: Vec<(String, Vec<String>)>,
    /// The metrics.
    pub rows: Vec<ComparedRow>,
    /// What a reader must know besides, a sentence each.
    pub notes: Vec<String>,
}

/// One metric of all columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedRow {
    /// The protocol.
    pub protocol: ProtocolName,
    /// The class; none for the mean over classes.
    pub class: Option<String>,
    /// The metric.
    pub metric: Metric,
    /// Its values; none where it is not defined.
    pub values: Vec<Option<Spread>>,
}

impl Comparison {
    /// A letter for each column.
    pub(super) fn names(&self) -> Vec<String> {
        (0..self.columns.len()).map(letter).collect()
    }

    /// The row of a metric under the first protocol; none for a class that is not compared.
    pub(super) fn of(&self, class: Option<&str>, metric: Metric) -> Option<&ComparedRow> {
        self.rows.iter().find(|row| row.class.as_deref() == class && row.metric == metric)
    }
}

impl ComparedRow {
    /// The difference of a column from the first, and whether it exceeds the spread over seeds.
    pub(super) fn difference(&self, column: usize) -> Option<(f64, Option<bool>)> {
        let (first, own) = (self.values.first()?.as_ref()?, self.values.get(column)?.as_ref()?);
        Some((own.mean - first.mean, own.differs(first)))
    }
}

/// The comparison for the terminal, without a line break at the end; of the classes only if `classes`.
#[must_use]
pub fn comparison_table(comparison: &Comparison, classes: bool, charset: Charset) -> String {
    let names = comparison.names();
    let legend = names.iter().zip(&comparison.columns).map(|(name, runs)| format!("{name}  {}", runs.join("  ")));
    let mut text: Vec<String> = legend.collect();
    text.push(String::new());
    if comparison.differences.is_empty() {
        text.push("nothing differs but what is listed above".to_owned());
    } else {
        let header = std::iter::once("what differs".to_owned()).chain(names.iter().cloned()).collect();
        let rows = comparison.differences.iter();
        let rows = rows.map(|(name, values)| std::iter::once(name).chain(values).cloned().collect());
        text.push(columns(header, rows.collect(), charset));
    }
    text.push(String::new());
    text.extend(metrics(comparison, &names, classes, charset));
    text.push(String::new());
    text.extend(comparison.notes.iter().cloned());
    text.join("\n")
}

fn metrics(comparison: &Comparison, names: &[String], classes: bool, charset: Charset) -> Vec<String> {
    let several = comparison.rows.iter().any(|row| row.protocol != comparison.rows[0].protocol);
    let plus_minus = charset.plus_minus();
    let missing = charset.missing();
    let mut header = vec!["class".to_owned()];
    header.extend(several.then(|| "protocol".to_owned()));
    header.push("metric".to_owned());
    header.extend(names.iter().cloned());
    header.extend(names.iter().skip(1).map(|name| format!("{name} - {}", names[0])));
    let shown = comparison.rows.iter().filter(|row| classes || row.class.is_none());
    let rows = shown.map(|row| {
        let mut cells = vec![row.class.clone().unwrap_or_else(|| "mean".to_owned())];
        cells.extend(several.then(|| row.protocol.name().to_owned()));
        cells.push(row.metric.title().to_owned());
        let value = |value: &Option<Spread>| value.map_or_else(|| missing.to_owned(), |own| own.percent(plus_minus));
        cells.extend(row.values.iter().map(value));
        cells.extend((1..row.values.len()).map(|column| match row.difference(column) {
            Some((difference, Some(true))) => format!("{} *", signed(100.0 * difference)),
            Some((difference, _)) => signed(100.0 * difference),
            None => missing.to_owned(),
        }));
        cells
    });
    lines(header, rows.collect(), charset)
}

/// A name for a column: A, B, .., Z, A1, B1.
fn letter(column: usize) -> String {
    let letter = char::from(b'A' + (column % 26) as u8);
    if column < 26 { letter.to_string() } else { format!("{letter}{}", column / 26) }
}

/// The comparison as JSON that ends in a line break: fractions, and differences from the first column.
#[must_use]
pub fn comparison_json(comparison: &Comparison) -> String {
    let rows = comparison.rows.iter().map(|row| {
        let differences: Vec<serde_json::Value> = (1..row.values.len())
            .map(|column| match row.difference(column) {
                Some((difference, exceeds)) => {
                    serde_json::json!({ "difference": difference, "exceeds_spread": exceeds })
                }
                None => serde_json::Value::Null,
            })
            .collect();
        serde_json::json!({
            "protocol": row.protocol, "class": row.class, "metric": row.metric, "values": row.values,
            "differences": differences,
        })
    });
    let differences: serde_json::Map<String, serde_json::Value> =
        comparison.differences.iter().map(|(name, values)| (name.clone(), serde_json::json!(values))).collect();
    let whole = serde_json::json!({
        "format": 1, "columns": comparison.columns, "differences": differences, "rows": rows.collect::<Vec<_>>(),
        "notes": comparison.notes,
    });
    format!("{whole:#}\n")
}
