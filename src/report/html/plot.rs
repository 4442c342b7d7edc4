//! A chart as inline SVG: its frame, its axes, and the lines in it.

use std::fmt::{self, Display, Write};

use super::axis::Axis;
use crate::diagnostic::grouped;

/// A point in the units of the axes.
pub(super) type Point = (f64, f64);

/// The size of a chart and the margins around what it shows, in pixels of a page that is wide enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Area {
    /// A chart as wide as the page.
    pub(super) const WIDE: Area =
        Area { width: 760.0, height: 280.0, left: 56.0, right: 24.0, top: 12.0, bottom: 46.0 };
    /// One of a row of three.
    pub(super) const SMALL: Area =
        Area { width: 320.0, height: 240.0, left: 40.0, right: 12.0, top: 10.0, bottom: 42.0 };
}

/// A chart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    area: Area,
    x: Axis,
    y: Axis,
}

impl Plot {
    pub(super) const fn new(area: Area, x: Axis, y: Axis) -> Self {
        Self { area, x, y }
    }

    /// Begins the chart; `label` says in words what it shows, for those who do not see it.
    pub(super) fn open(&self, page: &mut String, label: impl Display) -> fmt::Result {
        let Area { width, height, .. } = self.area;
        writeln!(page, "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">")
    }

    pub(super) fn close(page: &mut String) -> fmt::Result {
        writeln!(page, "</svg>")
    }

    /// Where a value lies from the left; at the edge if it lies beyond the axis.
    pub(super) fn across(&self, value: f64) -> f64 {
        let Area { width, left, right, .. } = self.area;
        left + self.x.position(value) * (width - left - right)
    }

    /// Where a value lies from the top; at the edge if it lies beyond the axis.
    pub(super) fn down(&self, value: f64) -> f64 {
        let Area { height, top, bottom, .. } = self.area;
        height - bottom - self.y.position(value) * (height - top - bottom)
    }

    fn right(&self) -> f64 {
        self.area.width - self.area.right
    }

    fn bottom(&self) -> f64 {
        self.area.height - self.area.bottom
    }

    /// Lines at the round values of the vertical axis, each with its label as `written`.
    pub(super) fn rows(&self, page: &mut String, written: impl Fn(f64, &str) -> String) -> fmt::Result {
        for tick in self.y.ticks() {
            let (left, right, top) = (self.area.left, self.right(), self.down(tick.value));
            writeln!(page, "<path class=\"grid\" d=\"M{left} {top:.1}H{right}\"/>")?;
            let label = written(tick.value, &tick.label);
            writeln!(page, "<text class=\"y\" x=\"{}\" y=\"{:.1}\">{label}</text>", left - 8.0, top + 4.0)?;
        }
        Ok(())
    }

    /// The horizontal axis with its round values and its name.
    pub(super) fn base(&self, page: &mut String, name: &str) -> fmt::Result {
        self.axis(page, name, |tick| Some(tick.label.clone()))
    }

    /// The same for an axis that counts: only whole values are labelled.
    pub(super) fn counting_base(&self, page: &mut String, name: &str) -> fmt::Result {
        self.axis(page, name, |tick| (tick.value.fract() == 0.0).then(|| grouped(format_args!("{:.0}", tick.value))))
    }

    fn axis(&self, page: &mut String, name: &str, label: impl Fn(&super::axis::Tick) -> Option<String>) -> fmt::Result {
        let (left, right, bottom) = (self.area.left, self.right(), self.bottom());
        writeln!(page, "<path class=\"axis\" d=\"M{left} {bottom}H{right}\"/>")?;
        for tick in &self.x.ticks() {
            let Some(label) = label(tick) else { continue };
            let place = self.across(tick.value);
            writeln!(page, "<path class=\"axis\" d=\"M{place:.1} {bottom}v5\"/>")?;
            writeln!(page, "<text class=\"x\" x=\"{place:.1}\" y=\"{}\">{label}</text>", bottom + 19.0)?;
        }
        let (middle, low) = (f64::midpoint(left, right), self.area.height - 5.0);
        writeln!(page, "<text class=\"x name\" x=\"{middle}\" y=\"{low}\">{name}</text>")
    }

    /// A line through points.
    pub(super) fn line(&self, page: &mut String, class: &str, points: &[Point]) -> fmt::Result {
        write!(page, "<path class=\"{class}\" d=\"")?;
        for (index, (x, y)) in points.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            write!(page, "{letter}{:.1} {:.1}", self.across(*x), self.down(*y))?;
        }
        writeln!(page, "\"/>")
    }

    /// A dot at each point.
    pub(super) fn dots(&self, page: &mut String, points: &[Point]) -> fmt::Result {
        write!(page, "<path class=\"dots\" d=\"")?;
        for (x, y) in points {
            write!(page, "M{:.1} {:.1}h0", self.across(*x), self.down(*y))?;
        }
        writeln!(page, "\"/>")
    }

    /// A line from top to bottom.
    pub(super) fn upright(&self, page: &mut String, value: f64) -> fmt::Result {
        let (place, top, bottom) = (self.across(value), self.area.top, self.bottom());
        writeln!(page, "<path class=\"mark\" d=\"M{place:.1} {top}V{bottom}\"/>")
    }

    /// A bar from the height of zero to `value`.
    pub(super) fn bar(&self, page: &mut String, class: &str, [from, to]: [f64; 2], value: f64) -> fmt::Result {
        let (left, right, zero, end) = (self.across(from), self.across(to), self.down(0.0), self.down(value));
        writeln!(
            page,
            "<path class=\"{class}\" d=\"M{:.1} {zero:.1}V{end:.1}H{:.1}V{zero:.1}\"/>",
            left + 0.5,
            right - 0.5
        )
    }
}

/// The entry of a line in a legend: its number gives its colour and dashes.
pub(super) fn key(page: &mut String, number: usize, text: impl Display) -> fmt::Result {
    writeln!(page, "<span class=\"key\"><i class=\"{}\"></i>{text}</span>", kind(number))
}

/// The class of a line in a chart.
pub(super) fn line_class(number: usize) -> String {
    format!("line {}", kind(number))
}

fn kind(number: usize) -> String {
    format!("line-{}", number % LINES)
}

/// How many kinds of lines the style has.
const LINES: usize = 6;
