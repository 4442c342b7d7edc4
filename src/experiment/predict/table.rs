//! Tables of scores: CSV and JSON lines, of which each row is complete as soon as it is written.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use crate::experiment::directory::RunDirectory;
use crate::experiment::error::ExperimentError;
use crate::report::csv_lines;

use super::save::{Row, Saving};

/// Which columns a table has besides `image`, `score` and `error`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    has_deviation: bool,
    has_verdict: bool,
    files: Vec<&'static str>,
}

impl Columns {
    /// Those of results that are saved in this way, of one draw or of several.
    #[must_use]
    pub fn of(saving: &Saving, has_several_draws: bool) -> Columns {
        Columns {
            has_deviation: has_several_draws,
            has_verdict: saving.threshold.is_some(),
            files: saving.saved.iter().map(|saved| saved.name()).collect(),
        }
    }

    /// The first line of the table as CSV.
    #[must_use]
    pub fn header(&self) -> String {
        let mut names = vec!["image", "score"];
        names.extend(self.has_deviation.then_some("deviation"));
        names.extend(self.has_verdict.then_some("anomalous"));
        names.extend(&self.files);
        names.push("error");
        names.join(",") + "\n"
    }

    /// A row as a line of CSV; what an image does not have is empty.
    #[must_use]
    pub fn line(&self, row: &Row) -> String {
        let number = |number: Option<f32>| number.map(|number| number.to_string()).unwrap_or_default();
        let mut fields = vec![row.image.clone(), number(row.score)];
        fields.extend(self.has_deviation.then(|| number(row.deviation)));
        fields.extend(self.has_verdict.then(|| row.anomalous.map(|own| own.to_string()).unwrap_or_default()));
        let file = |place: usize| row.files.get(place).cloned().unwrap_or_default();
        fields.extend((0..self.files.len()).map(file));
        fields.push(row.error.clone().unwrap_or_default());
        csv_lines([fields])
    }
}

impl Row {
    /// The row as a JSON object on a line of its own.
    ///
    /// # Panics
    /// Never: a row holds nothing that JSON can't.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("all keys are strings") + "\n"
    }
}

/// `scores.csv` in a directory, which grows row by row.
#[derive(Debug)]
pub struct ScoreTable {
    path: PathBuf,
    file: File,
    columns: Columns,
}

impl ScoreTable {
    /// Makes a new table without rows.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn create(directory: &RunDirectory, columns: Columns) -> Result<ScoreTable, ExperimentError> {
        directory.write("scores.csv", columns.header().as_bytes())?;
        let path = directory.path().join("scores.csv");
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(|source| ExperimentError::Write { path: path.clone(), source })?;
        Ok(ScoreTable { path, file, columns })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn add(&mut self, row: &Row) -> Result<(), ExperimentError> {
        let written = self.file.write_all(self.columns.line(row).as_bytes());
        written.map_err(|source| ExperimentError::Write { path: self.path.clone(), source })
    }
}
