//! Scores as integers that compare as the scores do.

use std::cmp::Ordering;

use super::score::{Bits, Score};

/// The bits of a finite score, rearranged so that integers compare as scores do; both zeros are one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key<S: Score>(pub(super) S::Bits);

impl<S: Score> Eq for Key<S> {}

impl<S: Score> Ord for Key<S> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<S: Score> PartialOrd for Key<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S: Score> Key<S> {
    /// The key of a finite score.
    #[must_use]
    pub fn of(score: S) -> Self {
        Self(score.to_key())
    }

    /// The score whose key this is.
    #[must_use]
    pub fn score(self) -> S {
        S::from_key(self.0)
    }

    /// The key before this one, which must exist.
    pub(super) fn before(self) -> Self {
        Self(self.0.before())
    }

    /// The first key from `low` to `high` for which `holds`, which must not cease to hold further up.
    pub(super) fn first(low: Self, high: Self, holds: impl Fn(S) -> bool) -> Option<Self> {
        let at = |by: u64| Self(low.0.raised(by));
        // A difference, or one more than the largest.
        let (mut from, mut to) = (0_u128, u128::from(high.0.above(low.0)) + 1);
        let end = to;
        while from < to {
            let middle = u128::midpoint(from, to);
            if holds(at(middle as u64).score()) {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        (to < end).then(|| at(to as u64))
    }
}
