//! `diadc graph`: what a spec computes.

use clap::{Args, ValueEnum};

use crate::graph::{Detail, dot, text};
use crate::optimize::optimize;

use super::arguments::SpecArguments;
use super::failure::Failure;
use super::terminal;

/// Shows what the functions of a spec compute
#[derive(Args)]
#[command(after_help = "Examples:
  diadc graph my.diad                             every function, every operation
  diadc graph my.diad -f score --depth 1          one function, its blocks folded
  diadc graph my.diad -f score --format dot | dot -Tsvg > score.svg")]
pub(super) struct Graph {
    #[command(flatten)]
    spec: SpecArguments,

    /// Only this function: score, denoise, an objective
    #[arg(long, short, value_name = "NAME")]
    function: Option<String>,

    /// Folds calls of blocks below this depth
    #[arg(long)]
    depth: Option<usize>,

    /// After the optimiser, as it runs
    #[arg(long)]
    optimized: bool,

    /// Format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Dot,
}

impl Graph {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let program = &compiled.program;
        let names = || program.functions.iter().map(|function| function.name.as_str());
        if let Some(name) = &self.function
            && program.function(name).is_none()
        {
            let help = crate::diagnostic::one_of(name, names()).unwrap_or_default();
            return Err(Failure::Usage(format!("`{}` has no function `{name}`; {help}", program.name)));
        }
        let detail = self.depth.map_or(Detail::All, Detail::Depth);
        for function in &program.functions {
            if self.function.as_ref().is_some_and(|name| *name != function.name) {
                continue;
            }
            let function = if self.optimized { optimize(function) } else { function.clone() };
            terminal::result(&match self.format {
                Format::Text => text(program, &function, detail) + "\n",
                Format::Dot => dot(program, &function, self.depth.unwrap_or(2)),
            });
        }
        Ok(())
    }
}
