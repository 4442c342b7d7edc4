//! `diadc params`: what of a spec can be set from outside.

use clap::Args;

use crate::plan::{Settable, settable};
use crate::report::columns;

use super::arguments::{SpecArguments, TableFormat};
use super::failure::Failure;
use super::terminal;

/// Lists what `--set` can set: params with their types, legal values and defaults, and settings of trainings
///
/// A setting of a training is named by an objective that it trains: `--set denoising.steps=500`. It takes the place of what the
/// spec says; `steps` also that of `epochs`, and the other way round.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc params tiny
  diadc params my.diad --set size=128            with the values that this would give
  diadc params my.diad --format json
  diadc run my.diad --set denoising.steps=500 --set denoising.lr=1e-4 --set denoising.batch=4")]
pub(super) struct Params {
    #[command(flatten)]
    spec: SpecArguments,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

impl Params {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let rows = settable(&compiled.spec, &compiled.program, &compiled.sources);
        terminal::result(&match self.format {
            TableFormat::Json => format!("{:#}\n", serde_json::json!(rows)),
            TableFormat::Table => table(&rows) + "\n",
        });
        Ok(())
    }
}

fn table(rows: &[Settable]) -> String {
    let header = ["name", "type", "range", "default", "value", ""].map(str::to_owned).to_vec();
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| terminal::charset().missing().to_owned());
    let rows = rows.iter().map(|row| {
        let Settable { name, ty, range, default, value, doc } = row;
        // A value that is its default is not said twice.
        let value = if value == default { String::new() } else { or(value) };
        vec![name.clone(), ty.clone(), or(range), or(default), value, doc.clone()]
    });
    columns(header, rows.collect(), terminal::charset())
}
