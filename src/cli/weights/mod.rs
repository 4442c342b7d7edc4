//! `diadc weights`: inspects checkpoints, compares them with specs, and makes them.

mod check;
mod convert;
mod init;
mod inspect;

use clap::{Args, Subcommand};

use super::failure::Failure;

/// Inspects checkpoints, compares them with specs, and makes them
///
/// Reads safetensors and the files that PyTorch writes: zip archives, and the pickles from before version 1.6. A pickle
/// is never executed: it may name only what is on a fixed list, and is refused otherwise.
#[derive(Args)]
pub(super) struct Weights {
    #[command(subcommand)]
    command: WeightsCommand,
}

#[derive(Subcommand)]
enum WeightsCommand {
    Inspect(inspect::Inspect),
    Check(check::Check),
    Convert(convert::Convert),
    Init(init::Init),
}

impl Weights {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.command {
            WeightsCommand::Inspect(command) => command.run(),
            WeightsCommand::Check(command) => command.run(),
            WeightsCommand::Convert(command) => command.run(),
            WeightsCommand::Init(command) => command.run(),
        }
    }
}

/// Rows with their columns one below the other; those of numbers stand on the right.
fn aligned(rows: &[Vec<String>], is_number: impl Fn(usize) -> bool) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let space = " ".repeat(width(column) - cell.chars().count());
            line += if column > 0 { "  " } else { "" };
            line += &if is_number(column) { space + cell } else { format!("{cell}{space}") };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
