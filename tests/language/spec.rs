//! Specs to test with: written in the test, or files of this repository.

use std::path::Path;
use std::sync::Once;

use diadc_core::graph::verify;
use diadc_lang::compile::{Compiled, Failed, compile};
use diadc_lang::diagnostic::{Style, render};
use diadc_lang::inspect::{Detail, text};
use diadc_lang::program::{Function, Program};
use diadc_lang::resolve::Location;
use proptest::prelude::ProptestConfig;

/// A spec in the making; it lies in a folder of its own while it is compiled.
#[must_use]
pub(crate) struct Spec {
    pub(crate) text: String,
    files: Vec<(String, String)>,
    settings: Vec<(String, String)>,
}

impl Spec {
    /// A whole file.
    pub(crate) fn new(text: &str) -> Spec {
        Spec { text: text.to_owned(), files: Vec::new(), settings: Vec::new() }
    }

    /// A model with these members.
    pub(crate) fn model(members: &str) -> Spec {
        Spec::new(&format!("model M {{\n{members}\n}}\n"))
    }

    /// A model with these members, and items before it.
    pub(crate) fn with(items: &str, members: &str) -> Spec {
        Spec::new(&format!("{items}\nmodel M {{\n{members}\n}}\n"))
    }

    /// Another file beside it.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Spec {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// A value from outside.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Spec {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What comes of it.
    pub(crate) fn result(&self) -> Result<Compiled, Box<Failed>> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("spec.diad");
        for (name, text) in self.files.iter().map(|(name, text)| (folder.path().join(name), text)) {
            std::fs::write(name, text).expect("the folder can be written to");
        }
        std::fs::write(&path, &self.text).expect("the folder can be written to");
        compile(&Location::File(path), &self.settings)
    }

    /// The program; every graph of it is verified.
    pub(crate) fn compiles(&self) -> Program {
        match self.result() {
            Ok(compiled) => {
                verified(&compiled.program);
                compiled.program
            }
            Err(failed) => panic!("{}\n{}", self.text, shown(&failed)),
        }
    }

    /// Asserts that all that is wrong is one mistake of this kind.
    pub(crate) fn fails_with(&self, code: &str) {
        match self.result() {
            Ok(_) => panic!("{}\ncompiles, and should not: {code}", self.text),
            Err(failed) => {
                let codes: Vec<&str> = failed.diagnostics.iter().map(|diagnostic| diagnostic.code.name()).collect();
                assert_eq!(codes, [code], "{}\n{}", self.text, shown(&failed));
            }
        }
    }
}

/// Goes to the root of the repository, where the paths of its files begin: tests start in the folder of their package.
pub(crate) fn at_root() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("specs").is_dir());
        std::env::set_current_dir(root.expect("the package lies in the repository")).expect("it can be entered");
    });
}

/// Compiles a file of this repository.
pub(crate) fn compiled(path: &str, settings: &[(&str, &str)]) -> Program {
    at_root();
    let settings: Vec<(String, String)> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    match compile(&Location::File(path.into()), &settings) {
        Ok(compiled) => {
            verified(&compiled.program);
            compiled.program
        }
        Err(failed) => panic!("{path}\n{}", shown(&failed)),
    }
}

/// All diagnostics as users see them.
pub(crate) fn shown(failed: &Failed) -> String {
    render(&failed.diagnostics, &failed.sources, Style::Plain)
}

/// One function of a program as text, with every operation.
pub(crate) fn graph(program: &Program, function: &str) -> String {
    text(program, named(program, function), Detail::All)
}

/// The function with a name.
pub(crate) fn named<'a>(program: &'a Program, function: &str) -> &'a Function {
    program.function(function).unwrap_or_else(|| panic!("the program has no function `{function}`"))
}

/// The paths of all weights, in their order.
pub(crate) fn paths(program: &Program) -> Vec<&str> {
    program.weights.iter().map(|weight| weight.path.as_str()).collect()
}

fn verified(program: &Program) {
    for function in &program.functions {
        if let Err(why) = verify(&function.graph) {
            panic!("the graph of `{}` is wrong: {why}", function.name);
        }
    }
}

/// The files of a folder with an ending, by name.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    at_root();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| path.to_str().expect("names are UTF-8").to_owned())
        .collect();
    names.sort_unstable();
    assert!(!names.is_empty(), "{folder} has no .{ending} file");
    names
}

/// The name of a file without its folder and ending.
pub(crate) fn stem(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|stem| stem.to_str()).expect("the path names a file")
}

/// So many cases, unless the environment asks for another number of them.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(few);
    // Where a case failed is shown; it is not written into the repository.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
