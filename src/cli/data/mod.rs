//! `diadc data`: checks data sets and makes one; one subcommand per file.

mod check;
mod text;
mod toy;

use clap::{Args, Subcommand};

use super::failure::Failure;

/// Checks data sets, and makes the toy data set
#[derive(Args)]
pub(super) struct Data {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Subcommand)]
enum DataCommand {
    Check(check::Check),
    Toy(toy::Toy),
}

impl Data {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.command {
            DataCommand::Check(command) => command.run(),
            DataCommand::Toy(command) => command.run(),
        }
    }
}
