//! Scores as they come in, image by image, until they are ranked.
//!
//! Of an anomalous pixel its score and the area of its region are kept, in memory: 8 bytes; of a good one 4 bytes, which
//! may move to a file. Scores of 64 bits take 16 and 8. No map and no mask is kept.

use rayon::prelude::*;

use super::score::{Bits, Score};
use super::store::Store;
use super::{Key, MetricError, Ranking, Regions, finite};

/// Scores of anomalous and good items.
#[derive(Debug, Default)]
pub struct Scores<S: Score> {
    /// The key of a score above, the area of the item's region below.
    positives: Vec<<S::Bits as Bits>::WithArea>,
    negatives: Store<S::Bits>,
    regions: u64,
    ends: Option<(S::Bits, S::Bits)>,
}

impl<S: Score> Scores<S> {
    /// Takes in one item that is not part of a region, such as an image.
    ///
    /// # Errors
    /// If the score is NaN or infinite.
    pub fn add(&mut self, score: S, anomalous: bool) -> Result<(), MetricError> {
        finite(&[score])?;
        let key = Key::of(score).0;
        self.widen(key, key);
        if anomalous {
            self.positives.push(key.with_area(1));
            self.regions += 1;
        } else {
            self.negatives.push(std::iter::once(key));
        }
        Ok(())
    }

    /// Takes in the pixels of an anomaly map, of which `regions` are the anomalous ones.
    ///
    /// # Errors
    /// If a score is NaN or infinite; then nothing is taken in.
    pub fn add_map(&mut self, map: &[S], regions: &Regions) -> Result<(), MetricError> {
        finite(map)?;
        let keys = |pixels: &[S]| (lowest(pixels), highest(pixels));
        if !map.is_empty() {
            let (low, high) = keys(map);
            self.widen(Key::of(low).0, Key::of(high).0);
        }
        self.regions += regions.count() as u64;
        let mut good_from = 0;
        for (pixels, region) in regions.runs() {
            self.negatives.push(map[good_from..pixels.start].iter().map(|&score| Key::of(score).0));
            good_from = pixels.end;
            let area = regions.areas()[region];
            self.positives.extend(map[pixels].iter().map(|&score| Key::of(score).0.with_area(area)));
        }
        self.negatives.push(map[good_from..].iter().map(|&score| Key::of(score).0));
        Ok(())
    }

    /// The lowest and the highest score, if there is any.
    #[must_use]
    pub fn range(&self) -> Option<(S, S)> {
        self.ends.map(|(low, high)| (S::from_key(low), S::from_key(high)))
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.positives.len() as u64 + self.negatives.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that [`Scores::spill`] frees.
    #[must_use]
    pub fn spillable(&self) -> usize {
        self.negatives.bytes()
    }

    /// Moves what may move to a temporary file.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn spill(&mut self) -> Result<(), MetricError> {
        self.negatives.spill()
    }

    /// Ranks the items. Besides the scores of anomalous items the ranking knows those of `marks`.
    ///
    /// # Errors
    /// If the temporary file can't be read.
    pub fn rank(mut self, marks: &[Key<S>]) -> Result<Ranking<S>, MetricError> {
        self.positives.par_sort_unstable();
        let negatives = self.negatives.len();
        Ranking::new(self.positives, marks, negatives, self.regions, |count| self.negatives.each(count))
    }

    fn widen(&mut self, low: S::Bits, high: S::Bits) {
        let (lowest, highest) = self.ends.unwrap_or((low, high));
        self.ends = Some((lowest.min(low), highest.max(high)));
    }
}

/// The lowest of some scores, of which there is at least one.
fn lowest<S: Score>(scores: &[S]) -> S {
    scores.iter().copied().fold(scores[0], |a, b| if b < a { b } else { a })
}

/// The highest of some scores, of which there is at least one.
fn highest<S: Score>(scores: &[S]) -> S {
    scores.iter().copied().fold(scores[0], |a, b| if b > a { b } else { a })
}
