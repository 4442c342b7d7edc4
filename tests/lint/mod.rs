//! Warnings: each kind has a spec that is warned of and one like it that is not, and what comes with diadc is clean.

mod allow;
mod gradients;
mod shipped;

use diadc_lang::compile::{Compiled, compile};
use diadc_lang::diagnostic::{Code, Diagnostic, Style, render};
use diadc_lang::lint::first_values;
use diadc_lang::resolve::Location;

use crate::language::{at_root, files, shown, stem};

/// A spec of this repository that compiles.
fn compiled(path: &str, settings: &[(&str, &str)]) -> Compiled {
    let settings: Vec<(String, String)> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    at_root();
    compile(&Location::File(path.into()), &settings).unwrap_or_else(|failed| panic!("{path}\n{}", shown(&failed)))
}

/// What a run without a file of weights warns of besides.
fn of_a_run(compiled: &Compiled) -> Vec<Diagnostic> {
    first_values(&compiled.spec, &compiled.program).into_iter().map(|first| first.diagnostic).collect()
}

/// The warnings as users see them.
fn warned(compiled: &Compiled) -> String {
    render(&compiled.warnings, &compiled.sources, Style::Plain)
}

#[test]
fn every_kind_of_warning_is_told_at_its_place() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("flagged");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for code in Code::warnings() {
        let path = format!("tests/lint/flagged/{code}.diad");
        let mut compiled = compiled(&path, &[]);
        if code == Code::FirstValues {
            // A run tells it, not the compiler.
            assert!(compiled.warnings.is_empty(), "{path}\n{}", warned(&compiled));
            compiled.warnings = of_a_run(&compiled);
        }
        let mut codes: Vec<Code> = compiled.warnings.iter().map(|warning| warning.code).collect();
        codes.dedup();
        assert_eq!(codes, [code], "{path}\n{}", warned(&compiled));
        let source = std::fs::read_to_string(&path).expect("the spec can be read");
        insta::assert_snapshot!(code.name(), format!("{source}\n{}", warned(&compiled)));
    }
}

#[test]
fn what_is_like_a_mistake_and_is_none_is_not_warned_of() {
    let found = files("tests/lint/fine", "diad");
    for code in Code::warnings() {
        assert!(found.iter().any(|path| stem(path) == code.name()), "nothing shows where `{code}` is quiet");
    }
    for path in found {
        let mut compiled = compiled(&path, &[]);
        if stem(&path) == Code::FirstValues.name() {
            compiled.warnings.extend(of_a_run(&compiled));
        }
        assert!(compiled.warnings.is_empty(), "{path}\n{}", warned(&compiled));
    }
}

#[test]
fn the_guide_lists_every_kind_of_warning() {
    let guide = include_str!("../../grammar/README.md");
    for code in Code::warnings() {
        let row = format!("| `{code}` | ");
        assert!(guide.lines().any(|line| line.starts_with(&row)), "the guide does not speak of `{code}`");
    }
}
