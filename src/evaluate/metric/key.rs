//! Scores as integers that compare as the scores do.

const SIGN: u32 = 1 << 31;

/// The bits of a finite score, rearranged so that integers compare as scores do; both zeros are one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u32);

impl Key {
    /// The key of a finite score.
    #[must_use]
    pub fn of(score: f32) -> Self {
        // Adding zero makes of the two zeros, which compare equal, one pattern of bits.
        let bits = (score + 0.0).to_bits();
        Self(if bits & SIGN == 0 { bits | SIGN } else { !bits })
    }

    /// The score whose key this is.
    #[must_use]
    pub fn score(self) -> f32 {
        f32::from_bits(if self.0 & SIGN == 0 { !self.0 } else { self.0 ^ SIGN })
    }

    /// The first key from `low` to `high` for which `holds`, which must not cease to hold further up.
    pub(super) fn first(low: Self, high: Self, holds: impl Fn(f32) -> bool) -> Option<Self> {
        let (mut low, mut high) = (low.0, u64::from(high.0) + 1);
        while u64::from(low) < high {
            let middle = u64::midpoint(u64::from(low), high) as u32;
            if holds(Self(middle).score()) {
                high = u64::from(middle);
            } else {
                low = middle + 1;
            }
        }
        u32::try_from(high).ok().map(Self).filter(|key| holds(key.score()))
    }
}
