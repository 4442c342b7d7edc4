//! What a phase of training has for all of its steps.

use std::time::{Duration, Instant};

use crate::execute::PlanId;
use crate::graph::program::{Phase, Stage};

use super::choice::Judge;
use super::split::Chosen;

/// An objective within its phase.
pub(super) struct Turn {
    /// Its index in the program.
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) plan: PlanId,
    pub(super) inputs: Vec<String>,
}

/// What is there beside the steps of a phase.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) turns: &'a [Turn],
    pub(super) judge: Option<&'a Judge<'a>>,
    pub(super) images: &'a Chosen<'a>,
}

/// Time and images since training began or was continued.
pub(super) struct Pace {
    pub(super) since: Instant,
    pub(super) images: u64,
    /// When the last checkpoint was complete, and how long writing it took.
    pub(super) saved: Instant,
    pub(super) saving: Duration,
}

/// The stages that train.
pub(super) fn phases(stages: &[Stage]) -> impl Iterator<Item = &Phase> {
    stages.iter().filter_map(|stage| match stage {
        Stage::Training(phase) => Some(phase),
        Stage::Fit(_) => None,
    })
}
