//! Bicubic resampling as Pillow does it: along one axis, rounded to 8 bits, then along the other.
//!
//! Cubic interpolation overshoots, so that another order of the axes or another rounding can change a result by more
//! than 1 of 255. Rows are resampled first; columns are first if the image grows in width and shrinks in height, as in
//! Pillow 13. Weights are those of Keys (1981) with a = -1/2, widened by the ratio when shrinking, as fixed-point
//! numbers.

use image::RgbImage;

/// Bits after the binary point of a weight: of 32 bits, 8 are left for the value and 2 for the overshoot.
const BITS: u32 = 22;

/// The image at another size, each side at least 1.
pub(super) fn resized(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (old_width, old_height) = image.dimensions();
    if old_width == 0 || old_height == 0 {
        return RgbImage::new(width, height);
    }
    let pixels = if width > old_width && height < old_height {
        across(&down(image.as_raw(), (old_width, old_height), height), old_width, width)
    } else {
        down(&across(image.as_raw(), old_width, width), (width, old_height), height)
    };
    RgbImage::from_raw(width, height, pixels).expect("each row was computed")
}

/// Each row at another width.
fn across(pixels: &[u8], old: u32, new: u32) -> Vec<u8> {
    let windows = windows(old, new);
    let row = |row: &[u8]| -> Vec<u8> {
        let pixel = |window: &Window| [0, 1, 2].map(|channel| window.sum(|at| row[3 * at + channel]));
        windows.iter().flat_map(pixel).collect()
    };
    pixels.chunks_exact(3 * old as usize).flat_map(row).collect()
}

/// Each column at another height.
fn down(pixels: &[u8], (width, old): (u32, u32), new: u32) -> Vec<u8> {
    let stride = 3 * width as usize;
    let row = |window: &Window| -> Vec<u8> {
        (0..stride).map(|column| window.sum(|at| pixels[at * stride + column])).collect()
    };
    windows(old, new).iter().flat_map(row).collect()
}

/// The old values that a new one is made of, and their weights.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

impl Window {
    fn sum(&self, value: impl Fn(usize) -> u8) -> u8 {
        let half = 1 << (BITS - 1);
        let sum = (self.first..).zip(&self.weights).fold(half, |sum, (at, weight)| sum + i32::from(value(at)) * weight);
        (sum >> BITS).clamp(0, 255) as u8
    }
}

fn windows(old: u32, new: u32) -> Vec<Window> {
    let ratio = f64::from(old) / f64::from(new);
    let wide = ratio.max(1.0);
    let reach = 2.0 * wide;
    (0..new)
        .map(|at| {
            let centre = (f64::from(at) + 0.5) * ratio;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(old as usize);
            let weights: Vec<f64> = (first..end).map(|at| cubic((at as f64 - centre + 0.5) / wide)).collect();
            let sum: f64 = weights.iter().sum();
            let fixed = |weight: f64| (weight / sum * f64::from(1 << BITS)).round() as i32;
            Window { first, weights: weights.into_iter().map(fixed).collect() }
        })
        .collect()
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}
