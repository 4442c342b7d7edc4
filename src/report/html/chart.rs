//! A loss curve as inline SVG: the losses as faint dots, and a smooth line through them.

use std::fmt::{self, Write};

use super::axis::Axis;
use super::escape::Escaped;
use crate::diagnostic::{grouped, significant};
use crate::report::LossCurve;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 46.0;

/// More dots than this are thinned.
const DOTS: usize = 2000;
/// How many of a stretch are kept when dots are thinned, besides its lowest and its highest.
const KEPT: usize = 3;
/// Points of the smooth line.
const LINE: usize = 240;
/// Fewer losses than this are joined as they are.
const FEW: usize = 24;

/// Step and loss.
type Point = (f64, f64);

/// The figure of one objective.
pub(super) fn chart(page: &mut String, curve: &LossCurve) -> fmt::Result {
    let points: Vec<Point> =
        curve.points.iter().filter(|point| point.1.is_finite()).map(|point| (point.0 as f64, point.1)).collect();
    writeln!(page, "<figure class=\"chart\">\n<figcaption><h3>{}</h3>", Escaped(&curve.objective))?;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return writeln!(page, "<span class=\"note\">no finite loss</span></figcaption>\n</figure>");
    };
    let x = Axis::between(first.0, last.0);
    let y = Axis::around(&points.iter().map(|point| point.1).collect::<Vec<_>>());
    let line = smooth(&points, y);
    let end = line.last().map_or(last.1, |point| point.1);
    let scale = if y.is_logarithmic() { ", logarithmic scale" } else { "" };
    let left_out = curve.points.len() - points.len();
    write!(page, "<span class=\"note\">loss by step{scale}; ends near {}", significant(end))?;
    if left_out > 0 {
        write!(page, "; {left_out} not finite, left out")?;
    }
    writeln!(page, "</span></figcaption>")?;
    let name = Escaped(&curve.objective);
    writeln!(page, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"loss of {name} by step\">")?;
    grid(page, x, y)?;
    let place = |point: &Point| (horizontal(x, point.0), vertical(y, point.1));
    write!(page, "<path class=\"dots\" d=\"")?;
    for (left, top) in thinned(&points).iter().map(place) {
        write!(page, "M{left:.1} {top:.1}h0")?;
    }
    write!(page, "\"/>\n<path class=\"line\" d=\"")?;
    for (index, (left, top)) in line.iter().map(place).enumerate() {
        write!(page, "{}{left:.1} {top:.1}", if index == 0 { 'M' } else { 'L' })?;
    }
    writeln!(page, "\"/>\n</svg>\n</figure>")
}

fn grid(page: &mut String, x: Axis, y: Axis) -> fmt::Result {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    for tick in y.ticks() {
        let top = vertical(y, tick.value);
        writeln!(page, "<path class=\"grid\" d=\"M{LEFT} {top:.1}H{right}\"/>")?;
        writeln!(page, "<text class=\"y\" x=\"{}\" y=\"{:.1}\">{}</text>", LEFT - 10.0, top + 4.0, tick.label)?;
    }
    writeln!(page, "<path class=\"axis\" d=\"M{LEFT} {bottom}H{right}\"/>")?;
    for tick in x.ticks().iter().filter(|tick| tick.value.fract() == 0.0) {
        let left = horizontal(x, tick.value);
        let label = grouped(format_args!("{:.0}", tick.value));
        writeln!(page, "<path class=\"axis\" d=\"M{left:.1} {bottom}v5\"/>")?;
        writeln!(page, "<text class=\"x\" x=\"{left:.1}\" y=\"{}\">{label}</text>", bottom + 21.0)?;
    }
    writeln!(page, "<text class=\"x name\" x=\"{}\" y=\"{}\">step</text>", f64::midpoint(LEFT, right), HEIGHT - 5.0)
}

fn horizontal(axis: Axis, value: f64) -> f64 {
    LEFT + axis.position(value) * (WIDTH - LEFT - RIGHT)
}

fn vertical(axis: Axis, value: f64) -> f64 {
    HEIGHT - BOTTOM - axis.position(value) * (HEIGHT - TOP - BOTTOM)
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
fn smooth(points: &[Point], axis: Axis) -> Vec<Point> {
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
