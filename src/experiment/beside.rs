//! Reads what compared runs have written beside their metrics, for a page with all of it side by side.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;

use crate::evaluate::curve::ClassCurves;
use crate::report::{
    Comparison, Example, LossCurve, RankChange, SameImage, SideBySide, TestScore, read_curves, read_examples,
    read_scores,
};

use super::error::{ExperimentError, SweepError};
use super::losses::read_losses;
use super::report::{EXAMPLES, example_sheet};

/// How many images with the largest changes of rank are listed.
const RANKS: usize = 20;

/// The losses, curves, ranks and examples of the columns of a comparison. Losses, curves and examples are those of the first run
/// of a column; ranks are means over its runs.
///
/// # Errors
/// If a file of a run is there but can't be read.
pub fn side_by_side(comparison: &Comparison) -> Result<SideBySide, ExperimentError> {
    let firsts: Vec<&Path> = comparison.columns.iter().map(|runs| Path::new(&runs[0])).collect();
    let each = |read: &dyn Fn(&str) -> Result<Vec<LossCurve>, String>| -> Result<Vec<Vec<LossCurve>>, SweepError> {
        firsts.iter().map(|run| Ok(text(run, "losses.csv", read)?.unwrap_or_default())).collect()
    };
    let losses = aligned(each(&read_losses)?, |curve| curve.objective.clone());
    let curves: Vec<Vec<ClassCurves>> = firsts
        .iter()
        .map(|run| Ok(text(run, "curves.csv", &read_curves)?.unwrap_or_default()))
        .collect::<Result<_, SweepError>>()?;
    let mut curves = aligned(curves, |curves| curves.class.clone());
    curves.retain(|(class, _)| comparison.rows.iter().any(|row| row.class.as_ref() == Some(class)));
    let scores: Vec<Vec<Vec<TestScore>>> = comparison
        .columns
        .iter()
        .map(|runs| {
            runs.iter().map(|run| Ok(text(Path::new(run), "scores.csv", &read_scores)?.unwrap_or_default())).collect()
        })
        .collect::<Result<_, SweepError>>()?;
    let examples: Vec<Vec<Example>> = firsts.iter().map(|run| examples(run)).collect::<Result<_, SweepError>>()?;
    Ok(SideBySide { losses, curves, ranks: changes(&scores), examples: same(examples) })
}

/// What is read of a file of a run; none if there is no such file, as in results of earlier versions.
fn text<T>(run: &Path, name: &str, read: &dyn Fn(&str) -> Result<T, String>) -> Result<Option<T>, SweepError> {
    let fail =
        |reason: String| SweepError::NotMeasured { path: run.to_path_buf(), reason: format!("`{name}`: {reason}") };
    match std::fs::read_to_string(run.join(name)) {
        Ok(text) => read(&text).map(Some).map_err(fail),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fail(error.to_string())),
    }
}

/// Entries of the same name side by side, in the order in which the names are first met.
fn aligned<T>(columns: Vec<Vec<T>>, name: impl Fn(&T) -> String) -> Vec<(String, Vec<Option<T>>)> {
    let count = columns.len();
    let mut rows: IndexMap<String, Vec<Option<T>>> = IndexMap::new();
    for (column, entries) in columns.into_iter().enumerate() {
        for entry in entries {
            let row = rows.entry(name(&entry)).or_insert_with(|| (0..count).map(|_| None).collect());
            row[column] = Some(entry);
        }
    }
    rows.into_iter().collect()
}

/// The examples of a run.
fn examples(run: &Path) -> Result<Vec<Example>, SweepError> {
    let sheet = |class: &str| image::open(run.join(example_sheet(class))).ok().map(|image| image.to_rgb8());
    Ok(text(run, EXAMPLES, &|index| read_examples(index, sheet))?.unwrap_or_default())
}

