//! The files of the source as the tests of this folder read them: texts, and code without comments and unit tests.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates by their folders; what lies in a folder below belongs to the deepest of them.
pub(crate) const CRATES: &[&str] =
    &["", "core/", "lang/", "execute/", "execute/cpu/", "execute/cube/", "execute/cuda/", "serve/"];

/// A file of the source: its path below `src`, the whole text, and the code without comments and tests.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
}

impl File {
    /// The folder of its crate.
    pub(crate) fn home(&self) -> &'static str {
        let homes = CRATES.iter().copied().filter(|home| self.path.starts_with(home));
        homes.max_by_key(|home| home.len()).expect("the empty folder holds all")
    }

    /// The path of its module from the root of its crate; the root itself has none.
    pub(crate) fn module(&self) -> Vec<String> {
        let path = self.path[self.home().len()..].trim_end_matches(".rs");
        let mut names: Vec<String> = path.split('/').map(str::to_owned).collect();
        if names.last().is_some_and(|name| matches!(name.as_str(), "mod" | "lib" | "main")) {
            names.pop();
        }
        names
    }

    /// A line of it as a mistake is shown.
    pub(crate) fn line(&self, number: usize) -> String {
        let line = self.code.lines().nth(number - 1).unwrap_or_default();
        format!("src/{}:{number}: {}", self.path, line.trim())
    }

    /// The lines of its code that hold a word as a whole, with their numbers.
    pub(crate) fn lines_with(&self, word: &str) -> Vec<String> {
        let lines = self.code.lines().enumerate().filter(|(_, line)| has_word(line, word));
        lines.map(|(i, _)| self.line(i + 1)).collect()
    }
}

/// Whether a line holds a word as a whole, not as a part of a longer one.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_inner) && (!word.ends_with(is_inner) || !line[at + word.len()..].starts_with(is_inner))
    })
}

/// The text without line comments and without what follows `#[cfg(test)]`; line numbers stay.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| {
        let comment = line.match_indices("//").map(|(at, _)| at).find(|&at| line[..at].matches('"').count() % 2 == 0);
        comment.map_or(line, |at| &line[..at])
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// All files of all crates, by path; from then on paths begin at the root of the repository.
pub(crate) fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(root).expect("the package lies in the repository");
    let mut paths = Vec::new();
    collect(Path::new("src"), &mut paths);
    paths.sort();
    let files = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("sources are text");
        let path = path.strip_prefix("src").expect("it lies there").to_str().expect("names are UTF-8").to_owned();
        File { path, code: code(&text), text }
    });
    let mut files: Vec<File> = files.collect();
    let tests: Vec<PathBuf> = files.iter().filter_map(test_file).collect();
    files.iter_mut().filter(|file| tests.contains(&file.path.as_str().into())).for_each(|file| file.code.clear());
    files
}

/// The file below `src` that holds the unit tests of another, if they have one of their own.
fn test_file(of: &File) -> Option<PathBuf> {
    let name = of.text.split("#[cfg(test)]\nmod ").nth(1)?.lines().next()?.strip_suffix(';')?;
    let is_folder = of.path.ends_with("/mod.rs") || of.path.ends_with("lib.rs");
    let folder =
        if is_folder { Path::new(&of.path).parent()?.to_owned() } else { Path::new(&of.path).with_extension("") };
    Some(folder.join(name).with_extension("rs"))
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("tests run in the root of the package") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}
