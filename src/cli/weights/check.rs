//! `diadc weights check`: whether a file of weights fits a spec.

use std::path::PathBuf;

use clap::Args;
use indexmap::IndexMap;
use serde_json::json;

use crate::diagnostic::grouped;
use crate::graph::program::{Part, Program};
use crate::weight::{Comparison, File, Lacking, Substitute, Table, Wanted, WeightError, compare_file, fitting, part};

use super::super::arguments::{Setting, TableFormat, setting, spec, spec_help};
use super::super::failure::Failure;
use super::super::terminal;
use crate::compile::compile;
use crate::resolve::Location;

/// The number of lines of each kind that are shown without --all.
const MOST_SHOWN: usize = 5;

/// Compares a file of weights with a spec
///
/// Only the headers are read. Ends with status 1 unless every weight is there with its shape, or belongs to a part that
/// may start fresh: a `fresh part` of the spec, or one named with --fresh. Where names differ, the rename table that
/// fits best is used.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc weights check my.diad my.ckpt
  diadc weights check specs/diad.diad v1-5-pruned.ckpt --fresh psi       the extractor comes from elsewhere
  diadc weights check specs/diad.diad vae/diffusion_pytorch_model.safetensors --part ae
  diadc weights check my.diad my.ckpt --within teacher                   one of several networks in the file
  diadc weights check my.diad my.ckpt --set width=64 --format json")]
pub(super) struct Check {
    #[arg(help = spec_help(), value_parser = spec)]
    spec: String,

    /// A file of weights: safetensors, or what PyTorch writes
    file: PathBuf,

    /// Sets a param of the model, as in --set fusion=off
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<Setting>,

    /// A part whose weights may be missing
    #[arg(long, value_name = "PART")]
    fresh: Vec<String>,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME")]
    within: Option<String>,

    /// Compares only the weights of this part
    #[arg(long, value_name = "PART")]
    part: Option<String>,

    /// The rename table to use [default: the one that fits best]
    #[arg(long, value_name = "NAME")]
    layout: Option<String>,

    /// Lists all weights of each kind
    #[arg(long)]
    all: bool,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = compile(&Location::of(&self.spec), &self.settings)?;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        let program = &compiled.program;
        let mut fresh: Vec<&Part> = program.parts.iter().filter(|part| part.is_fresh).collect();
        for name in &self.fresh {
            fresh.push(part(program, name)?);
        }
        let wanted = Wanted {
            part: self.part.as_deref().map(|name| part(program, name)).transpose()?,
            within: self.within.as_deref(),
            table: self.layout.as_deref().map(Table::find).transpose().map_err(WeightError::from)?,
        };
        let mut file = File::open(&self.file)?;
        let mut comparison = compare_file(program, &mut file, wanted, Lacking::AtStart(&fresh))?;
        if !comparison.fits() && wanted.part.is_none() {
            let is_fit = |other: &Program| {
                let is_fresh = |part: &&Part| fresh.iter().any(|own| own.name == part.name);
                let fresh: Vec<&Part> = other.parts.iter().filter(is_fresh).collect();
                let wanted = Wanted { part: None, ..wanted };
                let file = File::open(&self.file);
                let compared =
                    file.and_then(|mut file| compare_file(other, &mut file, wanted, Lacking::AtStart(&fresh)));
                compared.is_ok_and(|comparison| comparison.fits())
            };
            comparison.setting = fitting(&compiled.spec, &comparison, is_fit).or(comparison.setting);
        }
        let listing = Listing::new(program, &comparison);
        terminal::result(&match self.format {
            TableFormat::Json => listing.json(&comparison),
            TableFormat::Table => {
                let most = if self.all { usize::MAX } else { MOST_SHOWN };
                let path = self.file.display();
                format!("{path} for {}: names {}\n", program.name, comparison.naming) + &listing.text(most)
            }
        });
        if comparison.fits() {
            return Ok(());
        }
        Err(WeightError::Misfit { path: self.file, model: program.name.clone() }.into())
    }
}

/// The result of a comparison, kind by kind.
struct Listing {
    kinds: Vec<Kind>,
    /// What may be done about all of it.
    hints: Vec<String>,
}

struct Kind {
    name: &'static str,
    count: usize,
    lines: Vec<String>,
    /// What can be done about it.
    remedy: Option<String>,
}

