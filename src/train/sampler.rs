//! The order in which images are shown.

use crate::execute::HostData;
use crate::execute::random::{Key, draw};
use crate::op::Distribution;

/// Each epoch shows every image once, in an order that follows from the seed, the phase and the number of the epoch.
#[derive(Clone, Debug)]
pub struct Sampler {
    seed: u64,
    phase: u64,
    count: usize,
    /// The epoch whose order is known.
    known: Option<(u64, Vec<usize>)>,
}

impl Sampler {
    /// An order of `count` images.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn new(seed: u64, phase: u64, count: usize) -> Sampler {
        assert!(count > 0, "there are images to show");
        Sampler { seed, phase, count, known: None }
    }

    /// The images at positions `from..from + length` of the phase, which may lie in several epochs.
    pub fn images(&mut self, from: u64, length: usize) -> Vec<usize> {
        (from..).take(length).map(|position| self.image(position)).collect()
    }

    fn image(&mut self, position: u64) -> usize {
        let (epoch, place) = (position / self.count as u64, (position % self.count as u64) as usize);
        match &self.known {
            Some((known, order)) if *known == epoch => order[place],
            Some(_) | None => {
                let order = self.order(epoch);
                let image = order[place];
                self.known = Some((epoch, order));
                image
            }
        }
    }

    /// The images of an epoch in their order.
    fn order(&self, epoch: u64) -> Vec<usize> {
        order(self.seed, "order", self.phase, epoch, self.count)
    }
}

/// `count` numbers in an order that follows from the others: each gets a random number, by which they are sorted; equal ones,
/// which are rare, keep their order.
pub(super) fn order(seed: u64, purpose: &str, step: u64, sample: u64, count: usize) -> Vec<usize> {
    let key = Key { seed, purpose, step, sample, iteration: 0 };
    let HostData::Int(numbers) = draw(Distribution::Int { low: 0, high: i64::MAX }, &key, count) else {
        unreachable!("this distribution gives integers")
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&place| numbers[place]);
    order
}
