//! The power of e in single precision.

/// `e^x` within 2e-7 of itself, without branches, so that the compiler uses vectors: `2^n` by its exponent's bits times
/// the Taylor polynomial of `e^r` for `|r| <= ln 2 / 2`. What is below 2.5e-38 is 0, and what overflows is infinite.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    const LEAST: f32 = -86.6;
    const MOST: f32 = 88.722_84;
    let within = x.clamp(LEAST, MOST);
    // The last bits of this sum are the nearest whole number.
    let shifted = within * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = within - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let tail = ((r * (1.0 / 720.0) + 1.0 / 120.0) * r + 1.0 / 24.0) * r + 1.0 / 6.0;
    let value = ((tail * r + 0.5) * r + 1.0) * r + 1.0;
    // Half of the power, because the largest one has no bits of its own.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(126 << 23)) * (2.0 * value);
    let power = if x < LEAST { 0.0 } else { power };
    if x > MOST { f32::INFINITY } else { power }
}
