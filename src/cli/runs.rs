//! `diadc runs`: which runs there are.

use std::path::PathBuf;

use clap::Args;

use crate::experiment::{Config, ListedRun, RunState, list_runs};
use crate::measure::Metric;
use crate::report::columns;

use super::arguments::TableFormat;
use super::failure::Failure;
use super::terminal;

/// The metrics that are shown.
const SHOWN: [Metric; 3] = [Metric::ImageAuroc, Metric::PixelAuroc, Metric::Pro];

/// Lists runs: what they are of, how far they have come, and how well they do
#[derive(Args)]
#[command(after_help = "Examples:
  diadc runs                        those under runs/, or where diadc.toml puts them
  diadc runs runs/rates             the points of a sweep
  diadc runs --format json")]
pub(super) struct Runs {
    /// The folder that they lie in [default: runs/]
    folder: Option<PathBuf>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

impl Runs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let folder = match self.folder {
            Some(folder) => folder,
            None => Config::find(None)?.runs.unwrap_or_else(|| PathBuf::from("runs")),
        };
        let runs = list_runs(&folder)?;
        terminal::result(&match self.format {
            TableFormat::Json => format!("{:#}\n", serde_json::json!(runs)),
            TableFormat::Table if runs.is_empty() => format!("no run lies in {}\n", folder.display()),
            TableFormat::Table => table(&runs) + "\n",
        });
        Ok(())
    }
}

fn table(runs: &[ListedRun]) -> String {
    let header = ["run", "began", "model", "data", "seed", "settings", "state"].map(str::to_owned);
    let titles = SHOWN.map(|metric| metric.title().to_owned());
    let rows = runs.iter().map(|run| {
        let settings: Vec<String> = run.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let state = match &run.state {
            RunState::Measured => "measured".to_owned(),
            RunState::Trained => "trained".to_owned(),
            RunState::Begun { steps } => format!("{steps} steps taken"),
            RunState::Unreadable(_) => "can't be read".to_owned(),
        };
        let first = [
            run.path.display().to_string(),
            run.date.clone(),
            run.model.clone(),
            run.dataset.clone(),
            run.seed.to_string(),
            settings.join(" "),
            state,
        ];
        let value = |metric: &Metric| match run.metrics.get(metric) {
            Some(value) => format!("{:.1}", 100.0 * value),
            None => terminal::charset().missing().to_owned(),
        };
        first.into_iter().chain(SHOWN.iter().map(value)).collect()
    });
    columns(header.into_iter().chain(titles).collect(), rows.collect(), terminal::charset())
}
