//! The four textures: colours over the endless plane.

use super::colour::{Colour, rgb};
use super::geometry::{Point, at, coverage, sin_of_turns, soft_step};
use super::look::Look;
use super::{noise, random};

/// Pixels from thread to thread.
const THREAD: f32 = 6.0;
/// Pixels from tile to tile.
const TILE: f32 = 19.0;
/// Pixels across a pebble of the leather.
const PEBBLE: f32 = 6.5;

/// A twill of blue and undyed threads: each passes over two and under two, one further in every row.
pub(super) fn weave(place: Point, look: &Look) -> Colour {
    let scaled = place * (1.0 / THREAD);
    let (column, row) = (scaled.x.floor(), scaled.y.floor());
    let (x, y) = (scaled.x - column - 0.5, scaled.y - row - 0.5);
    let step = (column as i32 + row as i32).rem_euclid(4);
    let upright = step < 2;
    // Across the thread on top, and along it from the middle of its float of two; the ends dip under.
    let first = if step % 2 == 0 { -0.5 } else { 0.5 };
    let (across, along) = if upright { (x, (y + first) * 0.5) } else { (y, (x + first) * 0.5) };
    let (base, thread) =
        if upright { (rgb(0.25, 0.37, 0.58), column as i32) } else { (rgb(0.86, 0.82, 0.72), row as i32) };
    let fibres = noise::smooth(look.seed, at(place.x + place.y, place.y - place.x) * 0.55) - 0.5;
    let uneven = random::at(look.seed ^ u64::from(upright), thread, 0) - 0.5;
    let shade = (1.0 - 1.4 * across * across) * (1.0 - 1.3 * along * along) + 0.10 * uneven + 0.12 * fibres;
    let gap = soft_step(0.36, 0.5, across.abs());
    base.lit(shade).mixed(rgb(0.16, 0.18, 0.25), gap * 0.6)
}

/// Planed wood, its grain along x.
pub(super) fn wood(place: Point, look: &Look) -> Colour {
    let sway = noise::rough(look.seed, at(place.x * 0.013, place.y * 0.03));
    let rings = place.y * 0.085 + sway * 0.9;
    let wave = sin_of_turns(f64::from(rings)) as f32;
    let late = soft_step(-0.2, 1.0, wave);
    let pores = noise::smooth(look.seed ^ 0x99, at(place.x * 0.05, place.y * 0.9 + sway * 3.0));
    let streak = soft_step(0.62, 0.95, pores);
    let cloud = noise::rough(look.seed ^ 0x77, place * 0.02);
    rgb(0.84, 0.64, 0.41).mixed(rgb(0.66, 0.43, 0.23), late).lit(1.0 + 0.05 * cloud - 0.16 * streak)
}

/// Glazed tiles of two colours with pale grout.
pub(super) fn tile(place: Point, look: &Look) -> Colour {
    let scaled = place * (1.0 / TILE);
    let (column, row) = (scaled.x.floor(), scaled.y.floor());
    let (x, y) = ((scaled.x - column - 0.5) * TILE, (scaled.y - row - 0.5) * TILE);
    let value = random::at(look.seed, column as i32, row as i32);
    let dark = (column as i32 + row as i32).rem_euclid(2) == 0;
    let base = if dark { rgb(0.24, 0.45, 0.50) } else { rgb(0.88, 0.87, 0.80) };
    let edge = x.abs().max(y.abs());
    let toward = if x.abs() > y.abs() { at(x.signum(), 0.0) } else { at(0.0, y.signum()) };
    let bevel = soft_step(6.2, 8.4, edge) * toward.dot(look.light);
    let glaze = noise::rough(look.seed ^ 0x42, place * 0.11);
    let face = base.lit(0.96 + 0.10 * (value - 0.5) + 0.16 * bevel + 0.035 * glaze);
    let sand = random::at(look.seed ^ 0x17, place.x.floor() as i32, place.y.floor() as i32) - 0.5;
    rgb(0.66, 0.64, 0.60).lit(1.0 + 0.10 * sand).mixed(face, coverage(edge - 8.5))
}

/// Pebbled leather with fine light specks.
pub(super) fn leather(place: Point, look: &Look) -> Colour {
    let bent = place + at(noise::smooth(look.seed, place * 0.15), noise::smooth(look.seed ^ 0x5, place * 0.15)) * 3.0;
    let pebble = noise::cell(look.seed ^ 0x21, bent * (1.0 / PEBBLE));
    let crease = 1.0 - soft_step(0.0, 0.26, pebble.border);
    let bulge = pebble.offset.dot(look.light);
    let cloud = noise::rough(look.seed ^ 0x66, place * 0.03);
    let speck = soft_step(0.86, 0.95, noise::smooth(look.seed ^ 0x31, place * 0.7));
    let shade = 1.0 + 0.12 * (pebble.value - 0.5) + 0.34 * bulge - 0.42 * crease + 0.06 * cloud;
    rgb(0.50, 0.17, 0.19).lit(shade).plus(rgb(0.10, 0.07, 0.06).lit(speck))
}
