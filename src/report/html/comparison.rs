//! The page of a comparison: what differs between runs, their metrics, losses and curves, and the same images side by side.

use std::fmt::{self, Write};

use super::axis::Axis;
use super::chart::{finite, smooth};
use super::escape::{Escaped, Path, Sentence};
use super::metrics::percent;
use super::plot::{Area, Plot, key, line_class};
use super::scores::{UnitLine, opened, unit_chart};
use super::{begin, end, gallery, section, table};
use crate::diagnostic::{signed, significant};
use crate::evaluate::curve::{ClassCurves, Point};
use crate::measure::Metric;
use crate::report::comparison::{ComparedRow, Comparison};
use crate::report::{LossCurve, RankChange, SideBySide};

/// Runs side by side as a page that needs nothing beside it.
///
/// # Panics
/// Never: a page in memory can always be written to.
#[must_use]
pub fn comparison_html(comparison: &Comparison, beside: &SideBySide) -> String {
    let mut page = String::new();
    write(&mut page, comparison, beside).expect("writing to a string does not fail");
    page
}

fn write(page: &mut String, comparison: &Comparison, beside: &SideBySide) -> fmt::Result {
    let names = comparison.names();
    begin(page, "Comparison")?;
    writeln!(
        page,
        "<header>\n<p class=\"kicker\">Anomaly detection runs</p>\n<h1>Comparison</h1>\n<dl class=\"runs\">"
    )?;
    for (number, (name, runs)) in names.iter().zip(&comparison.columns).enumerate() {
        write!(page, "<div><dt>")?;
        key(page, number, name)?;
        write!(page, "</dt><dd>")?;
        runs.iter().try_for_each(|run| write!(page, "{}<br>", Path(run)))?;
        writeln!(page, "</dd></div>")?;
    }
    writeln!(page, "</dl>\n</header>")?;
    section(page, "differences", "What differs", |page| differences(page, comparison, &names))?;
    section(page, "metrics", "Metrics", |page| metrics(page, comparison, &names))?;
    if !beside.losses.is_empty() {
        section(page, "training", "Training", |page| {
            beside.losses.iter().try_for_each(|(objective, curves)| losses(page, objective, curves, &names))
        })?;
    }
    if !beside.curves.is_empty() {
        section(page, "curves", "Curves", |page| {
            beside.curves.iter().enumerate().try_for_each(|(number, (class, curves))| {
                let of = |metric| comparison.of(Some(class), metric);
                let open = opened(number, beside.curves.len());
                writeln!(page, "<details{open}><summary>{}</summary>", Escaped(class))?;
                class_curves(page, class, curves, of, &names)?;
                writeln!(page, "</details>")
            })
        })?;
    }
    if !beside.ranks.is_empty() {
        section(page, "ranks", "Images whose rank differs most", |page| ranks(page, &beside.ranks, &names))?;
    }
    if !beside.examples.is_empty() {
        section(page, "examples", "The same images", |page| gallery::beside(page, &beside.examples, &names))?;
    }
    end(page)
}

fn differences(page: &mut String, comparison: &Comparison, names: &[String]) -> fmt::Result {
    if comparison.differences.is_empty() {
        return writeln!(page, "<p class=\"prose\">Nothing differs but what is listed above.</p>");
    }
    table::open(page, std::iter::once("").chain(names.iter().map(String::as_str)).map(Escaped))?;
    for (name, values) in &comparison.differences {
        write!(page, "<tr><th scope=\"row\">{}</th>", Escaped(name))?;
        values.iter().try_for_each(|value| write!(page, "<td>{}</td>", Escaped(value)))?;
        writeln!(page, "</tr>")?;
    }
    table::close(page)
}

/// The means, and the classes one by one, folded away.
fn metrics(page: &mut String, comparison: &Comparison, names: &[String]) -> fmt::Result {
    let (means, classes): (Vec<&ComparedRow>, Vec<&ComparedRow>) =
        comparison.rows.iter().partition(|row| row.class.is_none());
    rows(page, &means, names)?;
    for class in classes.chunk_by(|a, b| a.class == b.class && a.protocol == b.protocol) {
        let name = class[0].class.as_deref().unwrap_or_default();
        writeln!(page, "<details><summary>{}</summary>", Escaped(name))?;
        rows(page, class, names)?;
        writeln!(page, "</details>")?;
    }
    comparison.notes.iter().try_for_each(|note| writeln!(page, "<p class=\"note\">{}</p>", Sentence(note)))
}

fn rows(page: &mut String, compared: &[&ComparedRow], names: &[String]) -> fmt::Result {
    let Some(first) = compared.first() else { return Ok(()) };
    let several = compared.iter().any(|row| row.protocol != first.protocol);
    let differences: Vec<String> = names.iter().skip(1).map(|name| format!("{name} − {}", names[0])).collect();
    let protocol = several.then_some("protocol");
    let columns = names.iter().chain(&differences).map(String::as_str);
    table::open(page, std::iter::once("metric").chain(protocol).chain(columns).map(Escaped))?;
    for row in compared {
        write!(page, "<tr><th scope=\"row\">{}</th>", row.metric.title())?;
        if several {
            write!(page, "<td class=\"protocol\">{}</td>", row.protocol.name())?;
        }
        for value in &row.values {
            let value = value.map_or_else(|| "–".to_owned(), |value| value.percent("±"));
            write!(page, "<td>{value}</td>")?;
        }
        for column in 1..row.values.len() {
            match row.difference(column) {
                Some((difference, Some(true))) => write!(page, "<td><b>{} *</b></td>", signed(100.0 * difference))?,
                Some((difference, _)) => write!(page, "<td>{}</td>", signed(100.0 * difference))?,
                None => write!(page, "<td>–</td>")?,
            }
        }
        writeln!(page, "</tr>")?;
    }
    table::close(page)
}

