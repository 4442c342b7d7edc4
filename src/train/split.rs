//! Which training images are held out: seen by no training, and only by fits that are `from held_out`.

use crate::diagnostic::count;

use super::Samples;
use super::sampler::order;

/// The training images of a run by their places in the data set, both lists ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Those that trainings and fits see.
    pub shown: Vec<usize>,
    /// Those that are held out.
    pub held_out: Vec<usize>,
}

/// A class has too few images for a share of them to be held out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`hold_out = {share}` of {}: one must be held out and one left", count(*.images, "training image"))]
pub struct TooFewToHoldOut {
    /// The share.
    pub share: f64,
    /// The number of the class.
    pub class: usize,
    /// How many images it has.
    pub images: usize,
}

impl Split {
    /// Holds out this share of the images of each class, rounded, but at least one; none if it is 0. Which ones follows
    /// from the seed.
    ///
    /// # Errors
    /// If a class would have no image left.
    pub fn new(share: f64, classes: &[usize], seed: u64) -> Result<Split, TooFewToHoldOut> {
        let mut is_held_out = vec![false; classes.len()];
        let all = if share > 0.0 { classes.iter().max().map_or(0, |last| last + 1) } else { 0 };
        for class in 0..all {
            let own: Vec<usize> = (0..classes.len()).filter(|&place| classes[place] == class).collect();
            if own.is_empty() {
                continue;
            }
            let wanted = ((own.len() as f64 * share).round() as usize).max(1);
            if wanted >= own.len() {
                return Err(TooFewToHoldOut { share, class, images: own.len() });
            }
            for place in order(seed, "held out", class as u64, 0, own.len()).into_iter().take(wanted) {
                is_held_out[own[place]] = true;
            }
        }
        let (held_out, shown) = (0..classes.len()).partition(|&place| is_held_out[place]);
        Ok(Split { shown, held_out })
    }
}

/// Some of the images of a data set, as if there were no others.
pub(super) struct Chosen<'a> {
    all: &'a dyn Samples,
    places: &'a [usize],
}

impl<'a> Chosen<'a> {
    /// Those at these places.
    pub(super) fn new(all: &'a dyn Samples, places: &'a [usize]) -> Chosen<'a> {
        Chosen { all, places }
    }

    /// Where they lie in the data set.
    pub(super) fn places(&self) -> &'a [usize] {
        self.places
    }
}

impl Samples for Chosen<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn image(&self, index: usize, pass: Option<u64>) -> Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>> {
        self.all.image(self.places[index], pass)
    }

    fn class(&self, index: usize) -> usize {
        self.all.class(self.places[index])
    }

    fn name(&self, index: usize) -> String {
        self.all.name(self.places[index])
    }
}
