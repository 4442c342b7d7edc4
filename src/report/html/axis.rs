//! An axis of a chart: where a value lies on it, and where its ticks are.
//!
//! In come finite values; out comes a linear or logarithmic axis that holds them all, with a handful of round ticks.

use crate::diagnostic::grouped;

/// A range of values along a straight line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    lo: f64,
    hi: f64,
    logarithmic: bool,
}

/// A round value and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// An axis is logarithmic if its large values are at least so many times its small ones.
const WIDE: f64 = 8.0;
const MOST_TICKS: f64 = 7.0;

impl Axis {
    /// An axis from `lo` to `hi`, as they are.
    pub(super) fn between(lo: f64, hi: f64) -> Self {
        let hi = if hi > lo { hi } else { lo + 1.0 };
        Self { lo, hi, logarithmic: false }
    }

    /// An axis for `values`: the same rule for all charts. It is logarithmic if all but the hundredth part at either end are
    /// positive and spread widely. It holds that bulk and half as much beyond at either side; what lies further out is an
    /// accident that must not choose the scale, and is drawn at the edge.
    pub(super) fn around(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else {
            return Self::between(0.0, 1.0);
        };
        let bulk = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        let (low, high) = (bulk(0.01), bulk(0.99));
        let logarithmic = low > 0.0 && high >= WIDE * low;
        let units = Self { lo: low, hi: high, logarithmic };
        let [low, high, least, most] = [low, high, least, most].map(|value| units.along(value));
        let reach = 0.5 * (high - low);
        let (lo, hi) = (least.max(low - reach), most.min(high + reach));
        let margin = if hi > lo { 0.04 * (hi - lo) } else { 0.5 * hi.abs().max(1e-12) };
        if logarithmic {
            return Self { lo: units.back(lo - margin), hi: units.back(hi + margin), logarithmic };
        }
        // A loss that comes near zero is easier to judge with zero in sight.
        let base = if lo >= 0.0 && lo < 0.35 * hi { 0.0 } else { lo - margin };
        Self { lo: base, hi: hi + margin, logarithmic }
    }

    /// How many of `values` lie beyond the ends.
    pub(super) fn beyond(self, values: impl Iterator<Item = f64>) -> usize {
        values.filter(|value| !self.holds(*value)).count()
    }

    /// Whether a value lies between the ends.
    pub(super) fn holds(self, value: f64) -> bool {
        (self.lo..=self.hi).contains(&value)
    }

    pub(super) const fn is_logarithmic(self) -> bool {
        self.logarithmic
    }

    /// Where `value` lies: 0 at the low end and below, 1 at the high end and above.
    pub(super) fn position(self, value: f64) -> f64 {
        let along = |value: f64| self.along(value.clamp(self.lo, self.hi));
        (along(value) - along(self.lo)) / (along(self.hi) - along(self.lo))
    }

    /// The value that lies at `position`, from 0 to 1.
    pub(super) fn value(self, position: f64) -> f64 {
        let [lo, hi] = [self.lo, self.hi].map(|end| self.along(end));
        self.back(lo + position * (hi - lo))
    }

    /// `value` in the units in which the axis is even.
    pub(super) fn along(self, value: f64) -> f64 {
        if self.logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }

    /// The value whose [`Axis::along`] this is.
    pub(super) fn back(self, along: f64) -> f64 {
        if self.logarithmic { 10_f64.powf(along) } else { along }
    }

    /// Round values on the axis, from the low end to the high end.
    pub(super) fn ticks(self) -> Vec<Tick> {
        if self.logarithmic { self.logarithmic_ticks() } else { self.linear_ticks() }
    }

    fn linear_ticks(self) -> Vec<Tick> {
        let rough = (self.hi - self.lo) / MOST_TICKS;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0].map(|round| round * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = ((self.lo / step).ceil() as i64, (self.hi / step).floor() as i64);
        (first..=last)
            .map(|count| count as f64 * step)
            .map(|value| Tick { value, label: written(value, step) })
            .collect()
    }

    fn logarithmic_ticks(self) -> Vec<Tick> {
        let (lo, hi) = (self.lo.log10(), self.hi.log10());
        let decades = hi - lo;
        let within: &[f64] = match decades {
            ..1.2 => &[1.0, 2.0, 3.0, 5.0],
            ..2.5 => &[1.0, 2.0, 5.0],
            ..3.5 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let stride = (decades / 6.0).ceil().max(1.0) as usize;
        (lo.floor() as i32..=hi.ceil() as i32)
            .step_by(stride)
            .flat_map(|power| within.iter().map(move |round| (round * 10_f64.powi(power), 10_f64.powi(power))))
            .filter(|(value, _)| (self.lo..=self.hi).contains(value))
            .map(|(value, step)| Tick { value, label: written(value, step) })
            .collect()
    }
}

/// `value`, a multiple of `step`, with as many decimals as `step` has.
fn written(value: f64, step: f64) -> String {
    let power = (step.log10() + 1e-9).floor() as i32;
    if value != 0.0 && !(-4..7).contains(&power) {
        return format!("{value:e}").chars().take(12).collect();
    }
    let text = format!("{value:.*}", usize::try_from(-power).unwrap_or(0));
    if power < 0 { text } else { grouped(text) }
}
