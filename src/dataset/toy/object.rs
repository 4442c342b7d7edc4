//! The four objects: outline and surface of each, centred at the origin, about 70 pixels wide.

use super::colour::{Colour, rgb};
use super::geometry::{Point, at, circle, coverage, rounded_box, segment, soft_step};
use super::look::Look;
use super::noise;

/// A plastic button with a raised rim and four holes.
pub(super) fn button_outline(place: Point) -> f32 {
    let hole = circle(at(place.x.abs(), place.y.abs()), at(6.5, 6.5), 3.6);
    circle(place, at(0.0, 0.0), 35.0).max(-hole)
}

pub(super) fn button(place: Point, look: &Look) -> Colour {
    let radius = place.length();
    let facing = place.dot(look.light) / radius.max(1e-3);
    // The rim is a torus around radius 30, the seat of the thread a shallow dish within 16.
    let rim = ((radius - 30.0) / 5.0).clamp(-1.0, 1.0) * soft_step(23.0, 26.5, radius);
    let dish = -soft_step(12.0, 14.5, radius) * (1.0 - soft_step(15.0, 17.5, radius));
    let shade = 1.0 + 0.30 * facing * rim + 0.28 * facing * dish - 0.05 * soft_step(17.0, 12.0, radius);
    let gloss = soft_step(0.82, 1.0, facing) * coverage((radius - 31.5).abs() * 0.6 - 0.6);
    let marbling = 1.0 + 0.05 * noise::rough(look.seed, place * 0.07);
    let edge = 1.0 - 0.25 * soft_step(32.5, 35.5, radius);
    rgb(0.12, 0.50, 0.56).lit(shade * marbling * edge).plus(rgb(0.5, 0.5, 0.5).lit(gloss))
}

/// A two-tone capsule: a cap pushed over a body.
pub(super) fn capsule_outline(place: Point) -> f32 {
    let radius = if place.x < 1.0 { 16.0 } else { 15.2 };
    segment(place, at(-20.0, 0.0), at(20.0, 0.0)) - radius
}

pub(super) fn capsule(place: Point, look: &Look) -> Colour {
    let radius = 16.0;
    let offset = place - at(place.x.clamp(-20.0, 20.0), 0.0);
    let slope = offset * (1.0 / radius);
    let height = (1.0 - slope.dot(slope)).max(0.0).sqrt();
    let facing = slope.dot(look.light) * 0.75 + height * 0.66;
    let base = rgb(0.78, 0.16, 0.17).mixed(rgb(0.96, 0.90, 0.76), coverage(1.0 - place.x));
    let seam = 1.0 - 0.38 * coverage((place.x - 1.6).abs() - 0.6) - 0.10 * coverage((place.x + 4.0).abs() - 0.4);
    let shine = soft_step(0.90, 1.0, facing);
    let ripple = 1.0 + 0.02 * noise::rough(look.seed, place * 0.1);
    base.lit((0.50 + 0.56 * facing.max(0.0)) * seam * ripple).plus(rgb(0.42, 0.42, 0.42).lit(shine))
}

/// A brass gear with twelve teeth, six holes and a hub.
pub(super) fn gear_outline(place: Point) -> f32 {
    let tooth = (place.cos_of_multiple(12) * 2.4).clamp(-1.0, 1.0);
    let rim = (place.length() - 32.5 - 3.6 * tooth) * 0.85;
    rim.max(6.0 - place.length()).max(-gear_window(place))
}

fn gear_window(place: Point) -> f32 {
    let sixth = at(0.5, 0.866_025_4);
    let folded = at(place.x.abs(), place.y.abs());
    circle(folded, at(19.0, 0.0), 4.6).min(circle(folded, sixth * 19.0, 4.6))
}

pub(super) fn gear(place: Point, look: &Look) -> Colour {
    let radius = place.length();
    let facing = place.dot(look.light) / radius.max(1e-3);
    // Turned metal: rings of fine grooves, which reflect along and against the light.
    let grooves = noise::smooth(look.seed, at(radius * 1.6, 0.0)) - 0.5;
    let sheen = facing * facing;
    let step = coverage((radius - 26.5).abs() - 0.9);
    let hub = soft_step(13.2, 11.2, radius);
    let hub_edge = coverage((radius - 12.4).abs() - 0.9);
    let bevel = soft_step(-2.6, -0.4, gear_outline(place));
    let shade = 0.84 + 0.26 * sheen + 0.10 * grooves - 0.26 * step
        + 0.06 * hub
        + 0.26 * facing * hub_edge
        + 0.14 * facing * bevel;
    rgb(0.84, 0.66, 0.31).lit(shade)
}

