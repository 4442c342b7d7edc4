//! The metrics as a table for the terminal, in percent with one decimal, as papers print them.
//!
//! In comes an [`Evaluation`]; out come lines: a row per class, the mean set apart, and below it one note per reason
//! why a value is missing. No colours; with [`Charset::Ascii`] every character that is ours is ASCII.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use indexmap::IndexMap;

use crate::evaluate::collect::Evaluation;
use crate::evaluate::metric::{Metric, MetricValue};

/// The characters a table may be drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Thin lines and a dash.
    Unicode,
    /// What any terminal and any log can show.
    Ascii,
}

impl Charset {
    const fn rule(self) -> char {
        match self {
            Self::Unicode => '─',
            Self::Ascii => '-',
        }
    }

    const fn missing(self) -> &'static str {
        match self {
            Self::Unicode => "–",
            Self::Ascii => "-",
        }
    }
}

/// The metrics of `evaluation` as lines, without a line break at the end.
#[must_use]
pub fn table(evaluation: &Evaluation, charset: Charset) -> String {
    let rule = LineStyle::new(charset.rule(), charset.rule(), charset.rule(), charset.rule());
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(rule));
    table.set_header(
        ["class", "good", "anomalous"].into_iter().chain(Metric::ALL.map(Metric::title)).map(str::to_owned),
    );
    for class in &evaluation.classes {
        let values = Metric::ALL.map(|metric| percent(class.value(metric), charset));
        table.add_row(row(&class.class, class.images.good, class.images.anomalous, values));
    }
    let images = evaluation.classes.iter().map(|class| class.images);
    let (good, anomalous) = images.fold((0, 0), |sum, count| (sum.0 + count.good, sum.1 + count.anomalous));
    let means = Metric::ALL.map(|metric| percent(&evaluation.mean.value(metric).value, charset));
    table.add_row(row("mean", good, anomalous, means));

    let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    // Lines between rows can only be had for all rows or none: the one above the mean is the header's again.
    let apart = lines.len() - 1;
    lines.insert(apart, lines[1].clone());
    let notes = notes(evaluation);
    lines.extend((!notes.is_empty()).then(String::new));
    lines.extend(notes.iter().map(|note| format!("{} {note}", charset.missing())));
    lines.join("\n")
}

fn row(name: &str, good: usize, anomalous: usize, values: [String; 4]) -> Vec<Cell> {
    // A name with a line break in it would tear the row apart.
    let name = name.chars().map(|c| if c.is_control() { '?' } else { c }).collect::<String>();
    let numbers = [good.to_string(), anomalous.to_string()].into_iter().chain(values);
    let numbers = numbers.map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
    std::iter::once(Cell::new(name)).chain(numbers).collect()
}

fn percent(value: &MetricValue, charset: Charset) -> String {
    value.value().map_or_else(|| charset.missing().to_owned(), |value| format!("{:.1}", 100.0 * value))
}

/// Why values are missing, each reason once, and which means leave classes out.
pub(super) fn notes(evaluation: &Evaluation) -> Vec<String> {
    let mut reasons: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for class in &evaluation.classes {
        for metric in Metric::ALL {
            if let Some(reason) = class.value(metric).reason() {
                reasons.entry(reason).or_default().push(metric.title());
            }
        }
    }
    let missing = reasons.into_iter().map(|(reason, metrics)| format!("{reason} ({})", metrics.join(", ")));
    let all = evaluation.classes.len();
    let partial = Metric::ALL.into_iter().filter_map(|metric| {
        let over = evaluation.mean.value(metric).classes;
        (over < all).then(|| format!("mean {} is over {over} of {all} classes", metric.title()))
    });
    missing.chain(partial).collect()
}
