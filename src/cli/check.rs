//! `diadc check`: what is wrong with a spec.

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::check::condition::{Condition, conditions};
use crate::compile::{Compiled, Failed};
use crate::diagnostic::{Code, Diagnostic, Format, Severity, count, github, grouped, in_order, json, one_of, sarif};
use crate::resolve::spec::Spec;
use crate::source::SourceMap;

use super::arguments::SpecArguments;
use super::failure::Failure;
use super::terminal;
use super::watch::watch;

/// Checks a spec without running it
///
/// Checks syntax, names, shapes, weights and settings: a spec that passes can't fail on any of them later. Warns of
/// what would run but is probably a mistake, such as weights that never change. `diadc explain CODE` says what a mistake
/// means.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Check {
    #[command(flatten)]
    spec: SpecArguments,

    /// Format of what is printed: text, json, sarif (2.1.0), github (annotations of a workflow)
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format)]
    format: Format,

    /// Also shows which values the whole-numbered params of the model can have
    #[arg(long)]
    conditions: bool,

    /// Ends with status 1 if there is a warning
    #[arg(long)]
    strict: bool,

    /// Checks again whenever the spec or a file that it uses changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

const EXAMPLES: &str = "Examples:
  diadc check my.diad
  diadc check my.diad --set size=128
  diadc check my.diad --watch                 again after each change
  diadc check my.diad --strict                a warning is a failure, for scripts
  diadc check my.diad --conditions
  diadc check my.diad --format json
  diadc check my.diad --format sarif > diadc.sarif";

fn format(text: &str) -> Result<Format, String> {
    Format::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| {
        let help = one_of(text, Format::ALL.map(Format::name)).unwrap_or_default();
        format!("there is no format `{text}`; {help}")
    })
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.watch {
            return watch(&self.spec.location(), || self.once(drop));
        }
        // When the program ends, the system takes back at once what would be taken apart piece by piece.
        self.once(std::mem::forget)
    }

    /// Checks the spec, prints what is wrong, and calls `done` with the program if there is no error.
    fn once(&self, done: fn(Compiled)) -> Result<(), Failure> {
        if self.format == Format::Text {
            let compiled = match self.spec.compiled() {
                Ok(compiled) => compiled,
                Err(failed) => return self.library(*failed),
            };
            terminal::diagnostics(&compiled.warnings, &compiled.sources);
            terminal::result(&text(&self.spec.location().name(), &self.summary(&compiled)));
            let outcome = self.outcome(&compiled.warnings);
            done(compiled);
            return outcome;
        }
        match self.spec.compiled() {
            Ok(compiled) => {
                self.print(&compiled.warnings, &compiled.sources, Some(&json!(self.summary(&compiled))));
                let outcome = self.outcome(&compiled.warnings);
                done(compiled);
                outcome
            }
            Err(failed) => match failed.library().map(LibrarySummary::of) {
                Some(summary) => {
                    self.print(&failed.warnings, &failed.sources, Some(&json!(summary)));
                    self.outcome(&failed.warnings)
                }
                None => {
                    let found = in_order([mistakes(failed.diagnostics), failed.warnings].concat());
                    self.print(&found, &failed.sources, None);
                    Err(Failure::Printed)
                }
            },
        }
    }

    /// A file without a model, whose blocks and functions others use: it is fine if nothing else is wrong with it.
    fn library(&self, failed: Failed) -> Result<(), Failure> {
        let Some(summary) = failed.library().map(LibrarySummary::of) else {
            return Err(Failure::Spec(Box::new(Failed { diagnostics: mistakes(failed.diagnostics), ..failed })));
        };
        terminal::diagnostics(&failed.warnings, &failed.sources);
        let words = summary.words();
        terminal::result(&format!("{} is fine: {words}, and no model\n", self.spec.location().name()));
        terminal::result("  names and syntax are checked; shapes are checked where a model uses them\n");
        self.outcome(&failed.warnings)
    }

    /// Whether warnings are a failure.
    fn outcome(&self, warnings: &[Diagnostic]) -> Result<(), Failure> {
        match warnings.len() {
            n if self.strict && n > 0 => {
                Err(Failure::Findings(format!("{}, which --strict counts as a failure", count(n, "warning"))))
            }
            _ => Ok(()),
        }
    }

    fn summary(&self, compiled: &Compiled) -> Summary {
        let conditions = self.conditions.then(|| conditions(&compiled.spec));
        let words = |condition: &Condition| condition.words(&compiled.sources);
        Summary { conditions: conditions.map(|found| found.iter().map(words).collect()), ..Summary::of(compiled) }
    }

    /// Prints all diagnostics for a program to read.
    fn print(&self, diagnostics: &[Diagnostic], sources: &SourceMap, summary: Option<&serde_json::Value>) {
        let of = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.code.severity() == severity).count();
        let document = match self.format {
            Format::Github => return terminal::result(&github(diagnostics, sources)),
            Format::Sarif => sarif(diagnostics, sources),
            Format::Text | Format::Json => json!({
                "version": 1,
                "spec": self.spec.location().name(),
                "ok": summary.is_some(),
                "errors": of(Severity::Error),
                "warnings": of(Severity::Warning),
                "diagnostics": json(diagnostics, sources),
                "summary": summary,
            }),
        };
        terminal::result(&format!("{document:#}\n"));
    }
}

