//! `diadc fmt`: brings files into the layout of the language.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::compile::Failed;
use crate::file;
use crate::format::format;
use crate::parse::parse;
use crate::source::SourceMap;

use super::failure::Failure;
use super::terminal;

/// Brings files into the one layout that the specs of diadc have
///
/// Changes indentation, spaces and columns; keeps comments, and line breaks within expressions. A file with a syntax
/// error is not changed.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc fmt my.diad              one file
  diadc fmt specs examples       all .diad files in two folders
  diadc fmt --check .            says which files would change, and changes none
  diadc fmt - < my.diad          from standard input to standard output")]
pub(super) struct Fmt {
    /// Files, folders, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Changes nothing; fails if a file has another layout
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.paths.iter().any(|path| path.as_os_str() == "-") {
            if self.paths.len() > 1 {
                return Err(Failure::Usage("standard input can't be mixed with files".to_owned()));
            }
            return self.input();
        }
        let mut files = Vec::new();
        for path in &self.paths {
            collect(path, &mut files)?;
        }
        files.dedup();
        if files.is_empty() {
            return Err(Failure::Findings("there is no .diad file".to_owned()));
        }
        let (mut wrong, mut changed) = (0, 0);
        for file in &files {
            let text = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
            let text = String::from_utf8(text)
                .map_err(|_| Failure::Findings(format!("`{}` is not UTF-8 text", file.display())))?;
            match laid_out(&file.display().to_string(), &text) {
                Err(failed) => {
                    wrong += failed.diagnostics.len();
                    terminal::diagnostics(&failed.diagnostics, &failed.sources);
                }
                Ok(new) if new == text => {}
                Ok(new) => {
                    changed += 1;
                    if self.check {
                        terminal::result(&format!("{}\n", file.display()));
                    } else {
                        write(file, &new)?;
                        terminal::note(&format!("{} is laid out", file.display()));
                    }
                }
            }
        }
        let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        if wrong > 0 {
            return Err(Failure::Findings(count(wrong, "syntax error")));
        }
        if self.check && changed > 0 {
            let text = format!("{} of {} would change; `diadc fmt` does it", changed, count(files.len(), "file"));
            return Err(Failure::Findings(text));
        }
        Ok(())
    }

    fn input(&self) -> Result<(), Failure> {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Failure::Findings(format!("standard input can't be read: {error}")))?;
        let new = laid_out("standard input", &text)?;
        if !self.check {
            terminal::result(&new);
        } else if new != text {
            return Err(Failure::Findings("standard input would change".to_owned()));
        }
        Ok(())
    }
}

/// The text in its layout.
fn laid_out(name: &str, text: &str) -> Result<String, Box<Failed>> {
    let mut sources = SourceMap::default();
    let id = sources.add(name, text);
    match parse(id, &sources) {
        Ok(_) => Ok(format(text).expect("a text without syntax errors has a layout")),
        Err(diagnostics) => Err(Box::new(Failed { diagnostics, warnings: Vec::new(), sources, spec: None })),
    }
}

/// All `.diad` files below a folder, or the file itself.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries: Vec<PathBuf> =
        entries.map_err(|error| unreadable(path, &error))?.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let is_hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if entry.is_dir() && !is_hidden && !entry.is_symlink() {
            collect(&entry, files)?;
        } else if entry.is_file() && entry.to_string_lossy().ends_with(".diad") {
            files.push(entry);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Findings(format!("`{}` can't be read: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = file::write(path, text.as_bytes());
    written.map_err(|error| Failure::Findings(format!("`{}` can't be written: {error}", path.display())))
}
