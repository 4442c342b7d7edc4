//! `diadc weights init`: puts the weights that training starts from together from several files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use indexmap::IndexMap;

use crate::diagnostic::grouped;
use crate::graph::program::{Part, Program};
use crate::op::WeightId;
use crate::weight::{
    Assembly, Comparison, File, Lacking, Origin, Table, Wanted, WeightError, compare_file, part, save,
};

use super::super::arguments::{SpecArguments, weights_out};
use super::super::failure::Failure;
use super::super::terminal::{self, Screen};
use super::aligned;

/// Puts the weights of a spec together from files and first values
///
/// Each --from PART=FILE takes all weights of a part from a file, which may hold the part alone or more; --from FILE
/// takes all weights of the spec that the file has. Where a part lies in another, the file of the inner part counts. A
/// `copy` gets the weights of its original, unless a file is given for it. All other weights get the first values that
/// the spec says; stored tensors are left out, because a fit computes them. Prints where the weights of each part come from.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc weights init specs/diad.diad --from v1-5-pruned.ckpt --from ae=mvtecad_fs.ckpt --from psi=extractor.pth \\
      --out start.safetensors                       all that the first file has, two parts from files of their own
  diadc weights init specs/diad.diad --from sd=v1-5-pruned.ckpt --from ae=mvtecad_fs.ckpt --out start.safetensors
  diadc weights init specs/diad.diad --from text=text_encoder/model.safetensors \\
      --from ae=vae/diffusion_pytorch_model.safetensors --out start.safetensors")]
pub(super) struct Init {
    #[command(flatten)]
    spec: SpecArguments,

    /// A file, or a part and the file that it comes from
    #[arg(long, value_name = "[PART=]FILE")]
    from: Vec<String>,

    /// Where in a file the weights lie, if it holds several networks; after the part of its --from if that has one
    #[arg(long, value_name = "[PART=]NAME")]
    within: Vec<String>,

    /// The rename table for all files [default: for each file the one that fits best]
    #[arg(long, value_name = "NAME")]
    layout: Option<String>,

    /// The file to write: safetensors, or PyTorch's if its name ends in .ckpt, .pt, .pth or .bin
    #[arg(long, value_name = "FILE", value_parser = weights_out)]
    out: PathBuf,

    /// Seed of the first values
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One `--from`.
struct From<'a> {
    part: Option<&'a Part>,
    path: PathBuf,
    within: Option<String>,
}

impl Init {
    pub(super) fn run(self) -> Result<(), Failure> {
        let compiled = self.spec.compile()?;
        let program = &compiled.program;
        let table = self.layout.as_deref().map(Table::find).transpose().map_err(WeightError::from)?;
        let mut assembly = Assembly::first(program);
        let mut others = Vec::new();
        for from in self.sources(program)? {
            let mut file = File::open(&from.path)?;
            let comparison = compared(program, &mut file, &from, table)?;
            if let Some(aside) = comparison.told_aside() {
                terminal::note(&format!("{}: {aside}", from.path.display()));
            }
            others.push((from.path, comparison.elsewhere.clone()));
            assembly.take(file, &comparison);
        }
        let mut screen = Screen::new();
        let (mut weights, mut done, all) = (assembly.weights(self.seed), 0, program.weights.len());
        let notes = notes(program, &assembly, &self.spec.spec, self.seed);
        let mut suspicions = Vec::new();
        let has_value = |id: WeightId| assembly.has_value(id.0 as usize);
        let saved = save(&self.out, program, has_value, &notes, |id| {
            let place = id.0 as usize;
            let weight = weights.nth(place - done).expect("there is one for each weight of the program");
            if let Ok(tensor) = &weight {
                suspicions.extend(assembly.suspicion(place, tensor));
            }
            done = place + 1;
            screen.weights(done, all);
            weight
        });
        screen.clear();
        saved.map_err(|error: WeightError| error)?;
        terminal::suspicious(&suspicions);
        terminal::result(&table_of(program, &assembly, self.seed));
        for (path, elsewhere) in others {
            let names: BTreeSet<&str> = elsewhere.iter().map(|tensor| tensor.name.as_str()).collect();
            for part in program.own_parts() {
                let own = || program.weights.iter().enumerate().filter(|(_, w)| program.owner(&w.path) == Some(part));
                let is_there = |path: &str| names.contains(path);
                if own().next().is_some()
                    && own().all(|(place, w)| {
                        assembly.origins()[assembly.source(place)] == Origin::First && is_there(&w.path)
                    })
                {
                    let (name, path) = (&part.name, path.display());
                    terminal::note(&format!("`{name}` starts fresh, but is in {path}: add --from {name}={path}"));
                }
            }
        }
        terminal::note(&format!("the weights lie in {}", self.out.display()));
        Ok(())
    }