/// What is wrong; that a file has no model is not, where something else is.
fn mistakes(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let has_others = found.iter().any(|mistake| mistake.code != Code::NoModel);
    found.into_iter().filter(|mistake| !has_others || mistake.code != Code::NoModel).collect()
}

/// What is shown of a file without a model.
#[derive(Serialize)]
struct LibrarySummary<'a> {
    model: Option<&'a str>,
    defines: Vec<Defined<'a>>,
}

/// Something that a file defines for others.
#[derive(Serialize)]
struct Defined<'a> {
    name: &'a str,
    kind: &'static str,
}

impl<'a> LibrarySummary<'a> {
    fn of(spec: &'a Spec) -> LibrarySummary<'a> {
        LibrarySummary { model: None, defines: spec.defined().map(|(kind, name)| Defined { name, kind }).collect() }
    }

    /// `2 blocks, 1 function`
    fn words(&self) -> String {
        let of = |kind: &str| self.defines.iter().filter(|defined| defined.kind == kind).count();
        let counts = ["block", "function", "value", "enum"].map(|kind| (kind, of(kind)));
        let some = counts.iter().filter(|(_, n)| *n > 0).map(|(kind, n)| count(*n, kind));
        some.collect::<Vec<_>>().join(", ")
    }
}

/// What is shown of a spec without errors.
#[derive(Serialize)]
struct Summary {
    model: String,
    weights: usize,
    parameters: usize,
    objectives: Vec<ObjectiveSummary>,
    functions: Vec<FunctionSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<Vec<String>>,
}

#[derive(Serialize)]
struct ObjectiveSummary {
    name: String,
    trained_parameters: usize,
}

#[derive(Serialize)]
struct FunctionSummary {
    name: String,
    nodes: usize,
}

impl Summary {
    fn of(compiled: &Compiled) -> Summary {
        let program = &compiled.program;
        let elements = |i: usize| program.weights[i].shape.iter().product::<usize>();
        let objectives = program.objectives.iter().map(|objective| ObjectiveSummary {
            name: objective.name.clone(),
            trained_parameters: objective.trains.iter().map(|id| elements(id.0 as usize)).sum(),
        });
        let functions = program
            .functions
            .iter()
            .map(|function| FunctionSummary { name: function.name.clone(), nodes: function.graph.len() });
        Summary {
            model: program.name.clone(),
            weights: program.weights.len(),
            parameters: (0..program.weights.len()).map(elements).sum(),
            objectives: objectives.collect(),
            functions: functions.collect(),
            conditions: None,
        }
    }
}

fn text(spec: &str, summary: &Summary) -> String {
    let mut text = format!("{spec} is fine: model {}\n", summary.model);
    text += &format!("  {}, {} parameters\n", count(summary.weights, "weight"), grouped(summary.parameters));
    for objective in &summary.objectives {
        text += &format!("  objective {} trains {}\n", objective.name, grouped(objective.trained_parameters));
    }
    let functions: Vec<String> =
        summary.functions.iter().map(|own| format!("{} ({})", own.name, count(own.nodes, "node"))).collect();
    text += &format!("  functions: {}\n", functions.join(", "));
    text + &summary.conditions.iter().flatten().map(|words| format!("  {words}\n")).collect::<String>()
}
