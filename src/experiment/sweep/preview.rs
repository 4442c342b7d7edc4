//! What a point of a sweep will cost, before it runs: multiply-adds of each stage and of scoring, and memory.

use crate::dataset::Dataset;
use crate::experiment::target::Target;
use crate::graph::program::{Program, Stage};
use crate::plan::cost;
use crate::plan::memory::needs;
use crate::train::steps;

/// A step of training takes about as many multiply-adds as three forward passes: one forward, two backward.
const PASSES_OF_A_STEP: u64 = 3;

/// What a point will cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// For each stage the multiply-adds that it takes; none where that is not known before it runs.
    pub stages: Vec<Option<u64>>,
    /// The multiply-adds that scoring takes; none where that is not known.
    pub scoring: Option<u64>,
    /// The most bytes that are held at once; none where that is not known.
    pub memory: Option<u64>,
}

pub(super) fn preview(program: &Program, dataset: &Dataset, target: Target) -> Preview {
    let costs = cost(program);
    let of = |name: &str| costs.functions.iter().find(|function| function.name == name)?.optimized;
    let stage = |stage: &Stage| match stage {
        Stage::Training(phase) => {
            let each: Option<u64> = phase.objectives.iter().map(|name| of(name)).sum();
            // Objectives take turns.
            let mean = each? / phase.objectives.len().max(1) as u64;
            let images = steps(phase, dataset.train.len()) * (phase.batch * phase.accumulate.max(1)) as u64;
            Some(mean.saturating_mul(images).saturating_mul(PASSES_OF_A_STEP))
        }
        Stage::Fit(_) => None,
    };
    let peaks = needs(program, None, target.precision, target.cores());
    let totals: Vec<Option<u64>> =
        peaks.iter().map(|need| need.footprint.as_ref().map(crate::plan::memory::Footprint::total)).collect();
    Preview {
        stages: program.stages.iter().map(stage).collect(),
        scoring: of("score").map(|each| each.saturating_mul(dataset.test.len() as u64)),
        memory: totals.into_iter().flatten().max(),
    }
}