impl Listing {
    fn new(program: &Program, comparison: &Comparison) -> Listing {
        let kind = |name, lines: Vec<String>| Kind { name, count: lines.len(), lines, remedy: None };
        let (same, renamed): (Vec<_>, Vec<_>) =
            comparison.matched.iter().partition(|matched| matched.path == matched.name);
        let renamed = renamed.iter().map(|matched| {
            let reshaped = if matched.reshape.is_some() { ", in another shape" } else { "" };
            format!("{}  from {}{reshaped}", matched.path, matched.name)
        });
        let fresh = comparison.fresh.iter().map(|(weight, substitute)| match substitute {
            Substitute::FirstValue => format!("{}  first value", weight.path),
            Substitute::CopyOf(original) => format!("{}  copy of {original}", weight.path),
            Substitute::Fit => format!("{}  computed by a fit", weight.path),
        });
        let missing = comparison.missing.iter().map(|(weight, near)| {
            let near = near.as_ref().map(|name| format!("  the file has {name}")).unwrap_or_default();
            format!("{} {:?}{near}", weight.path, weight.shape)
        });
        let unexpected = comparison.unexpected.iter().map(|tensor| format!("{} {:?}", tensor.name, tensor.shape));
        let shapes = comparison
            .wrong_shape
            .iter()
            .map(|wrong| format!("{} {:?}, the file has {:?}", wrong.path, wrong.expected, wrong.found));
        let types = comparison.wrong_type.iter().map(|tensor| format!("{} is {}", tensor.name, tensor.stored.told()));
        // A line for each reason: there may be hundreds of the same.
        let mut reasons: IndexMap<&str, Vec<&str>> = IndexMap::new();
        for (tensor, why) in &comparison.set_aside {
            reasons.entry(why).or_default().push(&tensor.name);
        }
        let aside = reasons.iter().map(|(why, names)| match names.as_slice() {
            [name] => format!("{name}  {why}"),
            [first, others @ ..] => format!("{first} and {} more  {why}", grouped(others.len())),
            [] => unreachable!("a reason is there for a tensor"),
        });
        let extras: Vec<String> =
            comparison.extras.iter().map(|extra| format!("{}: {}", extra.name, extra.what)).collect();
        let elsewhere = comparison.elsewhere.iter().map(|tensor| tensor.name.clone());
        let kinds = vec![
            kind("matched", same.iter().map(|matched| matched.path.clone()).collect()),
            kind("renamed", renamed.collect()),
            kind("starting fresh", fresh.collect()),
            kind("of other parts", elsewhere.collect()),
            Kind {
                count: comparison.set_aside.len() + extras.len(),
                ..kind("set aside", aside.chain(extras.iter().cloned()).collect())
            },
            Kind { remedy: remedy(program, comparison), ..kind("missing", missing.collect()) },
            kind("not in the spec", unexpected.collect()),
            kind("of another shape", shapes.collect()),
            kind("not floating point", types.collect()),
        ];
        Listing { kinds, hints: comparison.hints() }
    }

    /// A line with the count of each kind, and under it the first few.
    fn text(&self, most: usize) -> String {
        let mut text = String::new();
        for kind in &self.kinds {
            text += &format!("{:>7} {}\n", grouped(kind.count), kind.name);
            // Weights that match need no attention and are listed only with `--all`.
            let most = if kind.name == "matched" && most != usize::MAX { 0 } else { most };
            for line in kind.lines.iter().take(most) {
                text += &format!("          {line}\n");
            }
            if most > 0 && kind.lines.len() > most {
                text += &format!("          .. and {} more\n", grouped(kind.lines.len() - most));
            }
            text += &kind.remedy.as_ref().map(|remedy| format!("          {remedy}\n")).unwrap_or_default();
        }
        text + &self.hints.iter().map(|hint| format!("  {hint}\n")).collect::<String>()
    }

    fn json(&self, comparison: &Comparison) -> String {
        let kinds: serde_json::Map<String, serde_json::Value> =
            self.kinds.iter().map(|kind| (kind.name.replace(' ', "_"), json!(kind.lines))).collect();
        format!("{:#}\n", json!({ "fits": comparison.fits(), "names": comparison.naming, "weights": kinds }))
    }
}

/// What can be done about parts that are missing as a whole.
fn remedy(program: &Program, comparison: &Comparison) -> Option<String> {
    let whole = program.own_parts().filter(|part| {
        let of_part = |path: &String| program.owner(path) == Some(*part);
        let missing = comparison.missing.iter().filter(|(weight, _)| of_part(&weight.path)).count();
        missing > 0 && missing == program.weights.iter().filter(|weight| of_part(&weight.path)).count()
    });
    let names: Vec<&str> = whole.map(|part| part.name.as_str()).collect();
    let flags: Vec<String> = names.iter().map(|name| format!("--fresh {name}")).collect();
    (!names.is_empty())
        .then(|| format!("that is all of {}; add {} if it may start fresh", names.join(", "), flags.join(" ")))
}
