//! Numbers that look random and follow from their key alone: splitmix64 (Steele, Lea and Flood, 2014).

/// The step between states: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of numbers, fixed by the words it is keyed with.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    state: u64,
}

impl Stream {
    /// A stream of its own for every list of words.
    pub(super) fn keyed(words: &[u64]) -> Self {
        Self { state: key(words) }
    }

    /// Uniform in [0, 1), in steps of 2^-24.
    pub(super) fn unit(&mut self) -> f32 {
        self.state = self.state.wrapping_add(STEP);
        to_unit(scramble(self.state))
    }

    /// Uniform in [low, high).
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0 to `count - 1`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.unit() * count as f32) as usize
    }
}

/// One number for a list of words; their order counts.
pub(super) fn key(words: &[u64]) -> u64 {
    words.iter().fold(0, |state, word| scramble(state.wrapping_add(STEP) ^ word.wrapping_mul(STEP)))
}

/// Uniform in [0, 1), fixed by a seed and a point of the whole-number grid.
pub(super) fn at(seed: u64, x: i32, y: i32) -> f32 {
    let place = (u64::from(x.cast_unsigned()) << 32) | u64::from(y.cast_unsigned());
    to_unit(scramble(seed ^ place.wrapping_add(1).wrapping_mul(STEP)))
}

fn to_unit(bits: u64) -> f32 {
    (bits >> 40) as f32 / 16_777_216.0
}

fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
