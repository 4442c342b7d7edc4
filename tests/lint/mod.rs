//! Warnings: each kind has a spec that is warned of and one like it that is not, and what comes with diadc is clean.

mod allow;
mod shipped;

use diadc_lang::compile::{Compiled, compile};
use diadc_lang::diagnostic::{Lint, Style, render};
use diadc_lang::resolve::Location;

use crate::language::{at_root, files, shown, stem};

/// A spec of this repository that compiles.
fn compiled(path: &str, settings: &[(&str, &str)]) -> Compiled {
    let settings: Vec<(String, String)> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    at_root();
    compile(&Location::File(path.into()), &settings).unwrap_or_else(|failed| panic!("{path}\n{}", shown(&failed)))
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
    for lint in Lint::ALL {
        let path = format!("tests/lint/flagged/{}.diad", lint.code());
        let compiled = compiled(&path, &[]);
        let mut codes: Vec<&str> = compiled.warnings.iter().map(|warning| warning.code).collect();
        codes.dedup();
        assert_eq!(codes, [lint.code()], "{path}\n{}", warned(&compiled));
        let source = std::fs::read_to_string(&path).expect("the spec can be read");
        insta::assert_snapshot!(lint.code(), format!("{source}\n{}", warned(&compiled)));
    }
}

#[test]
fn what_is_like_a_mistake_and_is_none_is_not_warned_of() {
    let found = files("tests/lint/fine", "diad");
    for lint in Lint::ALL {
        assert!(found.iter().any(|path| stem(path) == lint.code()), "nothing shows where `{}` is quiet", lint.code());
    }
    for path in found {
        let compiled = compiled(&path, &[]);
        assert!(compiled.warnings.is_empty(), "{path}\n{}", warned(&compiled));
    }
}

#[test]
fn the_guide_lists_every_kind_of_warning() {
    let guide = include_str!("../../grammar/README.md");
    for lint in Lint::ALL {
        let row = format!("| `{}` | ", lint.code());
        assert!(guide.lines().any(|line| line.starts_with(&row)), "the guide does not speak of `{}`", lint.code());
    }
}