/// A circuit board: pads on both sides, a chip between them, two small parts.
pub(super) fn board_outline(place: Point) -> f32 {
    let hole = circle(at(place.x.abs(), place.y.abs()), at(33.0, 25.0), 2.4);
    rounded_box(place, at(38.0, 30.0), 3.5).max(-hole)
}

pub(super) fn board(place: Point, look: &Look) -> Colour {
    let mask = rgb(0.07, 0.36, 0.22).lit(1.0 + 0.06 * noise::rough(look.seed, place * 0.08));
    let traced = mask.mixed(rgb(0.16, 0.50, 0.31), coverage(traces(place)));
    let ring = circle(at(place.x.abs(), place.y.abs()), at(33.0, 25.0), 3.7).abs() - 0.5;
    let ringed = traced.mixed(rgb(0.80, 0.78, 0.74), coverage(ring));
    let padded = pads(place, ringed);
    let legged = padded.mixed(rgb(0.76, 0.77, 0.79), coverage(legs(place)));
    let equipped = parts(place, legged);
    let chip = rounded_box(place, at(10.5, 13.0), 1.2);
    let facing = (place.x * look.light.x + place.y * look.light.y) * 0.012;
    let body = rgb(0.13, 0.13, 0.15).lit(1.0 + facing).mixed(rgb(0.30, 0.30, 0.33), coverage((chip + 1.0).abs() - 0.4));
    let dotted = body.mixed(rgb(0.62, 0.62, 0.62), coverage(circle(place, at(-6.5, -9.0), 1.4)));
    let printed = dotted.mixed(rgb(0.46, 0.46, 0.48), coverage(print(place)));
    equipped.mixed(printed, coverage(chip))
}

/// Eight rows of gold pads on either side.
fn pads(place: Point, ground: Colour) -> Colour {
    let row = (place.y / 5.0).floor().clamp(-4.0, 3.0) + 0.5;
    let pad = circle(at(place.x.abs(), place.y), at(29.5, row * 5.0), 1.9);
    ground.mixed(rgb(0.87, 0.71, 0.36), coverage(pad)).mixed(rgb(0.20, 0.17, 0.12), coverage(pad + 1.1))
}

/// Copper lines from the pads to the legs of the chip, each with a bend; those of the next rows may pass here too.
fn traces(place: Point) -> f32 {
    let row = (place.y / 5.0).floor().clamp(-4.0, 3.0) + 0.5;
    let folded = at(place.x.abs(), place.y);
    let line = |row: f32| {
        let bend = at(23.0 - row.abs(), row * 5.0);
        segment(folded, at(29.5, row * 5.0), bend).min(segment(folded, bend, at(13.0, row * 3.0)))
    };
    line(row).min(line((row + 1.0).min(3.5))).min(line((row - 1.0).max(-3.5))) - 0.55
}

/// The legs of the chip, eight on either side.
fn legs(place: Point) -> f32 {
    let row = (place.y / 3.0).floor().clamp(-4.0, 3.0) + 0.5;
    rounded_box(at(place.x.abs() - 11.5, place.y - row * 3.0), at(2.2, 0.8), 0.2)
}

/// Two small parts above and below the chip, with bright ends.
fn parts(place: Point, ground: Colour) -> Colour {
    let (x, colour) = if place.y < 0.0 { (-3.0, rgb(0.16, 0.15, 0.15)) } else { (4.0, rgb(0.62, 0.47, 0.32)) };
    let part = at(place.x - x, place.y.abs() - 21.0);
    ground
        .mixed(rgb(0.82, 0.82, 0.84), coverage(rounded_box(part, at(5.0, 2.4), 0.4)))
        .mixed(colour, coverage(rounded_box(part, at(3.2, 2.4), 0.2)))
}

/// Two lines of print on the chip.
fn print(place: Point) -> f32 {
    let upper = segment(place, at(-3.5, -1.5), at(6.0, -1.5));
    let lower = segment(place, at(-3.5, 2.5), at(3.0, 2.5));
    upper.min(lower) - 0.5
}
