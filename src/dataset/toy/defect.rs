//! The kinds of defects, and how one of each is laid out on a class.

use super::class::Class;
use super::colour::rgb;
use super::damage::{Damage, Dot};
use super::geometry::{Point, Turn, at};
use super::random::Stream;

/// A kind of defect, by the name of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    Contamination,
    Cut,
    Hole,
    Missing,
    Patch,
    Scratch,
    Stain,
}

impl Defect {
    /// The four kinds of defects of a class.
    pub(super) fn of(class: Class) -> [Defect; 4] {
        if class.is_texture() {
            [Self::Cut, Self::Hole, Self::Patch, Self::Stain]
        } else {
            [Self::Contamination, Self::Missing, Self::Scratch, Self::Stain]
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Contamination => "contamination",
            Self::Cut => "cut",
            Self::Hole => "hole",
            Self::Missing => "missing",
            Self::Patch => "patch",
            Self::Scratch => "scratch",
            Self::Stain => "stain",
        }
    }

    /// Lays out one defect of this kind, on the object rather than beside it.
    pub(super) fn lay_out(self, class: Class, seed: u64) -> Damage {
        let mut stream = Stream::keyed(&[seed]);
        let stream = &mut stream;
        let centre = spot(class, stream);
        match self {
            Self::Contamination => contamination(centre, stream),
            Self::Cut => line(class, centre, [20.0, 52.0], stream),
            Self::Scratch => line(class, centre, [16.0, 40.0], stream),
            Self::Hole => Damage::Hole { centre, radius: stream.between(2.6, 7.5), seed },
            Self::Missing => missing(class, stream, seed),
            Self::Patch => Damage::Patch {
                centre: centre * 0.6,
                half: at(stream.between(13.0, 21.0), stream.between(13.0, 19.0)),
                turn: Turn::by(stream.between(0.0, 1.0)),
                colour: class.foreign(),
            },
            Self::Stain => stain(class, centre, stream, seed),
        }
    }
}

/// A place on the surface, not too near its edge.
fn spot(class: Class, stream: &mut Stream) -> Point {
    let inside = places(class, -4.0);
    inside[stream.below(inside.len())]
}

/// The places of a grid that lie deeper than `depth` in the outline.
fn places(class: Class, depth: f32) -> Vec<Point> {
    let grid = (-20_i16..=20).flat_map(|y| (-20_i16..=20).map(move |x| at(f32::from(x) * 2.0, f32::from(y) * 2.0)));
    grid.filter(|place| class.outline(*place) < depth).collect()
}

/// A few specks of dust close together.
fn contamination(centre: Point, stream: &mut Stream) -> Damage {
    let colours = [rgb(0.12, 0.10, 0.09), rgb(0.95, 0.94, 0.90), rgb(0.33, 0.24, 0.12)];
    let colour = colours[stream.below(colours.len())];
    let count = 4 + stream.below(5);
    let dots = (0..count)
        .map(|_| {
            let away = Turn::by(stream.unit()).direction() * stream.between(0.0, 9.0);
            Dot { centre: centre + away, radius: stream.between(0.9, 2.3) }
        })
        .collect();
    Damage::Dots { dots, colour }
}

/// A thin line through `centre` with a slight bend.
fn line(class: Class, centre: Point, lengths: [f32; 2], stream: &mut Stream) -> Damage {
    let length = stream.between(lengths[0], lengths[1]);
    let ahead = Turn::by(stream.unit()).direction();
    let aside = at(-ahead.y, ahead.x) * stream.between(-0.12, 0.12) * length;
    let points = (-4_i16..=4)
        .map(|step| {
            let share = f32::from(step) / 4.0;
            centre + ahead * (share * length * 0.5) + aside * (share * share)
        })
        .collect();
    Damage::Line { points, width: stream.between(0.55, 1.0), colour: class.under() }
}

/// A straight break with a rough edge that takes off a fifth to a third of the object.
fn missing(class: Class, stream: &mut Stream, seed: u64) -> Damage {
    let direction = Turn::by(stream.unit()).direction();
    let mut reaches: Vec<f32> = places(class, 0.0).iter().map(|place| place.dot(direction)).collect();
    reaches.sort_by(f32::total_cmp);
    let kept = stream.between(0.66, 0.80);
    Damage::Break { direction, reach: reaches[(reaches.len() as f32 * kept) as usize], seed }
}

/// A blot of ink, oil or rust that lets some of the surface show.
fn stain(class: Class, centre: Point, stream: &mut Stream, seed: u64) -> Damage {
    let colours = [rgb(0.10, 0.10, 0.22), rgb(0.28, 0.17, 0.07), rgb(0.90, 0.86, 0.62), rgb(0.16, 0.30, 0.14)];
    let radii = if class.is_texture() { [9.0, 19.0] } else { [5.0, 13.0] };
    Damage::Blot {
        centre,
        radius: stream.between(radii[0], radii[1]),
        colour: colours[stream.below(colours.len())],
        strength: stream.between(0.38, 0.68),
        seed,
    }
}
