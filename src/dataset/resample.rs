//! Resampling as Pillow does it (`Image.resize`), to the bit: along one axis, rounded to 8 bits, then along the other.
//!
//! Rows are resampled first; columns are first if the image grows in width and shrinks in height, as in Pillow 13. Weights
//! are those of a triangle or of Keys' cubic (1981) with a = -1/2, widened by the ratio when shrinking, as fixed-point
//! numbers. Another order of the axes or another rounding would change results by one level or more.

/// Bits after the binary point of a weight: of 32 bits, 8 are left for the value and 2 for the overshoot.
const BITS: u32 = 22;

/// What a new value weighs the old ones around it by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel {
    /// A triangle over the two nearest.
    Linear,
    /// A cubic over the four nearest.
    Cubic,
}

/// A picture at another size; sizes are width and height, and each new side is at least 1. Its values lie row by row, the
/// `CHANNELS` values of a pixel together. A picture without pixels gives zeros.
pub(super) fn resized<const CHANNELS: usize>(
    pixels: &[u8],
    (old_width, old_height): (u32, u32),
    (width, height): (u32, u32),
    kernel: Kernel,
) -> Vec<u8> {
    if old_width == 0 || old_height == 0 {
        return vec![0; CHANNELS * width as usize * height as usize];
    }
    let across = |pixels: &[u8]| across::<CHANNELS>(pixels, old_width, width, kernel);
    let down = |pixels: &[u8], width: u32| down(pixels, CHANNELS * width as usize, (old_height, height), kernel);
    match (width == old_width, height == old_height) {
        (true, true) => pixels.to_vec(),
        (true, false) => down(pixels, width),
        (false, true) => across(pixels),
        (false, false) if width > old_width && height < old_height => across(&down(pixels, old_width)),
        (false, false) => down(&across(pixels), width),
    }
}

/// The same where each new pixel takes the value of the old one that its centre falls into.
pub(super) fn nearest<const CHANNELS: usize>(
    pixels: &[u8],
    (old_width, old_height): (u32, u32),
    (width, height): (u32, u32),
) -> Vec<u8> {
    if old_width == 0 || old_height == 0 {
        return vec![0; CHANNELS * width as usize * height as usize];
    }
    let (pixels, _) = pixels.as_chunks::<CHANNELS>();
    let columns = under(old_width, width);
    let rows = under(old_height, height).into_iter().map(|y| &pixels[y * old_width as usize..]);
    rows.flat_map(|row| columns.iter().flat_map(|x| row[*x])).collect()
}

/// The old position under the centre of each new one. Positions are summed up one by one, as in Pillow: where a centre
/// falls on an edge, rounding decides.
fn under(old: u32, new: u32) -> Vec<usize> {
    let ratio = f64::from(old) / f64::from(new);
    let mut centre = ratio * 0.5;
    (0..new)
        .map(|_| {
            let at = (centre as usize).min(old as usize - 1);
            centre += ratio;
            at
        })
        .collect()
}

/// Each row at another width.
fn across<const CHANNELS: usize>(pixels: &[u8], old: u32, new: u32, kernel: Kernel) -> Vec<u8> {
    let windows = windows(old, new, kernel);
    let mut result = vec![0; pixels.len() / old as usize * new as usize];
    let rows = result.chunks_exact_mut(CHANNELS * new as usize).zip(pixels.chunks_exact(CHANNELS * old as usize));
    for (result, row) in rows {
        let (row, _) = row.as_chunks::<CHANNELS>();
        for (result, window) in result.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(&windows) {
            let mut sums = [HALF; CHANNELS];
            for (pixel, weight) in row[window.first..].iter().zip(&window.weights) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += i32::from(*value) * weight;
                }
            }
            *result = sums.map(level);
        }
    }
    result
}

/// Each column at another height; rows have `stride` values.
fn down(pixels: &[u8], stride: usize, (old, new): (u32, u32), kernel: Kernel) -> Vec<u8> {
    let mut result = Vec::with_capacity(stride * new as usize);
    let mut sums = vec![HALF; stride];
    for window in windows(old, new, kernel) {
        sums.fill(HALF);
        for (row, weight) in pixels[window.first * stride..].chunks_exact(stride).zip(&window.weights) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += i32::from(*value) * weight;
            }
        }
        result.extend(sums.iter().map(|sum| level(*sum)));
    }
    result
}

/// One half, as the sums of fixed-point numbers begin, so that they are rounded and not cut.
const HALF: i32 = 1 << (BITS - 1);

fn level(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

/// The old values that a new one is made of, and their weights.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

fn windows(old: u32, new: u32, kernel: Kernel) -> Vec<Window> {
    let ratio = f64::from(old) / f64::from(new);
    let wide = ratio.max(1.0);
    let reach = kernel.reach() * wide;
    (0..new)
        .map(|at| {
            let centre = (f64::from(at) + 0.5) * ratio;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(old as usize);
            // The reciprocal first, as in Pillow: a quotient would round otherwise.
            let narrow = wide.recip();
            let weights: Vec<f64> = (first..end).map(|at| kernel.at((at as f64 - centre + 0.5) * narrow)).collect();
            let sum: f64 = weights.iter().sum();
            let fixed = |weight: f64| (weight / sum * f64::from(1 << BITS)).round() as i32;
            Window { first, weights: weights.into_iter().map(fixed).collect() }
        })
        .collect()
}

impl Kernel {
    /// How far from its centre it ends.
    fn reach(self) -> f64 {
        match self {
            Kernel::Linear => 1.0,
            Kernel::Cubic => 2.0,
        }
    }

    fn at(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Kernel::Linear => (1.0 - x).max(0.0),
            Kernel::Cubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Kernel::Cubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Kernel::Cubic => 0.0,
        }
    }
}
