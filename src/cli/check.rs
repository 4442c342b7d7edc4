//! `diadc check`: what is wrong with a spec.

use clap::Args;

use crate::diagnostic::count;
pub(super) use crate::diagnostic::grouped;

use super::arguments::SpecArguments;
use super::failure::Failure;
use super::terminal;
use super::watch::watch;

/// Checks a spec without running it
///
/// Syntax, names, shapes, weights and settings: a spec that passes can't fail on any of them later. What would run
/// but can't be meant, such as weights that never move, is warned of.
#[derive(Args)]
#[command(after_help = "Examples:\n  diadc check my.diad\n  diadc check my.diad --set size=128
  diadc check my.diad --watch                 again after each change
  diadc check my.diad --strict                a warning is a failure, for scripts")]
pub(super) struct Check {
    #[command(flatten)]
    spec: SpecArguments,

    /// Ends with status 1 if there is a warning
    #[arg(long)]
    strict: bool,

    /// Checks again whenever a file changes that takes part, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.watch { watch(&self.spec.location(), || self.once()) } else { self.once() }
    }

    fn once(&self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let program = &compiled.program;
        let total = |trained: &dyn Fn(usize) -> bool| -> usize {
            let weights = program.weights.iter().enumerate().filter(|(i, _)| trained(*i));
            weights.map(|(_, weight)| weight.shape.iter().product::<usize>()).sum()
        };
        let mut text = format!("{} is fine: model {}\n", self.spec.location().name(), program.name);
        text += &format!("  {} weights, {} parameters\n", program.weights.len(), grouped(total(&|_| true)));
        for objective in &program.objectives {
            let trained = total(&|i| objective.trains.iter().any(|id| id.0 as usize == i));
            text += &format!("  objective {} trains {}\n", objective.name, grouped(trained));
        }
        let functions: Vec<String> = program
            .functions
            .iter()
            .map(|function| format!("{} ({} nodes)", function.name, function.graph.len()))
            .collect();
        text += &format!("  functions: {}\n", functions.join(", "));
        terminal::result(&text);
        match compiled.warnings.len() {
            n if self.strict && n > 0 => {
                Err(Failure::Findings(format!("{}, which --strict takes for a failure", count(n, "warning"))))
            }
            _ => Ok(()),
        }
    }
}
