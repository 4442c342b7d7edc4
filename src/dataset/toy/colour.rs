//! Colours as red, green and blue from 0 (dark) to 1.

/// A colour; values may leave 0 to 1 until it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour(pub(super) [f32; 3]);

/// Shorthand for a colour.
pub(super) const fn rgb(red: f32, green: f32, blue: f32) -> Colour {
    Colour([red, green, blue])
}

impl Colour {
    /// Lighter or darker by a factor.
    pub(super) fn lit(self, by: f32) -> Self {
        Self(self.0.map(|value| value * by))
    }

    /// Each channel by its own factor.
    pub(super) fn tinted(self, by: [f32; 3]) -> Self {
        Self(std::array::from_fn(|channel| self.0[channel] * by[channel]))
    }

    /// From this colour at 0 to the other at 1.
    pub(super) fn mixed(self, other: Self, share: f32) -> Self {
        Self(std::array::from_fn(|channel| self.0[channel] + (other.0[channel] - self.0[channel]) * share))
    }

    /// The sum of two lights.
    pub(super) fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|channel| self.0[channel] + other.0[channel]))
    }
}
