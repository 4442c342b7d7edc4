//! `diadc new`: writes a spec to begin with.

use std::path::PathBuf;

use clap::Args;

use crate::file;

use super::failure::Failure;
use super::terminal;

/// The text of a new spec, with `NAME` and `MODEL` in place of its names.
const SPEC: &str = include_str!("spec.diad");
/// The block that the text uses: a model of the same name would hide it.
const USED: &str = "ConvAutoencoder";

/// Writes a spec to begin with
///
/// It is a small model that trains in a minute or two on images that diadc draws, or on images of your own, with a comment on
/// each section. Nothing that is there is overwritten.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc new mine                     writes mine.diad
  diadc new specs/screw_holes        writes specs/screw_holes.diad with the model ScrewHoles")]
pub(super) struct New {
    /// The name of the spec: letters, digits, `_` and `-`; the folder before it must be there
    name: PathBuf,
}

impl New {
    pub(super) fn run(self) -> Result<(), Failure> {
        let path = match self.name.extension() {
            None => self.name.with_extension("diad"),
            Some(_) if self.name.to_string_lossy().ends_with(".diad") => self.name.clone(),
            Some(_) => {
                let words = format!("`{}` has an ending other than .diad", self.name.display());
                return Err(Failure::Usage(words));
            }
        };
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let model = model(stem).map_err(Failure::Usage)?;
        let shown = path.display().to_string();
        let text = SPEC.replace("NAME.diad", &shown).replace("NAME", stem).replace("MODEL", &model);
        if path.exists() {
            return Err(Failure::Usage(format!("`{shown}` is already there, and is left as it is")));
        }
        file::write(&path, text.as_bytes())
            .map_err(|error| Failure::Findings(format!("can't write `{shown}`: {error}; is its folder there?")))?;
        terminal::result(&format!(
            "wrote {shown} with the model {model}; next:\n  diadc run {shown}\n  diadc run {shown} --dataset folder --data DIR\n"
        ));
        Ok(())
    }
}

/// The name of the model of a spec: `screw_holes` has `ScrewHoles`.
fn model(stem: &str) -> Result<String, String> {
    let is_plain = stem.chars().all(|sign| sign.is_ascii_alphanumeric() || "_-".contains(sign));
    if !is_plain || !stem.starts_with(|sign: char| sign.is_ascii_alphabetic()) {
        return Err(format!("`{stem}` is no name of a spec: write letters, digits, `_` and `-`, a letter first"));
    }
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    let name: String = stem.split(['_', '-']).map(capital).collect();
    if name == USED {
        return Err(format!("`{name}` is a block that the new spec uses: choose another name"));
    }
    Ok(name)
}
