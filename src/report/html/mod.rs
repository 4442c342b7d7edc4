//! The report as one HTML page that needs nothing beside it and fetches nothing.
//!
//! In comes a [`Report`]; out comes a page with its style, its curves (SVG) and its pictures (PNG) inside. It follows
//! the reader's choice of light or dark, prints, and fits a narrow screen. It works without scripts; a script of a
//! few lines enlarges a picture. What is then true: every text from the report is escaped, and the page forbids the
//! browser to load anything.

mod axis;
mod chart;
mod comparison;
mod escape;
mod gallery;
mod metrics;
mod plot;
mod published;
mod scores;
mod sweep;
mod table;

use std::fmt::{self, Write};

use super::Report;
use crate::diagnostic::count;
use crate::evaluate::evaluation::{Count, Evaluation};
pub use comparison::comparison_html;
use escape::{Escaped, Sentence};
pub use sweep::sweep_html;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("enlarge.js");
/// The content security policy: the page may use only what it contains.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// `report` as a page.
///
/// # Panics
/// Never: a page in memory can always be written to.
#[must_use]
pub fn html(report: &Report) -> String {
    let mut page = String::new();
    write(&mut page, report).expect("writing to a string does not fail");
    page
}

fn write(page: &mut String, report: &Report) -> fmt::Result {
    begin(page, &format!("{}: report", report.provenance.spec.name))?;
    header(page, report)?;
    section(page, "metrics", "Metrics", |page| metrics::table(page, &report.evaluations))?;
    if let Some(published) = &report.published {
        section(page, "published", "Beside published numbers", |page| {
            report.evaluations.iter().try_for_each(|evaluation| published::tables(page, evaluation, published))
        })?;
    }
    if !report.verdicts.classes.is_empty() {
        section(page, "verdicts", "Verdicts", |page| scores::verdicts(page, &report.verdicts))?;
    }
    if !report.scores.is_empty() {
        section(page, "scores", "Scores", |page| scores::scores(page, report))?;
    }
    if !report.losses.is_empty() {
        section(page, "training", "Training", |page| {
            report.losses.iter().try_for_each(|curve| chart::chart(page, curve))
        })?;
    }
    if !report.mistakes.is_empty() {
        section(page, "mistakes", "Worst mistakes", |page| gallery::mistakes(page, &report.mistakes))?;
    }
    if !report.examples.is_empty() {
        section(page, "examples", "Examples", |page| gallery::gallery(page, &report.examples))?;
    }
    section(page, "protocol", "What the metrics mean", |page| {
        let words = report.evaluations.iter().flat_map(|evaluation| &evaluation.meaning);
        words.into_iter().try_for_each(|words| writeln!(page, "<p class=\"prose\">{}</p>", Sentence(words)))
    })?;
    section(page, "run", "The run", |page| run(page, report))?;
    end(page)
}

/// All of a page before its content.
fn begin(page: &mut String, title: &str) -> fmt::Result {
    let title = Escaped(title);
    writeln!(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
    writeln!(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(page, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    writeln!(page, "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>")
}

/// All of a page after its content.
fn end(page: &mut String) -> fmt::Result {
    writeln!(page, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

fn header(page: &mut String, report: &Report) -> fmt::Result {
    let first = report.evaluations.first();
    let provenance = &report.provenance;
    let classes = first.map_or(0, |evaluation| evaluation.classes.len());
    let Count { good, anomalous } = first.map_or(Count::default(), Evaluation::images);
    writeln!(page, "<header>\n<p class=\"kicker\">Anomaly detection report</p>")?;
    writeln!(page, "<h1>{}</h1>", Escaped(&provenance.spec.name))?;
    writeln!(
        page,
        "<p class=\"lead\"><b>{}</b> on <b>{}</b>: {}, {good} good and {anomalous} anomalous test images.</p>",
        Escaped(&provenance.spec.model),
        Escaped(provenance.data.as_ref().map_or("no data set", |data| &data.name)),
        count(classes, "class"),
    )?;
    first.map_or(Ok(()), |evaluation| metrics::headline(page, evaluation))?;
    let seed = provenance.seed.to_string();
    let facts =
        [("spec", &provenance.spec.path), ("device", &provenance.device), ("seed", &seed), ("date", &provenance.date)];
    pairs(page, "facts", facts.iter().map(|(name, value)| (*name, value.as_str())))?;
    writeln!(page, "</header>")
}

fn section(page: &mut String, anchor: &str, title: &str, body: impl FnOnce(&mut String) -> fmt::Result) -> fmt::Result {
    writeln!(page, "<section id=\"{anchor}\">\n<h2>{title}</h2>")?;
    body(page)?;
    writeln!(page, "</section>")
}

fn run(page: &mut String, report: &Report) -> fmt::Result {
    let facts = report.provenance.facts();
    let params = report.provenance.params.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let timings = report.timings.iter().map(|(stage, seconds)| (stage.as_str(), duration(*seconds))).collect();
    writeln!(page, "<div class=\"columns\">")?;
    let lists: [(&str, Vec<(&str, String)>); 3] = [("Params", params), ("Provenance", facts), ("Time", timings)];
    for (title, list) in lists {
        if !list.is_empty() {
            writeln!(page, "<div>\n<h3>{title}</h3>")?;
            pairs(page, "list", list.iter().map(|(name, value)| (*name, value.as_str())))?;
            writeln!(page, "</div>")?;
        }
    }
    writeln!(page, "</div>")
}

fn pairs<'a>(page: &mut String, kind: &str, list: impl Iterator<Item = (&'a str, &'a str)>) -> fmt::Result {
    writeln!(page, "<dl class=\"{kind}\">")?;
    for (name, value) in list {
        writeln!(page, "<div><dt>{}</dt><dd>{}</dd></div>", Escaped(name), Escaped(value))?;
    }
    writeln!(page, "</dl>")
}

/// A number of seconds in words.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.2} s"),
        10..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3600.. => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}
