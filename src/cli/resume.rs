//! `diadc resume`: continues a run that was stopped.

use std::path::PathBuf;

use clap::Args;

use crate::experiment::Experiment;

use super::arguments::bytes;
use super::failure::Failure;
use super::finish::{check_images, check_memory, finish, start};
use super::terminal::Screen;

/// Continues a run that was stopped
#[derive(Args)]
#[command(after_help = "Example:\n  diadc resume runs/tiny-toy-seed1")]
pub(super) struct Resume {
    /// The directory of the run
    dir: PathBuf,

    /// The most memory that the run may take, as in 8GB; a run that needs more is refused
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,
}

impl Resume {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (experiment, directory) = Experiment::reopen(&self.dir)?;
        check_memory(&experiment, self.memory)?;
        check_images(&experiment.record.setup)?;
        let mut screen = Screen::new();
        let run = start(&experiment, &mut screen)?;
        finish(&experiment, run, &directory, &mut screen)
    }
}
