//! The scores of each class: a histogram of good and anomalous images, the curves that its metrics come from, and a table of
//! what a threshold makes of the images.

use std::fmt::{self, Display, Write};

use super::axis::Axis;
use super::escape::{Escaped, Sentence};
use super::metrics::percent;
use super::plot::{Area, Plot, Point, key, line_class};
use super::table;
use crate::diagnostic::{count, significant};
use crate::evaluate::curve::{self, ClassCurves};
use crate::evaluate::decision::Confusion;
use crate::evaluate::evaluation::{ClassEvaluation, Evaluation};
use crate::evaluate::metric::MetricValue;
use crate::measure::Metric;
use crate::report::{Report, TestScore, Verdict, Verdicts};

/// Bars of a histogram.
const BARS: usize = 24;
/// With more classes than this, all but the first are folded.
const OPEN: usize = 3;

/// The charts of each class.
pub(super) fn scores(page: &mut String, report: &Report) -> fmt::Result {
    let Some(evaluation) = report.evaluations.first() else { return Ok(()) };
    for (number, class) in evaluation.classes.iter().enumerate() {
        let open = opened(number, evaluation.classes.len());
        let auroc = value(class, Metric::ImageAuroc).map(|value| format!(", {} {value}", Metric::ImageAuroc.title()));
        let name = Escaped(&class.class);
        writeln!(page, "<details{open}><summary>{name}{}</summary>", auroc.unwrap_or_default())?;
        let verdict = report.verdicts.classes.iter().find(|verdict| verdict.class == class.class);
        let own: Vec<&TestScore> = report.scores.iter().filter(|score| score.class == class.class).collect();
        let curves = report.curves.iter().find(|curves| curves.class == class.class);
        writeln!(page, "<div class=\"plots\">")?;
        histogram(page, &class.class, &own, verdict)?;
        if let Some(curves) = curves {
            rates(page, evaluation, class, curves)?;
            precision(page, class, curves)?;
        }
        writeln!(page, "</div>\n</details>")?;
    }
    writeln!(
        page,
        "<p class=\"note\">Curves visit every threshold, whatever the protocol. The numbers are in <code>scores.csv</code>, \
         <code>curves.csv</code> and <code>metrics.csv</code>.</p>"
    )
}

/// Whether the entry of a class is shown unfolded.
pub(super) const fn opened(number: usize, of: usize) -> &'static str {
    if number == 0 || of <= OPEN { " open" } else { "" }
}

/// Good images upwards, anomalous ones downwards, and the threshold.
fn histogram(page: &mut String, class: &str, scores: &[&TestScore], verdict: Option<&Verdict>) -> fmt::Result {
    let all: Vec<f64> = scores.iter().map(|own| own.score.into()).collect();
    if all.is_empty() {
        return Ok(());
    }
    let x = Axis::around(&all);
    let mut bars = [[0_usize; BARS]; 2];
    for own in scores {
        let place = (x.position(own.score.into()) * BARS as f64) as usize;
        bars[usize::from(own.defect.is_some())][place.min(BARS - 1)] += 1;
    }
    let most = |kind: [usize; BARS]| kind.into_iter().max().unwrap_or(0).max(1) as f64;
    let [up, down] = bars.map(most);
    let good = scores.iter().filter(|own| own.defect.is_none()).count();
    let anomalous = scores.len() - good;
    figure(page, "Scores of images", |page| {
        write!(page, "<span class=\"key\"><i class=\"good\"></i>{good} good</span> ")?;
        write!(page, "<span class=\"key\"><i class=\"anomalous\"></i>{anomalous} anomalous</span>")?;
        if let Some(verdict) = verdict {
            write!(page, " <span class=\"key\"><i class=\"mark\"></i>threshold {}</span>", shown(verdict.threshold))?;
        }
        let beyond = x.beyond(all.iter().copied());
        if beyond > 0 {
            write!(page, " <span class=\"key\">{beyond} beyond the scale, in the outer bars</span>")?;
        }
        writeln!(page)
    })?;
    let plot = Plot::new(Area::SMALL, x, Axis::between(-down, up));
    let images = count(good + anomalous, "image");
    plot.open(
        page,
        format_args!("histogram of the scores of {images} of {}: {good} good, {anomalous} anomalous", Escaped(class)),
    )?;
    // A count has no sign.
    plot.rows(page, |value, label| if value.fract() == 0.0 { label.replace('-', "") } else { String::new() })?;
    plot.base(page, "score")?;
    let edge = |number: usize| x.value(number as f64 / BARS as f64);
    let [good, anomalous] = bars;
    for (bars, sign, class) in [(good, 1.0, "good"), (anomalous, -1.0, "anomalous")] {
        for (number, count) in bars.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            plot.bar(page, class, [edge(number), edge(number + 1)], sign * count as f64)?;
        }
    }
    if let Some(verdict) = verdict.filter(|verdict| x.holds(verdict.threshold.into())) {
        plot.upright(page, verdict.threshold.into())?;
    }
    Plot::close(page)?;
    writeln!(page, "</figure>")
}

