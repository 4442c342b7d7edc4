//! `diadc diff`: what differs between two specs, or between two settings of one spec.

use std::fmt::Display;

use clap::Args;

use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, count, grouped, signed, significant};
use crate::plan::{CallChange, Change, ChangeKind, Difference, difference};

use super::arguments::{Setting, SpecArguments, TextFormat, setting, spec, spec_help};
use super::failure::Failure;
use super::terminal;

/// Shows what changed between two specs: settings, parameters, structure, gradients, cost
///
/// With one spec, compares it with itself under the settings of `--set`. Structure is compared call by call, and a
/// change is listed under the function in which it lies. So are the gradients of objectives, as a step of training
/// computes them; what follows from a call that was added or removed is left out.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc diff specs/diad.diad --set fusion=off            what the fusion is worth
  diadc diff specs/diad.diad my.diad                     what I have changed
  diadc diff old.diad new.diad --set steps=5 --format json")]
pub(super) struct Diff {
    #[arg(help = spec_help(), value_parser = spec)]
    before: String,

    /// The spec to compare it with [default: the same]
    after: Option<String>,

    /// Sets a param of the second one, as in --set fusion=off or --set 'scales=[2, 3]'
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<Setting>,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "text")]
    format: TextFormat,
}

impl Diff {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.after.is_none() && self.settings.is_empty() {
            let text = "there is nothing to compare with; name a second spec, or say what to change with `--set`";
            return Err(Failure::Usage(text.to_owned()));
        }
        let before = SpecArguments { spec: self.before.clone(), settings: Vec::new() };
        let after = self.after.clone().unwrap_or_else(|| self.before.clone());
        let after = SpecArguments { spec: after, settings: self.settings.clone() };
        let [old, new] = [before.compile()?, after.compiled()?];
        // Most warnings are about both; those have been shown.
        let is_new = |warning: &&Diagnostic| {
            let words = warning.words(&new.sources);
            old.warnings.iter().all(|known| known.words(&old.sources) != words)
        };
        let warnings: Vec<Diagnostic> = new.warnings.iter().filter(is_new).cloned().collect();
        terminal::diagnostics(&warnings, &new.sources);
        let found = difference(&old.program, &new.program);
        terminal::result(&match self.format {
            TextFormat::Text => text(&names(&before, &after), &old, &found),
            TextFormat::Json => format!("{:#}\n", serde_json::json!(found)),
        });
        Ok(())
    }
}

fn names(before: &SpecArguments, after: &SpecArguments) -> String {
    let settings: Vec<String> = after.settings.iter().map(|(name, value)| format!(" --set {name}={value}")).collect();
    format!("{} -> {}{}\n", before.spec, after.spec, settings.concat())
}

fn text(names: &str, old: &Compiled, found: &Difference) -> String {
    let mut text = names.to_owned();
    if found.is_empty() {
        return text + "\nnothing changed\n";
    }
    let settings: Vec<String> =
        found.settings.iter().map(|change| line(change, ToString::to_string, String::new())).collect();
    text += &section("settings", &settings);
    let part = |change: &Change<u64>| {
        let block = old.program.part(&change.name).map(|part| format!(" ({})", part.block)).unwrap_or_default();
        let named = Change { name: format!("{}{block}", change.name), ..change.clone() };
        line(&named, |n| grouped(n), more_or_less(change))
    };
    text += &section("parameters", &found.parameters.iter().map(part).collect::<Vec<_>>());
    text += &section("trained parameters", &found.trained.iter().map(part).collect::<Vec<_>>());
    let weights: Vec<String> = found
        .weights
        .iter()
        .map(|change| {
            let size = match change.kind {
                ChangeKind::Changed => format!("{} -> {}", grouped(change.before), grouped(change.after)),
                ChangeKind::Added | ChangeKind::Removed => grouped(change.before.max(change.after)),
            };
            format!("{} {}: {}, {size} parameters", sign(change.kind), change.path, count(change.weights, "weight"))
        })
        .collect();
    text += &section("weights", &weights);
    text += &section("structure", &structure(&found.structure));
    text += &section("gradients", &structure(&found.gradients));
    text += &section("multiply-adds of one image, as it runs", &work(&found.multiply_adds));
    text + &section("multiply-adds of one image, in a step of training", &work(&found.training))
}

fn work(changes: &[Change<u64>]) -> Vec<String> {
    let giga = |n: &u64| format!("{} G", significant(*n as f64 / 1e9));
    changes
        .iter()
        .map(|change| {
            let share = match (change.before, change.after) {
                (Some(before), Some(after)) if before > 0 => {
                    format!("{} %", signed(100.0 * (after as f64 / before as f64 - 1.0)))
                }
                _ => String::new(),
            };
            line(change, giga, share)
        })
        .collect()
}

fn section(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("\n{title}\n{}", lines.concat())
}

fn line<T>(change: &Change<T>, shown: impl Fn(&T) -> String, remark: impl Display) -> String {
    let value = |value: &Option<T>| value.as_ref().map_or_else(|| "-".to_owned(), &shown);
    let (before, after) = (value(&change.before), value(&change.after));
    format!("{:<31} {before} -> {after}  {remark}", change.name).trim_end().to_owned()
}

/// Calls that changed, each listed under the function in which it lies.
fn structure(changes: &[CallChange]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut function = "";
    for change in changes {
        if change.function != function {
            function = &change.function;
            lines.push(function.to_owned());
        }
        if change.call.is_empty() && change.kind != ChangeKind::Changed {
            let last = lines.len() - 1;
            lines[last] = format!("{} {function}", sign(change.kind));
            continue;
        }
        let call = if change.call.is_empty() { "itself".to_owned() } else { change.call.join(" > ") };
        lines.push(format!("  {} {call}", sign(change.kind)));
        let operations = |list: &[(String, usize)], sign: &str| {
            let named = |(name, count): &(String, usize)| {
                if *count == 1 { format!("{sign} {name}") } else { format!("{sign} {count} x {name}") }
            };
            list.iter().map(named).collect::<Vec<_>>()
        };
        let own = [operations(&change.without, "-"), operations(&change.with, "+")].concat();
        lines.extend(own.into_iter().map(|line| format!("      {line}")));
    }
    lines
}

fn sign(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "+",
        ChangeKind::Removed => "-",
        ChangeKind::Changed => "~",
    }
}

/// `+1,234`
fn more_or_less(change: &Change<u64>) -> String {
    let (before, after) = (change.before.unwrap_or(0), change.after.unwrap_or(0));
    let sign = if after >= before { '+' } else { '-' };
    format!("({sign}{})", grouped(after.abs_diff(before)))
}
