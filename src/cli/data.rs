//! `diadc data`: looks after data sets.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::dataset::toy;

use super::failure::Failure;
use super::terminal;

/// Makes data sets
#[derive(Args)]
pub(super) struct Data {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Subcommand)]
enum DataCommand {
    /// Writes the toy data set as image files, in the layout of MVTec AD
    #[command(after_help = "Example:\n  diadc data toy toy && diadc run tiny --dataset mvtec --data toy")]
    Toy {
        /// A directory that is not there yet, or empty
        dir: PathBuf,
    },
}

impl Data {
    pub(super) fn run(self) -> Result<(), Failure> {
        let DataCommand::Toy { dir } = self.command;
        toy::write(&dir)?;
        terminal::result(&format!("the toy data set lies in {}\n", dir.display()));
        Ok(())
    }
}
