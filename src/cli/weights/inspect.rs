//! `diadc weights inspect`: lists what is in a file of weights.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::diagnostic::{bytes, grouped, nearest};
use crate::weight::{File, Found};

use super::super::arguments::TableFormat;
use super::super::failure::Failure;
use super::super::terminal;
use super::aligned;

/// The number of lines that names are folded to.
const MOST_LINES: usize = 40;

/// Lists the names, shapes and types of the tensors in a file of weights
///
/// Only the headers are read. Names with the same beginning are folded into a line, unless --all is given.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc weights inspect v1-5-pruned.ckpt                          what is in it, in a screenful
  diadc weights inspect v1-5-pruned.ckpt --prefix model_ema --all every tensor below one name
  diadc weights inspect model.safetensors --format json")]
pub(super) struct Inspect {
    /// A file of weights: safetensors, or what PyTorch writes
    file: PathBuf,

    /// Lists only what lies in this dict, or what has names that begin with this and a dot
    #[arg(long, value_name = "NAME")]
    within: Option<String>,

    /// Lists only names that begin with this
    #[arg(long, value_name = "NAME")]
    prefix: Option<String>,

    /// Prints a line for each tensor
    #[arg(long)]
    all: bool,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

impl Inspect {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut file = File::open(&self.file)?;
        if let Some(name) = &self.within {
            file.look_within(name)?;
        }
        let mut found = file.found();
        if let Some(prefix) = &self.prefix {
            let names: BTreeSet<String> = found.iter().flat_map(|tensor| beginnings(&tensor.name)).collect();
            found.retain(|tensor| tensor.name.starts_with(prefix.as_str()));
            if found.is_empty() {
                let help = match nearest(prefix, names.iter().map(String::as_str)) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "see what there is without --prefix".to_owned(),
                };
                return Err(Failure::Usage(format!("no tensor has a name that begins with `{prefix}`; {help}")));
            }
        }
        terminal::result(&match self.format {
            TableFormat::Json => json_text(&file, &found),
            TableFormat::Table => self.text(&file, &found),
        });
        Ok(())
    }

    fn text(&self, file: &File, found: &[Found]) -> String {
        let mut text = format!(
            "{}: {}, {}, {} tensors with {} numbers\n",
            file.path().display(),
            file.format(),
            bytes(file.length()),
            grouped(found.len()),
            grouped(found.iter().map(elements).sum::<usize>()),
        );
        text += &types(found);
        if !file.within().is_empty() {
            text += &format!("names within `{}`\n", file.within());
        }
        text.push('\n');
        let rows = if self.all { found.iter().map(row).collect() } else { folded(found) };
        text += &aligned(&rows, |column| column == 1 || column == 2);
        if !file.notes().is_empty() {
            text += "\nnotes\n";
            let rows: Vec<_> =
                file.notes().iter().map(|(key, value)| vec![format!("  {key}"), value.clone()]).collect();
            text += &aligned(&rows, |_| false);
        }
        let extras = file.extras();
        if !extras.is_empty() {
            text += "\nbeside the weights\n";
            let rows: Vec<_> = extras
                .iter()
                .map(|extra| {
                    let tensors =
                        if extra.tensors > 0 { format!("{} tensors", grouped(extra.tensors)) } else { String::new() };
                    vec![format!("  {}", extra.name), extra.what.clone(), tensors]
                })
                .collect();
            text += &aligned(&rows, |_| false);
        }
        text
    }
}

fn elements(tensor: &Found) -> usize {
    tensor.shape.iter().product()
}

/// How many tensors there are of each type.
fn types(found: &[Found]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for tensor in found {
        *counts.entry(tensor.stored.to_string()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{} {name}", grouped(*count))).collect();
    counts.join(", ") + "\n"
}

fn row(tensor: &Found) -> Vec<String> {
    let shape = format!("{:?}", tensor.shape);
    vec![tensor.name.clone(), String::new(), grouped(elements(tensor)), tensor.stored.to_string(), shape]
}

/// All beginnings of a name that end before a dot, and the name itself.
fn beginnings(name: &str) -> Vec<String> {
    let dots = name.match_indices('.').map(|(at, _)| name[..at].to_owned());
    dots.chain(std::iter::once(name.to_owned())).collect()
}

/// The first words of a name, with a star for the words after them.
fn beginning(name: &str, words: usize) -> String {
    match name.match_indices('.').nth(words - 1) {
        Some((at, _)) => format!("{}.*", &name[..at]),
        None => name.to_owned(),
    }
}

/// A line for each beginning of as many words as fit on a screen.
fn folded(found: &[Found]) -> Vec<Vec<String>> {
    let lines = |words: usize| found.iter().map(|tensor| beginning(&tensor.name, words)).collect::<BTreeSet<_>>().len();
    let deepest = found.iter().map(|tensor| tensor.name.matches('.').count() + 1).max().unwrap_or(1);
    let words = (1..=deepest).rev().find(|&words| lines(words) <= MOST_LINES).unwrap_or(1);
    let mut groups: BTreeMap<String, Vec<&Found>> = BTreeMap::new();
    for tensor in found {
        groups.entry(beginning(&tensor.name, words)).or_default().push(tensor);
    }
    let row = |(name, group): (&String, &Vec<&Found>)| match group.as_slice() {
        [tensor] => row(tensor),
        group => {
            let numbers: usize = group.iter().map(|tensor| elements(tensor)).sum();
            let count = format!("{} tensors", grouped(group.len()));
            vec![name.clone(), count, grouped(numbers), String::new(), String::new()]
        }
    };
    groups.iter().map(row).collect()
}

fn json_text(file: &File, found: &[Found]) -> String {
    let tensors: Vec<_> = found
        .iter()
        .map(|tensor| json!({ "name": tensor.name, "shape": tensor.shape, "dtype": tensor.stored.to_string() }))
        .collect();
    let extras: Vec<_> = file
        .extras()
        .iter()
        .map(|extra| json!({ "name": extra.name, "what": extra.what, "tensors": extra.tensors }))
        .collect();
    let all = json!({
        "file": file.path().display().to_string(),
        "format": file.format().to_string(),
        "bytes": file.length(),
        "notes": file.notes(),
        "within": file.within(),
        "beside": extras,
        "tensors": tensors,
    });
    format!("{all:#}\n")
}
