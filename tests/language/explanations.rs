//! What `diadc explain` tells: every code has a file in `docs/diagnostics`, whose examples are what they say.
//!
//! A comment in an example that begins with `diadc` is the command it stands for: `check` with settings, `call` with
//! the tensors in its file, or `run` without a file of weights.

use std::collections::BTreeSet;

use diadc_core::fact::{Dim, Fact, Shape};
use diadc_lang::compile::{Failed, compile, compile_call};
use diadc_lang::diagnostic::{Code, Diagnostic, Explanation};
use diadc_lang::lint::first_values;
use diadc_lang::resolve::Location;

use super::{at_root, files, shown, stem};

/// Everything that is said about an example, warnings too.
fn told(example: &str) -> Failed {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("spec.diad");
    std::fs::write(&path, example).expect("the folder can be written to");
    let location = Location::File(path);
    let words: Vec<&str> = example.lines().next().unwrap_or_default().split_whitespace().collect();
    let result = if words.starts_with(&["//", "diadc", "call"]) {
        compile_call(&location, &[], words[4], &inputs(example)).map(|(compiled, _)| compiled)
    } else {
        compile(&location, &settings(&words))
    };
    match result {
        Ok(mut compiled) => Failed {
            diagnostics: {
                if words.starts_with(&["//", "diadc", "run"]) {
                    let first = first_values(&compiled.spec, &compiled.program).into_iter();
                    compiled.warnings.extend(first.map(|first| first.diagnostic));
                }
                compiled.warnings
            },
            warnings: Vec::new(),
            sources: compiled.sources,
            spec: Some(compiled.spec),
        },
        Err(failed) => *failed,
    }
}

fn settings(words: &[&str]) -> Vec<(String, String)> {
    let given = words.iter().zip(words.iter().skip(1)).filter(|(flag, _)| **flag == "--set");
    given
        .filter_map(|(_, setting)| setting.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// `x: [2, 3]` in the first line is a tensor of that shape.
fn inputs(example: &str) -> Vec<(String, Fact)> {
    let line = example.lines().next().unwrap_or_default();
    let mut inputs = Vec::new();
    for (before, behind) in line.match_indices(": [").map(|(at, sign)| (&line[..at], &line[at + sign.len()..])) {
        let name = before.rsplit(' ').next().unwrap_or_default().to_owned();
        let dims = behind.split(']').next().unwrap_or_default().split(", ");
        let dims = dims.map(|dim| Dim::from(dim.parse::<i64>().expect("an extent is a number"))).collect();
        inputs.push((name, Fact::float(Shape(dims))));
    }
    inputs
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// A spec with a mistake gives this one and no other. Warnings come with others: a short model leaves much unused.
#[test]
fn every_wrong_example_gives_its_code_and_every_right_one_does_not() {
    for explanation in Explanation::all() {
        let code = explanation.code;
        let wrong = told(explanation.wrong());
        let found = codes(&wrong.diagnostics);
        let is_it =
            if wrong.diagnostics.iter().any(Diagnostic::is_error) { found == [code] } else { found.contains(&code) };
        assert!(is_it, "the wrong example of {code}\n{}", shown(&wrong));
        let right = told(explanation.right());
        let is_right =
            !right.diagnostics.iter().any(Diagnostic::is_error) && !codes(&right.diagnostics).contains(&code);
        assert!(is_right, "the right example of {code}\n{}", shown(&right));
    }
}

#[test]
fn every_code_is_explained_and_every_explanation_has_a_code() {
    at_root();
    let pages = files("docs/diagnostics", "md");
    let pages: BTreeSet<&str> = pages.iter().map(|path| stem(path)).collect();
    assert_eq!(pages, Code::ALL.iter().map(|code| code.name()).collect());
}

#[test]
fn every_explanation_has_a_title_and_words() {
    for explanation @ Explanation { code, title, .. } in Explanation::all() {
        assert!(!title.is_empty() && title.len() < 90 && !title.ends_with('.'), "{code}: {title}");
        let words = explanation.words();
        assert!(words.len() > 60 && words.ends_with(['.', ')']), "{code}: {words}");
    }
}
