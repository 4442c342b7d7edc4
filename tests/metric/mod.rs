//! Metrics: against other programs, against their definitions, and as properties.

mod collect;
mod corner;
mod curve;
mod hostile;
mod image_score;
mod marks;
mod oracle;
mod property;
mod protocol;
mod ranking;
mod saved;
mod variation;

use diadc::evaluate::metric::{Ranking, Scores};

/// Items that are no pixels, ranked.
fn ranking(items: impl IntoIterator<Item = (f32, bool)>) -> Ranking<f32> {
    let mut scores = Scores::default();
    for (score, anomalous) in items {
        scores.add(score, anomalous).expect("the scores are finite");
    }
    scores.rank(&[]).expect("nothing was spilled")
}
