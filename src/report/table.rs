//! The metrics as a table for the terminal, in percent with one decimal, as papers print them.
//!
//! In come [`Evaluation`]s of the same images; out come lines: a row per class and protocol, the mean set apart, and
//! below it one note per reason why a value is missing. No colours; with [`Charset::Ascii`] every character that is
//! ours is ASCII.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use indexmap::IndexMap;

use crate::evaluate::evaluation::{Count, Evaluation};
use crate::evaluate::metric::MetricValue;

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

    /// What stands between a mean and a deviation.
    pub(super) const fn plus_minus(self) -> &'static str {
        match self {
            Self::Unicode => "±",
            Self::Ascii => "+-",
        }
    }

    /// What stands where there is nothing.
    #[must_use]
    pub const fn missing(self) -> &'static str {
        match self {
            Self::Unicode => "–",
            Self::Ascii => "-",
        }
    }
}

/// The metrics of `evaluations` as lines, without a line break at the end.
#[must_use]
pub fn table(evaluations: &[Evaluation], charset: Charset) -> String {
    let Some(first) = evaluations.first() else { return String::new() };
    let several = evaluations.len() > 1;
    let mut header = vec!["class".to_owned()];
    header.extend(several.then(|| "protocol".to_owned()));
    header.extend(["good".to_owned(), "anomalous".to_owned()]);
    header.extend(first.metrics().map(|metric| metric.title().replace(' ', "\n")));
    let row = |evaluation: &Evaluation, name: &str, images: Count, values: Vec<String>| {
        let mut row = vec![if std::ptr::eq(evaluation, first) { name.to_owned() } else { String::new() }];
        row.extend(several.then(|| evaluation.protocol.name().to_owned()));
        row.extend([images.good.to_string(), images.anomalous.to_string()]);
        row.extend(values);
        row
    };
    let mut rows = Vec::new();
    for (index, class) in first.classes.iter().enumerate() {
        for evaluation in evaluations {
            let own = &evaluation.classes[index];
            let values = own.metrics.values().map(|value| percent(value, charset)).collect();
            rows.push(row(evaluation, &class.class, own.images, values));
        }
    }
    for evaluation in evaluations {
        let values = evaluation.mean.values().map(|mean| percent(&mean.value, charset)).collect();
        rows.push(row(evaluation, "mean", evaluation.images(), values));
    }
    let mut lines = lines(header, rows, charset);
    // Lines between rows can only be had for all rows or none: the one above the mean is the header's again.
    let is_rule = |line: &&String| line.chars().all(|c| c == charset.rule()) && !line.is_empty();
    let rule = lines.iter().find(is_rule).cloned().unwrap_or_default();
    lines.insert(lines.len() - evaluations.len(), rule);
    lines.push(String::new());
    let protocols: Vec<String> = evaluations.iter().map(protocol).collect();
    lines.extend(protocols);
    for evaluation in evaluations {
        let of = if several { format!("{}: ", evaluation.protocol.name()) } else { String::new() };
        lines.extend(notes(evaluation).iter().map(|note| format!("{} {of}{note}", charset.missing())));
        lines.extend(evaluation.variation.iter().map(|variation| format!("{of}{}", variation.words())));
    }
    lines.join("\n")
}

/// Which rules hold, in a line.
fn protocol(evaluation: &Evaluation) -> String {
    let Evaluation { protocol, pro_limit, image_score, .. } = evaluation;
    format!("protocol {}, image score {image_score}, PRO up to {pro_limit}, in percent", protocol.name())
}

/// A table as lines: the first column to the left, the others to the right.
pub(super) fn lines(header: Vec<String>, rows: Vec<Vec<String>>, charset: Charset) -> Vec<String> {
    let side = |column| if column == 0 { CellAlignment::Left } else { CellAlignment::Right };
    aligned(header, rows, charset, side)
}

fn aligned(
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    charset: Charset,
    side: impl Fn(usize) -> CellAlignment,
) -> Vec<String> {
    let rule = LineStyle::new(charset.rule(), charset.rule(), charset.rule(), charset.rule());
    let cells = |texts: Vec<String>, inner: bool| -> Vec<Cell> {
        let cell = |(column, text): (usize, String)| {
            // A name with a line break in it would tear the row apart.
            let text = text.chars().map(|c| if c.is_control() && inner { '?' } else { c }).collect::<String>();
            Cell::new(text).set_alignment(side(column))
        };
        texts.into_iter().enumerate().map(cell).collect()
    };
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(rule));
    table.set_header(cells(header, false));
    for row in rows {
        table.add_row(cells(row, true));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// A table of words without a line break at the end: all columns to the left.
#[must_use]
pub fn columns(header: Vec<String>, rows: Vec<Vec<String>>, charset: Charset) -> String {
    aligned(header, rows, charset, |_| CellAlignment::Left).join("\n")
}

pub(super) fn percent(value: &MetricValue, charset: Charset) -> String {
    value.value().map_or_else(|| charset.missing().to_owned(), |value| format!("{:.1}", 100.0 * value))
}

/// Why values are missing, each reason once, and which means leave classes out.
pub(super) fn notes(evaluation: &Evaluation) -> Vec<String> {
    let mut reasons: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for class in &evaluation.classes {
        for (metric, value) in &class.metrics {
            if let Some(reason) = value.reason() {
                reasons.entry(reason).or_default().push(metric.title());
            }
        }
    }
    let missing = reasons.into_iter().map(|(reason, metrics)| format!("{reason} ({})", metrics.join(", ")));
    let all = evaluation.classes.len();
    let mut partial: IndexMap<usize, Vec<&str>> = IndexMap::new();
    // The mean of one class leaves out what the reason above has told.
    for (metric, mean) in evaluation.mean.iter().filter(|(_, mean)| mean.classes < all && all > 1) {
        partial.entry(mean.classes).or_default().push(metric.title());
    }
    let partial = partial
        .into_iter()
        .map(|(classes, metrics)| format!("means over {classes} of {all} classes: {}", metrics.join(", ")));
    missing.chain(partial).collect()
}
