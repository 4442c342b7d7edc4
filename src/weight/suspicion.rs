//! What is suspicious about weights that could be read: numbers that no sound training gives.

use std::path::PathBuf;

use crate::execute::HostTensor;
use crate::graph::program::Weight;

use super::error::names;

/// A weight of a file that is probably not what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The file.
    pub path: PathBuf,
    /// The path of the weight.
    pub weight: String,
    /// What is wrong with it.
    pub doubt: Doubt,
}

/// What is wrong with a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It holds infinite numbers, or some that are none.
    NotFinite,
    /// It is the variance of a normalisation, and below zero.
    NegativeVariance,
}

impl Doubt {
    /// What is wrong with a weight that has this value.
    pub(super) fn about(weight: &Weight, tensor: &HostTensor) -> Option<Doubt> {
        let floats = tensor.as_floats()?;
        if floats.iter().any(|x| !x.is_finite()) {
            return Some(Doubt::NotFinite);
        }
        let is_variance = weight.is_statistic && weight.path.rsplit('.').next() == Some("running_var");
        (is_variance && floats.iter().any(|x| *x < 0.0)).then_some(Doubt::NegativeVariance)
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Doubt::NotFinite => ("holds numbers that are not finite", "its training has probably diverged"),
            Doubt::NegativeVariance => (
                "holds variances below zero",
                "a normalisation by them gives no numbers, so the file is probably damaged",
            ),
        }
    }
}

/// A sentence for each file and each kind of doubt.
#[must_use]
pub fn doubts(suspicions: &[Suspicion]) -> Vec<String> {
    let mut rest: Vec<&Suspicion> = suspicions.iter().collect();
    let mut sentences = Vec::new();
    while let Some(first) = rest.first().copied() {
        let (same, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|other| other.path == first.path && other.doubt == first.doubt);
        let weights: Vec<String> = same.into_iter().map(|suspicion| suspicion.weight.clone()).collect();
        let (what, why) = first.doubt.words();
        sentences.push(format!("`{}` {what}, in {}: {why}", first.path.display(), names(&weights)));
        rest = others;
    }
    sentences
}
