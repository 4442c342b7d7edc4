//! A loss curve as inline SVG: the losses as faint dots, and a smooth line through them.

use std::fmt::{self, Write};

use super::axis::Axis;
use super::escape::Escaped;
use super::plot::{Area, Plot, Point};
use crate::diagnostic::{grouped, significant};
use crate::report::LossCurve;

/// More dots than this are thinned.
const DOTS: usize = 2000;
/// How many of a stretch are kept when dots are thinned, besides its lowest and its highest.
const KEPT: usize = 3;
/// Points of the smooth line.
const LINE: usize = 240;
/// Fewer losses than this are joined as they are.
const FEW: usize = 24;

/// The figure of one objective.
pub(super) fn chart(page: &mut String, curve: &LossCurve) -> fmt::Result {
    let points = finite(curve);
    writeln!(page, "<figure class=\"chart\">\n<figcaption><h3>{}</h3>", Escaped(&curve.objective))?;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return writeln!(page, "<span class=\"note\">no finite loss</span></figcaption>\n</figure>");
    };
    let x = Axis::between(first.0, last.0);
    let y = Axis::around(&points.iter().map(|point| point.1).collect::<Vec<_>>());
    let line = smooth(&points, y);
    let note = words(curve, &points, &line, y);
    writeln!(page, "<span class=\"note\">{note}</span></figcaption>")?;
    let plot = Plot::new(Area::WIDE, x, y);
    plot.open(page, format_args!("{}: {note}", Escaped(&curve.objective)))?;
    plot.rows(page, |_, label| label.to_owned())?;
    plot.counting_base(page, "step")?;
    plot.dots(page, &thinned(&points))?;
    plot.line(page, "line", &line)?;
    Plot::close(page)?;
    writeln!(page, "</figure>")
}

/// What a chart of a loss shows, in words and numbers.
fn words(curve: &LossCurve, points: &[Point], line: &[Point], y: Axis) -> String {
    let lowest = points.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a });
    let mut words = format!("loss by step{}", if y.is_logarithmic() { ", logarithmic scale" } else { "" });
    if let (Some(first), Some(last), Some(lowest)) = (line.first(), line.last(), lowest) {
        let [from, to, least] = [first.1, last.1, lowest.1].map(significant);
        let step = grouped(format_args!("{:.0}", lowest.0));
        words += &format!("; from about {from} to about {to}, lowest {least} at step {step}");
    }
    let beyond = y.beyond(points.iter().map(|point| point.1));
    if beyond > 0 {
        words += &format!("; {beyond} beyond the scale, drawn at its edge");
    }
    let left_out = curve.points.len() - points.len();
    if left_out > 0 {
        words += &format!("; {left_out} not finite, left out");
    }
    words
}

/// Step and loss, where it is finite.
pub(super) fn finite(curve: &LossCurve) -> Vec<Point> {
    curve.points.iter().filter(|point| point.1.is_finite()).map(|point| (point.0 as f64, point.1)).collect()
}

/// Few enough points that look the same: of each stretch the lowest, the highest and some in between.
fn thinned(points: &[Point]) -> Vec<Point> {
    if points.len() <= DOTS {
        return points.to_vec();
    }
    let by_loss = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1);
    let stretch = points.len().div_ceil(DOTS / (KEPT + 2));
    points
        .chunks(stretch)
        .flat_map(|stretch| {
            let ends = [stretch.iter().min_by(by_loss), stretch.iter().max_by(by_loss)];
            let between = stretch.iter().step_by(stretch.len().div_ceil(KEPT));
            ends.into_iter().flatten().chain(between)
        })
        .copied()
        .collect()
}

/// A smooth line through `points`: at each place a straight line is fitted with gaussian weights (local linear
/// regression), in the units of the axis, so that it runs through the middle of the dots and doesn't bend at the ends.
pub(super) fn smooth(points: &[Point], axis: Axis) -> Vec<Point> {
    if points.len() < FEW {
        return points.to_vec();
    }
    let sigma = (points.len() as f64 / 40.0).max(1.5);
    let last = points.len() - 1;
    let count = LINE.min(points.len());
    (0..count)
        .map(|number| {
            let centre = number * last / (count - 1);
            (points[centre].0, axis.back(fitted(points, axis, centre, sigma)))
        })
        .collect()
}

/// The value at `centre` of the straight line fitted around it.
fn fitted(points: &[Point], axis: Axis, centre: usize, sigma: f64) -> f64 {
    let reach = (3.0 * sigma).ceil() as usize;
    let window = centre.saturating_sub(reach)..=(centre + reach).min(points.len() - 1);
    let mut sums = [0.0; 5];
    for index in window {
        let away = (index as f64 - centre as f64) / sigma;
        let (weight, value) = ((-0.5 * away * away).exp(), axis.along(points[index].1));
        let terms = [weight, weight * away, weight * away * away, weight * value, weight * away * value];
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += term;
        }
    }
    let [w, wx, wxx, wy, wxy] = sums;
    (wxx * wy - wx * wxy) / (w * wxx - wx * wx)
}
