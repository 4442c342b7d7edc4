//! What the points of a sweep cost and share, before one of them runs.

use std::collections::HashSet;

use crate::diagnostic::{bytes, count, significant};
use crate::experiment::sweep::Plan;
use crate::report::columns;

use crate::cli::terminal;

/// What of a point's stages others have made before it.
struct Work {
    /// Stages that it takes from others.
    taken: usize,
    /// Multiply-adds of those, and of the stages that it trains; fits are not counted.
    saved: u64,
    trained: u64,
}

fn works(plan: &Plan) -> Vec<Work> {
    let mut made: HashSet<&str> = HashSet::new();
    let mut works = Vec::new();
    for (point, preview) in plan.points.iter().zip(&plan.previews) {
        let is_taken: Vec<bool> = point.stages.iter().map(|key| made.contains(key.as_str())).collect();
        let sum = |of: bool| {
            let own = preview.stages.iter().zip(&is_taken).filter(|(_, taken)| **taken == of);
            own.filter_map(|(cost, _)| *cost).sum()
        };
        let taken = is_taken.iter().filter(|taken| **taken).count();
        works.push(Work { taken, saved: sum(true), trained: sum(false) });
        made.extend(point.stages.iter().map(String::as_str));
    }
    works
}

fn giga(count: u64) -> String {
    significant(count as f64 / 1e9)
}

/// A row for each point, and the sum.
pub(super) fn table(plan: &Plan) -> String {
    let works = works(plan);
    let header = ["point", "stages to train", "taken from others", "training", "saved", "scoring", "memory"];
    let missing = terminal::charset().missing().to_owned();
    let rows = plan.points.iter().zip(&plan.previews).zip(&works).map(|((point, preview), work)| {
        vec![
            point.title(),
            (point.stages.len() - work.taken).to_string(),
            work.taken.to_string(),
            giga(work.trained),
            giga(work.saved),
            preview.scoring.map_or_else(|| missing.clone(), giga),
            preview.memory.map_or_else(|| missing.clone(), bytes),
        ]
    });
    let text = columns(header.map(str::to_owned).to_vec(), rows.collect(), terminal::charset());
    let trained: u64 = works.iter().map(|work| work.trained).sum();
    let saved: u64 = works.iter().map(|work| work.saved).sum();
    let scoring: u64 = plan.previews.iter().filter_map(|preview| preview.scoring).sum();
    let share = 100.0 * saved as f64 / (trained + saved).max(1) as f64;
    format!(
        "{text}\n\n{}: {} G multiply-adds of training, of which sharing saves {} G ({share:.0} %), and {} G of scoring\n\
         in G multiply-adds; a step of training counts as three passes, and fits are not counted",
        count(plan.points.len(), "point"),
        giga(trained + saved),
        giga(saved),
        giga(scoring),
    )
}

/// The same as JSON that ends in a line break.
pub(super) fn json(plan: &Plan) -> String {
    let rows = plan.points.iter().zip(&plan.previews).zip(works(plan)).map(|((point, preview), work)| {
        let settings: serde_json::Map<String, serde_json::Value> =
            point.values.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        serde_json::json!({
            "name": point.name, "settings": settings, "class": point.class, "seed": point.seed,
            "stages": point.stages.len(), "stages_taken": work.taken, "training_multiply_adds": work.trained,
            "saved_multiply_adds": work.saved, "scoring_multiply_adds": preview.scoring, "memory_bytes": preview.memory,
        })
    });
    format!("{:#}\n", serde_json::json!({ "points": rows.collect::<Vec<_>>() }))
}