/// The examples that all columns have.
fn same(columns: Vec<Vec<Example>>) -> Vec<SameImage> {
    let rows = aligned(columns, |example| example.id.clone());
    let whole = |(_, row): (String, Vec<Option<Example>>)| row.into_iter().collect::<Option<Vec<Example>>>();
    rows.into_iter().filter_map(whole).map(|columns| SameImage { columns }).collect()
}

/// The images that all runs have scored and whose rank differs most between columns.
fn changes(columns: &[Vec<Vec<TestScore>>]) -> Vec<RankChange> {
    let ranks: Vec<Vec<BTreeMap<&str, (f64, usize)>>> =
        columns.iter().map(|runs| runs.iter().map(|scores| ranks(scores)).collect()).collect();
    let Some(first) = columns.first().and_then(|runs| runs.first()) else { return Vec::new() };
    let change = |own: &TestScore| {
        let mean = |runs: &Vec<BTreeMap<&str, (f64, usize)>>| {
            let ranks: Option<Vec<f64>> = runs.iter().map(|run| run.get(&*own.id).map(|rank| rank.0)).collect();
            ranks.map(|ranks| ranks.iter().sum::<f64>() / ranks.len() as f64)
        };
        let change = RankChange {
            class: own.class.clone(),
            id: own.id.clone(),
            defect: own.defect.clone(),
            of: ranks[0][0].get(&*own.id)?.1,
            ranks: ranks.iter().map(mean).collect::<Option<_>>()?,
        };
        (change.largest() > 0.0).then_some(change)
    };
    let mut changes: Vec<RankChange> = first.iter().filter_map(change).collect();
    changes.sort_by(|a, b| b.largest().total_cmp(&a.largest()));
    changes.truncate(RANKS);
    changes
}

/// The rank of each image in its class, 1 for the highest score, the middle one for equal scores; and the images of its class.
fn ranks(scores: &[TestScore]) -> BTreeMap<&str, (f64, usize)> {
    let mut classes: BTreeMap<&str, Vec<&TestScore>> = BTreeMap::new();
    for own in scores {
        classes.entry(&own.class).or_default().push(own);
    }
    let mut ranks = BTreeMap::new();
    for mut class in classes.into_values() {
        class.sort_by(|a, b| b.score.total_cmp(&a.score));
        let (of, mut before) = (class.len(), 0);
        for tie in class.chunk_by(|a, b| a.score == b.score) {
            let rank = before as f64 + f64::midpoint(1.0, tie.len() as f64);
            ranks.extend(tie.iter().map(|own| (own.id.as_str(), (rank, of))));
            before += tie.len();
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::changes;
    use crate::report::TestScore;

    fn scores(scores: [(&str, f32); 3]) -> Vec<TestScore> {
        let score = |(id, score): (&str, f32)| TestScore {
            class: "nut".to_owned(),
            id: id.to_owned(),
            defect: id.starts_with("bent").then(|| "bent".to_owned()),
            score,
        };
        scores.into_iter().map(score).collect()
    }

    #[test]
    fn ranks_are_means_over_runs_and_the_largest_change_comes_first() {
        let first = scores([("good/0", 3.0), ("bent/1", 2.0), ("good/2", 1.0)]);
        let second = [
            scores([("good/0", 0.1), ("bent/1", 0.9), ("good/2", 0.5)]),
            // A tie of the first two ranks.
            scores([("good/0", 0.1), ("bent/1", 0.9), ("good/2", 0.9)]),
        ];
        let found = changes(&[vec![first.clone()], second.to_vec()]);
        let found: Vec<_> = found.iter().map(|own| (&*own.id, own.ranks.clone(), own.gain(1))).collect();
        assert_eq!(
            found,
            [("good/0", vec![1.0, 3.0], 2.0), ("good/2", vec![3.0, 1.75], -1.25), ("bent/1", vec![2.0, 1.25], 0.75),]
        );
        assert!(changes(&[vec![first.clone()], vec![first]]).is_empty());
    }
}
