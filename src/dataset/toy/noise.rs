//! Smooth random fields over the plane, fixed by a seed.

use super::geometry::{Point, at as point};
use super::random;

/// Smooth values in [0, 1) with bumps about one unit wide.
pub(super) fn smooth(seed: u64, place: Point) -> f32 {
    let (x, y) = (place.x.floor(), place.y.floor());
    let (column, row) = (x as i32, y as i32);
    let (right, down) = (ease(place.x - x), ease(place.y - y));
    let corner = |across, along| random::at(seed, column + across, row + along);
    let top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * right;
    let bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * right;
    top + (bottom - top) * down
}

/// Smooth values around 0, in about -1 to 1, with detail at three scales.
pub(super) fn rough(seed: u64, place: Point) -> f32 {
    let octave = |times: f32, salt: u64| smooth(seed ^ salt, place * times) * 2.0 - 1.0;
    (octave(1.0, 0) + octave(2.1, 0x51) * 0.5 + octave(4.3, 0xA7) * 0.25) / 1.4
}

/// The nearest of a set of scattered points, one per unit square.
pub(super) struct Cell {
    /// From the point to the place asked about.
    pub(super) offset: Point,
    /// How much further the second nearest point is: 0 on the border between two cells.
    pub(super) border: f32,
    /// A random number of the cell.
    pub(super) value: f32,
}

/// The cell that a place falls into (Worley, 1996).
pub(super) fn cell(seed: u64, place: Point) -> Cell {
    let (column, row) = (place.x.floor() as i32, place.y.floor() as i32);
    let mut nearest = (f32::MAX, point(0.0, 0.0), 0.0);
    let mut second = f32::MAX;
    for y in row - 1..=row + 1 {
        for x in column - 1..=column + 1 {
            let value = random::at(seed, x, y);
            let jitter = point(value, random::at(seed ^ 0x3C, x, y)) * 0.8;
            let offset = place - point(x as f32 + 0.1, y as f32 + 0.1) - jitter;
            let distance = offset.length();
            if distance < nearest.0 {
                second = nearest.0;
                nearest = (distance, offset, value);
            } else if distance < second {
                second = distance;
            }
        }
    }
    Cell { offset: nearest.1, border: second - nearest.0, value: nearest.2 }
}

fn ease(share: f32) -> f32 {
    share * share * (3.0 - 2.0 * share)
}
