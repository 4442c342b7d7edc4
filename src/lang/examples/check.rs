//! Checks a spec with the language alone: no command line, no backend, nothing that runs a model.
//!
//! In: the path of a `.diad` file, or the name of a spec that comes with diadc. Out: what is wrong with it, beside its
//! source, and the exit status 1; or what the model has, with warnings.

use std::io::{self, Write};
use std::process::ExitCode;

use diadc_lang::compile::compile;
use diadc_lang::diagnostic::{Style, render};
use diadc_lang::resolve::Location;

fn main() -> io::Result<ExitCode> {
    let Some(spec) = std::env::args().nth(1) else {
        writeln!(io::stderr(), "usage: check SPEC")?;
        return Ok(ExitCode::from(2));
    };
    match compile(&Location::of(&spec), &[]) {
        Ok(compiled) => {
            write!(io::stderr(), "{}", render(&compiled.warnings, &compiled.sources, Style::Plain))?;
            let program = &compiled.program;
            let (weights, functions) = (program.weights.len(), program.functions.len());
            writeln!(io::stdout(), "model {}: {weights} weights, {functions} functions", program.name)?;
            // When the program ends, the system takes back at once what would be taken apart piece by piece.
            std::mem::forget(compiled);
            Ok(ExitCode::SUCCESS)
        }
        Err(failed) => {
            write!(io::stderr(), "{}", render(&failed.diagnostics, &failed.sources, Style::Plain))?;
            Ok(ExitCode::FAILURE)
        }
    }
}
