//! The scores of test images as CSV.

use super::csv::{csv_lines, csv_rows};

const HEADER: [&str; 4] = ["class", "image", "defect", "score"];

/// The score of a test image.
#[derive(Debug, Clone, PartialEq)]
pub struct TestScore {
    /// Its class.
    pub class: String,
    /// Its name.
    pub id: String,
    /// The kind of its defect; none if it is good.
    pub defect: Option<String>,
    /// Its image score.
    pub score: f32,
}

/// The scores as CSV with a header: class, image, kind of defect (empty for a good one), score in full precision.
#[must_use]
pub fn scores_csv(scores: &[TestScore]) -> String {
    let row = |own: &TestScore| {
        [own.class.clone(), own.id.clone(), own.defect.clone().unwrap_or_default(), own.score.to_string()]
    };
    csv_lines(std::iter::once(HEADER.map(str::to_owned)).chain(scores.iter().map(row)))
}

/// Reads back what [`scores_csv`] has written.
///
/// # Errors
/// Why it can't be read, in words.
pub fn read_scores(text: &str) -> Result<Vec<TestScore>, String> {
    let score = |row: Vec<String>| {
        let [class, id, defect, score] =
            <[String; 4]>::try_from(row).map_err(|row| format!("it has {} fields", row.len()))?;
        let score = score.parse().map_err(|_| format!("`{score}` is no number"))?;
        Ok(TestScore { class, id, defect: Some(defect).filter(|defect| !defect.is_empty()), score })
    };
    csv_rows(text, &HEADER)?.into_iter().map(score).collect()
}
