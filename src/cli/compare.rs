//! `diadc compare`: runs side by side.

use std::path::PathBuf;

use clap::Args;

use crate::experiment::{compare_runs, side_by_side, write_file};
use crate::report::{comparison_html, comparison_json, comparison_table};

use super::arguments::TableFormat;
use super::failure::Failure;
use super::terminal;

/// Sets runs side by side: what differs between them, and their metrics with differences
///
/// Runs that differ in their seeds alone are one column, with their mean and standard deviation; with two seeds or more on
/// both sides a `*` marks differences beyond the spread. `diadc diff` compares specs, also those that runs keep in
/// their directories.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc compare runs/a runs/b
  diadc compare runs/sweep/points/*
  diadc compare runs/a runs/b --html comparison.html   also curves, images side by side, and which ones changed rank
  diadc compare runs/a runs/b --each-class --format json")]
pub(super) struct Compare {
    /// The directories of the runs; the first is what the others are compared with
    #[arg(required = true, num_args = 1.., value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// Also shows the metrics of each class
    #[arg(long)]
    each_class: bool,

    /// Also writes a page with losses and curves overlaid, the same images side by side, and those whose rank changed most
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

impl Compare {
    pub(super) fn run(self) -> Result<(), Failure> {
        let comparison = compare_runs(&self.runs)?;
        terminal::result(&match self.format {
            TableFormat::Table => comparison_table(&comparison, self.each_class, terminal::charset()) + "\n",
            TableFormat::Json => comparison_json(&comparison),
        });
        if let Some(path) = &self.html {
            write_file(path, comparison_html(&comparison, &side_by_side(&comparison)?).as_bytes())?;
            terminal::note(&format!("page: {}", path.display()));
        }
        Ok(())
    }
}
