//! The program: one subcommand per file, one line of dispatch each.
//!
//! Results go to stdout, progress and words to stderr. Exit status: 0 done, 1 the spec or the run failed, 2 wrong
//! usage, 3 an image is anomalous, where that was asked.

mod arguments;
mod bench;
mod call;
mod check;
mod compare;
mod completions;
mod cost;
mod data;
mod diff;
mod eval;
mod expected;
mod explain;
mod failure;
mod finish;
mod fmt;
mod graph;
mod lsp;
mod metrics;
mod new;
mod params;
mod predict;
mod resume;
mod run;
mod runs;
mod sweep;
mod terminal;
mod threshold;
mod usage;
mod watch;
mod weights;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use crate::allocator::take_single_pages;

/// Compiles and runs descriptions of anomaly-detection systems.
///
/// A .diad file describes a model, how it is trained and how it scores images. diadc checks it, trains it,
/// evaluates it and reports.
#[derive(Parser)]
#[command(name = "diadc", version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  diadc run                                            the small spec that comes with diadc, on the toy data set
  diadc run specs/diad.diad --dataset visa --data DIR  train, evaluate and report
  diadc sweep my.diad --over width=16,32 --seeds 1..=3 variants side by side, mean and spread
  diadc compare runs/a runs/b                          what differs between runs, and how they do
  diadc new mine                                       writes mine.diad, a small spec with comments
  diadc check my.diad                                  what is wrong with a spec, without running it
  diadc explain shape-mismatch                         what a mistake means, with examples
  diadc fmt my.diad                                    its layout
  diadc graph my.diad --set fusion=off                 what it computes
  diadc params my.diad                                 what --set can set, with ranges
  diadc bench my.diad                                  images and steps a second
  diadc data toy DIR                                   write the toy data set as image files
  diadc weights check my.diad FILE                     whether a checkpoint fits a spec";

#[derive(Subcommand)]
enum Command {
    Run(run::Run),
    Train(run::Train),
    Eval(eval::Eval),
    Predict(predict::Predict),
    Resume(resume::Resume),
    Threshold(threshold::ThresholdCommand),
    Sweep(Box<sweep::Sweep>),
    Compare(compare::Compare),
    Runs(runs::Runs),
    New(new::New),
    Check(check::Check),
    Explain(explain::Explain),
    Fmt(fmt::Fmt),
    Lsp(lsp::Lsp),
    Graph(graph::Graph),
    Cost(cost::Cost),
    Params(params::Params),
    Diff(diff::Diff),
    Call(call::Call),
    Bench(bench::Bench),
    Data(data::Data),
    Weights(weights::Weights),
    Metrics(Box<metrics::Metrics>),
    Completions(completions::Completions),
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Arguments = usage::parse();
    let started = Instant::now();
    let takes_long = match &arguments.command {
        Command::Run(_) | Command::Train(_) | Command::Eval(_) | Command::Predict(_) | Command::Resume(_) => true,
        Command::Call(_) | Command::Bench(_) | Command::Sweep(_) | Command::Threshold(_) => true,
        Command::New(_)
        | Command::Check(_)
        | Command::Explain(_)
        | Command::Fmt(_)
        | Command::Lsp(_)
        | Command::Graph(_)
        | Command::Cost(_)
        | Command::Params(_)
        | Command::Compare(_)
        | Command::Runs(_)
        | Command::Diff(_)
        | Command::Data(_)
        | Command::Weights(_)
        | Command::Metrics(_)
        | Command::Completions(_) => false,
    };
    if takes_long {
        take_single_pages();
    }
    let result = match arguments.command {
        Command::Run(command) => command.run(),
        Command::Train(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::Predict(command) => command.run(),
        Command::Resume(command) => command.run(),
        Command::Threshold(command) => command.run(),
        Command::Sweep(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Runs(command) => command.run(),
        Command::New(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Fmt(command) => command.run(),
        Command::Lsp(command) => command.run(),
        Command::Graph(command) => command.run(),
        Command::Cost(command) => command.run(),
        Command::Params(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Call(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Data(command) => command.run(),
        Command::Weights(command) => command.run(),
        Command::Metrics(command) => command.run(),
        Command::Completions(command) => {
            command.run();
            Ok(())
        }
    };
    if takes_long && result.is_ok() {
        terminal::effort(started.elapsed());
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::failure(&failure);
            ExitCode::from(failure.status())
        }
    }
}
