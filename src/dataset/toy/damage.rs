//! A defect laid out on a surface: what it does to the outline and to the colour at each place.

use super::class::Class;
use super::colour::{Colour, rgb};
use super::geometry::{Point, Turn, at, circle, coverage, rounded_box, segment, soft_step};
use super::look::Look;
use super::noise;

/// A speck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dot {
    pub(super) centre: Point,
    pub(super) radius: f32,
}

/// A defect with its place and size, in the coordinates of the object.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    /// A thin line through some points.
    Line { points: Vec<Point>, width: f32, colour: Colour },
    /// Specks of one colour.
    Dots { dots: Vec<Dot>, colour: Colour },
    /// A translucent blot with an uneven edge.
    Blot { centre: Point, radius: f32, colour: Colour, strength: f32, seed: u64 },
    /// A dark hole with an uneven edge.
    Hole { centre: Point, radius: f32, seed: u64 },
    /// What lies further than `reach` in a direction has broken off.
    Break { direction: Point, reach: f32, seed: u64 },
    /// A rectangle of another material: the same structure, turned, finer and of another colour.
    Patch { centre: Point, half: Point, turn: Turn, colour: Colour },
}

impl Damage {
    /// The signed distance to what is left of the object.
    pub(super) fn outline(&self, place: Point, whole: f32) -> f32 {
        match self {
            Self::Break { direction, reach, seed } => whole.max(beyond(place, *direction, *reach, *seed)),
            Self::Line { .. } | Self::Dots { .. } | Self::Blot { .. } | Self::Hole { .. } | Self::Patch { .. } => whole,
        }
    }

    /// The colour of the damaged surface where the sound one has `sound`.
    pub(super) fn colour(&self, place: Point, sound: Colour, class: Class, look: &Look) -> Colour {
        match self {
            Self::Line { points, width, colour } => {
                let distance = line(place, points);
                // One side catches the light, as the lip of a furrow does.
                let lip = coverage(line(place - look.light * 1.2, points) - width);
                sound.lit(1.0 - 0.22 * lip).mixed(*colour, 0.88 * coverage(distance - width))
            }
            Self::Dots { dots, colour } => {
                let distance = dots.iter().map(|dot| circle(place, dot.centre, dot.radius)).fold(f32::MAX, f32::min);
                sound.mixed(*colour, 0.92 * coverage(distance))
            }
            Self::Blot { centre, radius, colour, strength, seed } => {
                let distance = uneven(place, *centre, *radius, *seed);
                let inside = soft_step(0.8, -1.4, distance);
                let dried = soft_step(-3.5, -0.5, distance);
                sound.mixed(*colour, inside * (strength + 0.12 * dried).min(0.9))
            }
            Self::Hole { centre, radius, seed } => {
                let distance = uneven(place, *centre, *radius, *seed);
                let frayed = soft_step(2.4, 0.0, distance);
                let depth = rgb(0.07, 0.06, 0.06).lit(1.0 + 0.25 * (place - *centre).dot(look.light) * -0.3);
                sound.lit(1.0 - 0.25 * frayed).mixed(depth, coverage(distance))
            }
            Self::Break { direction, reach, seed } => {
                let edge = soft_step(-2.4, -0.2, beyond(place, *direction, *reach, *seed));
                sound.lit(1.0 - 0.28 * edge)
            }
            Self::Patch { centre, half, turn, colour } => {
                let inner = (place - *centre).turned(turn.back());
                let distance = rounded_box(inner, *half, 2.0);
                let other = class.colour(inner.turned(Turn::by(0.125)) * 1.45, look).mixed(*colour, 0.55);
                let seam = 1.0 - 0.35 * coverage(distance.abs() - 0.5);
                sound.mixed(other.lit(seam), coverage(distance))
            }
        }
    }
}

/// The distance to a line through points.
fn line(place: Point, points: &[Point]) -> f32 {
    points.windows(2).map(|ends| segment(place, ends[0], ends[1])).fold(f32::MAX, f32::min)
}

/// The signed distance to a disc whose edge wanders by a quarter of its radius.
fn uneven(place: Point, centre: Point, radius: f32, seed: u64) -> f32 {
    let wander = noise::rough(seed, (place - centre) * (1.3 / radius) + at(40.0, 40.0));
    circle(place, centre, radius * (1.0 + 0.3 * wander))
}

/// How far a place lies beyond a rough break.
fn beyond(place: Point, direction: Point, reach: f32, seed: u64) -> f32 {
    place.dot(direction) - reach + 2.6 * noise::rough(seed, place * 0.13)
}