/// ROC of images and pixels, and the mean overlap with regions, all over the rate of false positives.
fn rates(page: &mut String, evaluation: &Evaluation, class: &ClassEvaluation, curves: &ClassCurves) -> fmt::Result {
    let lines = [
        line("images", class, Metric::ImageAuroc, &curves.image_roc),
        line("pixels", class, Metric::PixelAuroc, &curves.pixel_roc),
        line("regions", class, Metric::Pro, &curves.pro),
    ];
    let limit = value(class, Metric::Pro).map(|_| evaluation.pro_limit);
    unit_chart(page, "True and false positives", "rate of false positives", &class.class, &lines, limit)
}

/// Precision over recall of images and pixels.
fn precision(page: &mut String, class: &ClassEvaluation, curves: &ClassCurves) -> fmt::Result {
    let lines = [
        line("images", class, Metric::ImageAp, &curves.image_pr),
        line("pixels", class, Metric::PixelAp, &curves.pixel_pr),
    ];
    unit_chart(page, "Precision and recall", "recall", &class.class, &lines, None)
}

/// A curve and the metric that is the area under it.
fn line<'a>(what: &str, class: &ClassEvaluation, metric: Metric, points: &'a [curve::Point]) -> UnitLine<'a> {
    let text = match value(class, metric) {
        Some(value) => format!("{what}: {} {value}", metric.title()),
        None => what.to_owned(),
    };
    UnitLine { text, points }
}

/// A curve between 0 and 1, and its entry in the legend.
pub(super) struct UnitLine<'a> {
    pub(super) text: String,
    pub(super) points: &'a [curve::Point],
}

/// A chart of curves between 0 and 1 of a class, with a mark at `limit`; nothing if all are empty. The number of a line gives
/// its colour, also where others are empty.
pub(super) fn unit_chart(
    page: &mut String,
    title: &str,
    base: &str,
    class: &str,
    lines: &[UnitLine<'_>],
    limit: Option<f64>,
) -> fmt::Result {
    let drawn = || lines.iter().enumerate().filter(|(_, line)| !line.points.is_empty());
    if drawn().next().is_none() {
        return Ok(());
    }
    figure(page, title, |page| drawn().try_for_each(|(number, line)| key(page, number, Escaped(&line.text))))?;
    let plot = Plot::new(Area::SMALL, Axis::between(0.0, 1.0), Axis::between(0.0, 1.0));
    let words: Vec<&str> = drawn().map(|(_, line)| line.text.as_str()).collect();
    plot.open(page, format_args!("{title} of {}: {}", Escaped(class), Escaped(&words.join(", "))))?;
    plot.rows(page, |_, label| label.to_owned())?;
    plot.base(page, base)?;
    if let Some(limit) = limit.filter(|limit| *limit < 1.0) {
        plot.upright(page, limit)?;
    }
    for (number, line) in drawn() {
        let points: Vec<Point> = line.points.iter().map(|point| (point.x, point.y)).collect();
        plot.line(page, &line_class(number), &points)?;
    }
    Plot::close(page)?;
    writeln!(page, "</figure>")
}

fn figure(page: &mut String, title: &str, legend: impl FnOnce(&mut String) -> fmt::Result) -> fmt::Result {
    writeln!(page, "<figure class=\"plot\">\n<figcaption><h4>{title}</h4>\n<div class=\"keys\">")?;
    legend(page)?;
    writeln!(page, "</div></figcaption>")
}

fn value(class: &ClassEvaluation, metric: Metric) -> Option<String> {
    class.metrics.get(&metric).and_then(MetricValue::value).map(percent)
}

fn shown(score: f32) -> impl Display {
    significant(f64::from(score))
}

/// How many images the threshold gets right and wrong.
pub(super) fn verdicts(page: &mut String, verdicts: &Verdicts) -> fmt::Result {
    let titles = [
        "class",
        "threshold",
        "anomalous,<br>found",
        "anomalous,<br>missed",
        "good,<br>passed",
        "good,<br>false alarms",
    ];
    table::open(page, titles)?;
    for Verdict { class, threshold, confusion } in &verdicts.classes {
        let Confusion { found, missed, passed, false_alarms } = confusion;
        write!(page, "<tr><th scope=\"row\">{}</th><td>{}</td>", Escaped(class), shown(*threshold))?;
        writeln!(page, "<td>{found}</td><td>{missed}</td><td>{passed}</td><td>{false_alarms}</td></tr>")?;
    }
    table::close(page)?;
    writeln!(page, "<p class=\"note\">{}.</p>", Sentence(&verdicts.origin))
}