/// The losses of one objective in all columns, as smooth lines on one scale.
fn losses(page: &mut String, objective: &str, curves: &[Option<LossCurve>], names: &[String]) -> fmt::Result {
    let points: Vec<Vec<super::plot::Point>> =
        curves.iter().map(|curve| curve.as_ref().map(finite).unwrap_or_default()).collect();
    let all = || points.iter().flatten();
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let y = Axis::around(&all().map(|point| point.1).collect::<Vec<_>>());
    let smoothed: Vec<Vec<super::plot::Point>> = points.iter().map(|points| smooth(points, y)).collect();
    let text = |number: usize, line: &[super::plot::Point]| {
        let end =
            line.last().map_or_else(|| "no loss".to_owned(), |point| format!("ends near {}", significant(point.1)));
        format!("{} {end}", names[number])
    };
    let scale = if y.is_logarithmic() { ", logarithmic scale" } else { "" };
    writeln!(page, "<figure class=\"chart\">\n<figcaption><h3>{}</h3>", Escaped(objective))?;
    writeln!(page, "<span class=\"note\">loss by step, smoothed{scale}</span>\n<div class=\"keys\">")?;
    for (number, line) in smoothed.iter().enumerate() {
        key(page, number, text(number, line))?;
    }
    writeln!(page, "</div></figcaption>")?;
    let plot = Plot::new(Area::WIDE, Axis::between(1.0, last), y);
    let words: Vec<String> = smoothed.iter().enumerate().map(|(number, line)| text(number, line)).collect();
    plot.open(page, format_args!("losses of {}: {}", Escaped(objective), words.join(", ")))?;
    plot.rows(page, |_, label| label.to_owned())?;
    plot.counting_base(page, "step")?;
    for (number, line) in smoothed.iter().enumerate() {
        plot.line(page, &line_class(number), line)?;
    }
    Plot::close(page)?;
    writeln!(page, "</figure>")
}

/// Takes one curve of those of a class.
type Of = fn(&ClassCurves) -> &[Point];

/// ROC of images and of pixels, and the overlap with regions, each with a line for each column.
fn class_curves<'a, 'b>(
    page: &mut String,
    class: &str,
    curves: &'b [Option<ClassCurves>],
    row: impl Fn(Metric) -> Option<&'a ComparedRow>,
    names: &[String],
) -> fmt::Result {
    let charts: [(&str, Metric, Of); 3] = [
        ("Images: true and false positives", Metric::ImageAuroc, |of| &of.image_roc),
        ("Pixels: true and false positives", Metric::PixelAuroc, |of| &of.pixel_roc),
        ("Regions: overlap and false positives", Metric::Pro, |of| &of.pro),
    ];
    writeln!(page, "<div class=\"plots\">")?;
    for (title, metric, of) in charts {
        let text = |number: usize| {
            let value = row(metric).and_then(|row| row.values[number]);
            let value = value.map(|value| format!(": {} {}", metric.title(), percent(value.mean)));
            format!("{}{}", names[number], value.unwrap_or_default())
        };
        let points = |own: &'b Option<ClassCurves>| own.as_ref().map_or(&[][..], of);
        let lines = curves.iter().enumerate();
        let lines: Vec<UnitLine<'_>> =
            lines.map(|(number, own)| UnitLine { text: text(number), points: points(own) }).collect();
        unit_chart(page, title, "rate of false positives", class, &lines, None)?;
    }
    writeln!(page, "</div>")
}

/// The images and their ranks.
fn ranks(page: &mut String, changes: &[RankChange], names: &[String]) -> fmt::Result {
    let titles = ["image", "class", "kind", "of"];
    table::open(page, titles.into_iter().chain(names.iter().map(String::as_str)).map(Escaped))?;
    for change in changes {
        let RankChange { class, id, defect, ranks, of } = change;
        write!(page, "<tr><th scope=\"row\">{}</th><td>{}</td>", Path(id), Escaped(class))?;
        write!(page, "<td>{}</td><td>{of}</td>", Escaped(defect.as_deref().unwrap_or("good")))?;
        for (column, rank) in ranks.iter().enumerate() {
            let gain = change.gain(column);
            let word = match gain {
                _ if column == 0 || gain == 0.0 => "",
                gain if gain > 0.0 => "better",
                _ => "worse",
            };
            let rank = (10.0 * rank).round() / 10.0;
            write!(page, "<td>{rank}<span class=\"apart\">{word}</span></td>")?;
        }
        writeln!(page, "</tr>")?;
    }
    table::close(page)?;
    writeln!(
        page,
        "<p class=\"note\">Ranks among the test images of the class: 1 is the highest score; over several seeds their mean. Better is \
         up for an anomalous image, and down for a good one.</p>"
    )
}