    /// Files and their parts, the inner parts last.
    fn sources<'a>(&self, program: &'a Program) -> Result<Vec<From<'a>>, Failure> {
        let mut sources: Vec<From<'a>> = Vec::new();
        for text in &self.from {
            let from = match text.split_once('=') {
                Some((name, path)) => From { part: Some(part(program, name)?), path: path.into(), within: None },
                None => From { part: None, path: text.into(), within: None },
            };
            let place = |from: &From<'_>| from.part.map(|part| part.path.clone());
            if let Some(part) = from.part
                && sources.iter().any(|other| place(other) == place(&from))
            {
                return Err(Failure::Usage(format!("two files are given for the part `{}`", part.name)));
            }
            sources.push(from);
        }
        for text in &self.within {
            let (owner, name) = match text.split_once('=') {
                Some((owner, name)) => (Some(part(program, owner)?.name.as_str()), name),
                None => (None, text.as_str()),
            };
            let meant = sources.iter_mut().filter(|from| from.part.map(|part| part.name.as_str()) == owner);
            let mut count = 0;
            for from in meant {
                from.within = Some(name.to_owned());
                count += 1;
            }
            if count == 0 {
                let text = format!("`--within {text}` is for no file: write it as its --from, with the same part");
                return Err(Failure::Usage(text));
            }
        }
        sources.sort_by_key(|from| from.part.map_or(0, |part| part.path.len() + 1));
        Ok(sources)
    }
}

/// What a file has for its part, or for the whole program; all of the part must be there, and nothing unknown in it.
fn compared(program: &Program, file: &mut File, from: &From<'_>, table: Option<&Table>) -> Result<Comparison, Failure> {
    let (name, block, path) = (String::new(), String::new(), String::new());
    let everything = Part { name, owner: None, block, path, is_fresh: true };
    let fresh: Vec<&Part> = match from.part {
        Some(_) => program.parts.iter().filter(|part| part.is_fresh).collect(),
        None => vec![&everything],
    };
    let wanted = Wanted { within: from.within.as_deref(), part: from.part, table };
    let comparison = compare_file(program, file, wanted, Lacking::AtStart(&fresh))?;
    if comparison.matched.is_empty() && comparison.fits() {
        let text = match from.part {
            Some(part) => format!("`{}` has no weight of the part `{}`", file.path().display(), part.name),
            None => format!("`{}` has no weight of `{}`", file.path().display(), program.name),
        };
        let help = "if it holds one part alone, name it: --from PART=FILE";
        return Err(Failure::Usage(format!("{text}; {help}")));
    }
    if !comparison.fits() {
        return Err(WeightError::Differs { path: file.path().to_owned(), comparison: Box::new(comparison) }.into());
    }
    Ok(comparison)
}

/// Where the value of a weight comes from, in words.
fn origin(program: &Program, assembly: &Assembly<'_>, place: usize, seed: u64) -> String {
    let source = assembly.source(place);
    let from = match &assembly.origins()[source] {
        Origin::Stored { file, .. } => name(assembly.files()[*file].path()),
        Origin::First if !assembly.has_value(place) => "a fit, when it runs".to_owned(),
        Origin::First => format!("first values of seed {seed}"),
        Origin::Unread => "nowhere: nobody reads it".to_owned(),
    };
    if source == place {
        return from;
    }
    let path = &program.weights[source].path;
    let owner = program.owner(path).map_or("the model", |part| &part.name);
    format!("copy of {owner} ({from})")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// How many weights and numbers of each part come from where, in the order of the spec.
fn table_of(program: &Program, assembly: &Assembly<'_>, seed: u64) -> String {
    let mut counts: IndexMap<(String, String), (usize, usize)> = IndexMap::new();
    for (place, weight) in program.weights.iter().enumerate() {
        let owner = program.owner(&weight.path).map_or("-", |part| &part.name).to_owned();
        let entry = counts.entry((owner, origin(program, assembly, place, seed))).or_default();
        entry.0 += 1;
        entry.1 += weight.shape.iter().product::<usize>();
    }
    let place = |owner: &str| program.own_parts().position(|part| part.name == owner);
    counts.sort_by(|(owner, _), _, (other, _), _| place(owner).cmp(&place(other)));
    let mut rows = vec![["part", "weights", "numbers", "from"].map(str::to_owned).to_vec()];
    rows.extend(
        counts
            .into_iter()
            .map(|((owner, from), (weights, numbers))| vec![owner, grouped(weights), grouped(numbers), from]),
    );
    aligned(&rows, |column| column == 1 || column == 2)
}

/// What goes into the metadata of the file: the spec, and what each part comes from.
fn notes(program: &Program, assembly: &Assembly<'_>, spec: &str, seed: u64) -> BTreeMap<String, String> {
    let mut notes = BTreeMap::from([("spec".to_owned(), spec.to_owned()), ("seed".to_owned(), seed.to_string())]);
    for part in program.own_parts() {
        let places = program.weights.iter().enumerate().filter(|(_, weight)| program.owner(&weight.path) == Some(part));
        let from: BTreeSet<String> = places.map(|(place, _)| origin(program, assembly, place, seed)).collect();
        if !from.is_empty() {
            notes.insert(format!("part {}", part.name), from.into_iter().collect::<Vec<_>>().join("; "));
        }
    }
    notes
}
