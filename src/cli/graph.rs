//! `diadc graph`: what a spec computes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::compile::Compiled;
use crate::experiment::ExperimentError;
use crate::file;
use crate::graph::program::{Function, Phase, with_gradients};
use crate::graph::{Detail, dot, html, json, svg, text};
use crate::optimize::optimize;

use super::arguments::SpecArguments;
use super::failure::Failure;
use super::terminal;
use super::watch::watch;

/// Levels of boxes that a drawing opens without `--depth`.
const DRAWN: usize = 1;
const DOTTED: usize = 2;

/// Shows what the functions of a spec compute
///
/// As text, as a page in which blocks open when they are clicked, or as a drawing. The ending of the file says which:
/// .html, .svg, .dot, .json, .txt.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc graph my.diad                                  every function, every operation
  diadc graph my.diad -f score --depth 1               one function, its blocks folded
  diadc graph my.diad -o graph.html                    a page to open in a browser
  diadc graph my.diad -f score --depth 2 -o score.svg  a drawing
  diadc graph my.diad -o graph.html --watch            again after each change
  diadc graph my.diad --gradients                      what a step of training computes
  diadc graph my.diad -f score --format dot | dot -Tsvg > score.svg")]
pub(super) struct Graph {
    #[command(flatten)]
    spec: SpecArguments,

    /// Shows only this function: score, denoise, an objective
    #[arg(long, short, value_name = "NAME")]
    function: Option<String>,

    /// Folds calls of blocks below this depth; not for HTML pages, in which blocks open and fold by a click
    #[arg(long)]
    depth: Option<usize>,

    /// Shows the graph that runs, after optimisation
    #[arg(long)]
    optimized: bool,

    /// Shows how objectives are trained: gradients of their weights and the steps of these, after optimisation
    #[arg(long)]
    gradients: bool,

    /// Format [default: by the ending of the file, or text]
    #[arg(long, value_enum)]
    format: Option<GraphFormat>,

    /// Writes the graph into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Shows the graph again whenever the spec or a file that it uses changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Text,
    Html,
    Svg,
    Dot,
    Json,
}

impl Graph {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.watch { watch(&self.spec.location(), || self.once()) } else { self.once() }
    }

    fn once(&self) -> Result<(), Failure> {
        let format = self.format()?;
        if let (Some(_), GraphFormat::Html | GraphFormat::Json) = (self.depth, format) {
            return Err(Failure::Usage(
                "`--depth` is for text, svg and dot; a page opens and folds blocks itself".to_owned(),
            ));
        }
        let compiled = self.spec.compile()?;
        let functions = self.functions(&compiled)?;
        let shown = self.shown(&compiled, &functions, format)?;
        match &self.output {
            None => terminal::result(&shown),
            Some(path) => {
                let write = |source| ExperimentError::Write { path: path.clone(), source };
                file::write(path, shown.as_bytes()).map_err(write)?;
                terminal::note(&format!("wrote {}", path.display()));
            }
        }
        Ok(())
    }

    fn format(&self) -> Result<GraphFormat, Failure> {
        let ending = self.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
        Ok(match (self.format, ending) {
            (Some(format), _) => format,
            (None, None) if self.output.is_none() => GraphFormat::Text,
            (None, Some("html" | "htm")) => GraphFormat::Html,
            (None, Some("svg")) => GraphFormat::Svg,
            (None, Some("dot" | "gv")) => GraphFormat::Dot,
            (None, Some("json")) => GraphFormat::Json,
            (None, Some("txt")) => GraphFormat::Text,
            (None, _) => {
                let text =
                    "the file's ending says no format; end it in .html, .svg, .dot, .json or .txt, or add `--format`";
                return Err(Failure::Usage(text.to_owned()));
            }
        })
    }

    /// The functions to show, optimised with `--optimized`.
    fn functions(&self, compiled: &Compiled) -> Result<Vec<Function>, Failure> {
        let program = &compiled.program;
        if let Some(name) = &self.function
            && program.function(name).is_none()
        {
            let names = program.functions.iter().map(|function| function.name.as_str());
            let help = crate::diagnostic::one_of(name, names).unwrap_or_default();
            return Err(Failure::Usage(format!("`{}` has no function `{name}`; {help}", program.name)));
        }
        let wanted = program.functions.iter().filter(|own| self.function.as_ref().is_none_or(|name| *name == own.name));
        if self.gradients {
            let objective = |name: &str| program.objectives.iter().find(|objective| objective.name == name);
            let trained = wanted.filter_map(|own| {
                let trained = &objective(&own.name)?.trains;
                let phase = program.phases().find(|phase| phase.objectives.contains(&own.name));
                // A step by the gradients of one pass: several would take two graphs.
                let phase = phase.map(|phase| Phase { accumulate: 1, ..phase.clone() });
                Some(match phase {
                    Some(phase) => program.stepped(&phase, own, trained).0,
                    None => with_gradients(own, trained),
                })
            });
            let trained: Vec<Function> = trained.collect();
            if trained.is_empty() {
                let which = self.function.as_ref().map_or_else(|| program.name.clone(), Clone::clone);
                return Err(Failure::Usage(format!("`{which}` has no objective, so it has no gradients")));
            }
            return Ok(trained);
        }
        Ok(wanted.map(|function| if self.optimized { optimize(function) } else { function.clone() }).collect())
    }

    fn shown(&self, compiled: &Compiled, functions: &[Function], format: GraphFormat) -> Result<String, Failure> {
        let (program, sources) = (&compiled.program, &compiled.sources);
        let detail = self.depth.map_or(Detail::All, Detail::Depth);
        Ok(match format {
            GraphFormat::Text => functions.iter().map(|function| text(program, function, detail) + "\n").collect(),
            GraphFormat::Dot => {
                functions.iter().map(|function| dot(program, function, self.depth.unwrap_or(DOTTED))).collect()
            }
            GraphFormat::Html => html(program, functions, sources),
            GraphFormat::Json => format!("{:#}\n", json(program, functions, sources)),
            GraphFormat::Svg => match functions {
                [function] => svg(program, function, sources, self.depth.unwrap_or(DRAWN)),
                _ => {
                    let names: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
                    let text = format!("a drawing is of one function; add `-f` and one of {}", names.join(", "));
                    return Err(Failure::Usage(text));
                }
            },
        })
    }
}
