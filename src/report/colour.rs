//! The colour map of heat maps: a path through `OKLab` (Ottosson, 2020) along which lightness rises evenly.
//!
//! In comes a number from 0 to 1; out comes a colour, from near black over violet, red and orange to pale yellow.
//! Lightness is linear in the number, so equal steps look equal, also to the colour-blind and in a grey print.
//! Hue turns evenly, and chroma is as high as a smooth arch and the sRGB gamut allow.

use std::f32::consts::PI;
use std::sync::LazyLock;

use image::Rgb;

const STEPS: usize = 512;
const LIGHTNESS: (f32, f32) = (0.13, 0.97);
/// Hue in degrees: from violet through red, at 360 + 25, to yellow.
const HUE: (f32, f32) = (282.0, 360.0 + 108.0);
const MOST_CHROMA: f32 = 0.215;
const LEAST_CHROMA: f32 = 0.035;

static MAP: LazyLock<Vec<Rgb<u8>>> =
    LazyLock::new(|| (0..STEPS).map(|step| colour(step as f32 / (STEPS - 1) as f32)).collect());

/// The colour of `level`, which is clamped to 0 to 1; NaN has a grey that the map does not contain.
#[must_use]
pub fn heat(level: f32) -> Rgb<u8> {
    if level.is_nan() {
        return Rgb([128; 3]);
    }
    MAP[(level.clamp(0.0, 1.0) * (STEPS - 1) as f32).round() as usize]
}

fn colour(level: f32) -> Rgb<u8> {
    let between = |(from, to): (f32, f32)| from + (to - from) * level;
    let (lightness, hue) = (between(LIGHTNESS), between(HUE).to_radians());
    let arch = (PI * level.powf(0.8)).sin().max(0.0).sqrt();
    let mut chroma = LEAST_CHROMA + (MOST_CHROMA - LEAST_CHROMA) * arch;
    // A hue has no colours of this chroma at every lightness: step back to the nearest that a screen can show.
    while !linear_rgb(lightness, chroma, hue).iter().all(|channel| (0.0..=1.0).contains(channel)) && chroma > 0.0 {
        chroma -= 0.001;
    }
    Rgb(linear_rgb(lightness, chroma, hue).map(encode))
}

/// `OKLab` in polar form to linear sRGB, the matrices of its definition.
fn linear_rgb(lightness: f32, chroma: f32, hue: f32) -> [f32; 3] {
    let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
    let long = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let medium = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let short = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * long - 3.307_711_6 * medium + 0.230_969_94 * short,
        -1.268_438 * long + 2.609_757_4 * medium - 0.341_319_38 * short,
        -0.004_196_086_3 * long - 0.703_418_6 * medium + 1.707_614_7 * short,
    ]
}

/// A linear channel as the byte that sRGB stores.
fn encode(linear: f32) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let encoded = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (encoded * 255.0).round() as u8
}
