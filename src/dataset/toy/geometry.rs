//! Points in pixels (x to the right, y down, the origin at the centre of the picture) and signed distances to shapes.
//!
//! A signed distance is negative inside. No function of the system's mathematics library is used, as those differ between
//! machines in the last bit.

use std::ops::{Add, Mul, Sub};

/// A point or a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// Shorthand for a point.
pub(super) const fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

impl Point {
    pub(super) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    pub(super) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The point turned by `turn`.
    pub(super) fn turned(self, turn: Turn) -> Self {
        at(self.x * turn.cos - self.y * turn.sin, self.x * turn.sin + self.y * turn.cos)
    }

    /// The cosine of `times` times the angle of this direction.
    pub(super) fn cos_of_multiple(self, times: u32) -> f32 {
        let length = self.length().max(1e-6);
        let unit = Turn { cos: self.x / length, sin: self.y / length };
        (0..times).fold(at(1.0, 0.0), |power, _| power.turned(unit)).x
    }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        at(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        at(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        at(self.x * by, self.y * by)
    }
}

/// A rotation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    pub(super) cos: f32,
    pub(super) sin: f32,
}

impl Turn {
    /// The rotation by a part of a full turn, from x towards y.
    pub(super) fn by(turns: f32) -> Self {
        Self { cos: sin_of_turns(f64::from(turns) + 0.25) as f32, sin: sin_of_turns(f64::from(turns)) as f32 }
    }

    /// The direction that x is turned into.
    pub(super) fn direction(self) -> Point {
        at(self.cos, self.sin)
    }

    /// The rotation back.
    pub(super) fn back(self) -> Self {
        Self { cos: self.cos, sin: -self.sin }
    }
}

/// The sine of a part of a full turn, by its series.
pub(super) fn sin_of_turns(turns: f64) -> f64 {
    let wrapped = turns - turns.floor();
    let folded = match wrapped {
        below if below < 0.25 => below,
        middle if middle < 0.75 => 0.5 - middle,
        above => above - 1.0,
    };
    let angle = folded * std::f64::consts::TAU;
    let square = angle * angle;
    let series = [110.0, 72.0, 42.0, 20.0, 6.0].iter().fold(1.0, |sum, divisor| 1.0 - square / divisor * sum);
    angle * series
}

pub(super) fn circle(point: Point, centre: Point, radius: f32) -> f32 {
    (point - centre).length() - radius
}

pub(super) fn segment(point: Point, from: Point, to: Point) -> f32 {
    let along = to - from;
    let share = ((point - from).dot(along) / along.dot(along).max(1e-6)).clamp(0.0, 1.0);
    (point - from - along * share).length()
}

pub(super) fn rounded_box(point: Point, half: Point, radius: f32) -> f32 {
    let beyond = at(point.x.abs() - half.x + radius, point.y.abs() - half.y + radius);
    let outside = at(beyond.x.max(0.0), beyond.y.max(0.0)).length();
    outside + beyond.x.max(beyond.y).min(0.0) - radius
}

/// How much of a pixel lies inside, from the distance of its centre to the edge.
pub(super) fn coverage(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// A soft step from 0 at `low` to 1 at `high`.
pub(super) fn soft_step(low: f32, high: f32, value: f32) -> f32 {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}
