//! `diadc data toy`: the toy set as files.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::terminal;
use crate::dataset::toy;

/// Writes the toy data set as image files, in the layout of MVTec AD
#[derive(Args)]
#[command(after_help = "Example:\n  diadc data toy toy && diadc run tiny --dataset mvtec --data toy")]
pub(super) struct Toy {
    /// A directory that is not there yet, or empty
    dir: PathBuf,
}

impl Toy {
    pub(super) fn run(self) -> Result<(), Failure> {
        toy::write(&self.dir)?;
        terminal::result(&format!("the toy data set lies in {}\n", self.dir.display()));
        Ok(())
    }
}
