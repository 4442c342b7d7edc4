//! Every mistake of `wrong/`, with what is said about it beside it.

use std::collections::BTreeSet;

use diadc_lang::compile::{Failed, compile};
use diadc_lang::diagnostic::{Code, Severity};
use diadc_lang::resolve::Location;

use super::{Spec, files, shown, stem};

const FOLDER: &str = "tests/language/wrong";

/// Compiles a wrong spec with the settings that its first lines state.
fn failed(path: &str) -> (String, Failed) {
    let source = std::fs::read_to_string(path).expect("the spec can be read");
    let settings: Vec<(String, String)> = source
        .lines()
        .filter_map(|line| line.strip_prefix("//! set: ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match compile(&Location::File(path.into()), &settings) {
        // A warning is told as a mistake is.
        Ok(compiled) if !compiled.warnings.is_empty() => (
            source,
            Failed {
                diagnostics: compiled.warnings,
                warnings: Vec::new(),
                sources: compiled.sources,
                spec: Some(compiled.spec),
            },
        ),
        Ok(_) => panic!("{path} compiles, and should not"),
        Err(failed) => (source, *failed),
    }
}

#[test]
fn every_mistake_is_told_at_its_place_and_in_plain_words() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("wrong");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for path in files(FOLDER, "diad") {
        let (source, failed) = failed(&path);
        insta::assert_snapshot!(stem(&path), format!("{source}\n{}", shown(&failed)));
    }
}

#[test]
fn every_kind_of_mistake_has_a_spec_that_makes_it() {
    let made: BTreeSet<Code> =
        files(FOLDER, "diad").iter().flat_map(|path| failed(path).1.diagnostics).map(|found| found.code).collect();
    let errors = Code::ALL.iter().filter(|code| code.severity() == Severity::Error);
    // An unused input is one of a call, not of a spec; `tests/cli/call.rs` makes it.
    let without: Vec<&Code> = errors.filter(|code| **code != Code::UnusedInput && !made.contains(code)).collect();
    assert!(without.is_empty(), "no spec in {FOLDER} makes {without:?}");
}

#[test]
fn no_message_has_words_of_the_compiler_in_it() {
    const INNER: &[&str] = &[
        "_expr", "_item", "_member", "k_", "SOI", "EOI", "Rule", "Some(", "None", "Value::", "NodeId", "panicked",
        "Poison",
    ];
    for path in files(FOLDER, "diad") {
        for found in failed(&path).1.diagnostics {
            let words = found.labels.iter().chain(&found.trace).map(|label| &label.text);
            for text in words.chain(&found.notes).chain(&found.help).chain([&found.headline]) {
                let inner: Vec<_> = INNER.iter().filter(|word| text.contains(*word)).collect();
                assert!(inner.is_empty(), "{path}: `{text}` has {inner:?} in it");
            }
        }
    }
}

#[test]
fn a_mistake_in_a_used_file_is_told_in_that_file() {
    let spec = Spec::with("use \"mine.diad\"::{Mine}", "part a = Mine()\nfn f(x: [B, 3, 8, 8]) { a(x) }")
        .file("mine.diad", "block Mine() {\n    fn (x) { x |> conv(3) @ \"a\" |> rellu }\n}\n");
    let Err(failed) = spec.result() else { panic!("there is a mistake") };
    let [mistake] = failed.diagnostics.as_slice() else { panic!("{}", shown(&failed)) };
    assert_eq!(mistake.code, Code::UnknownName);
    assert!(failed.sources.place(mistake.span()).ends_with("mine.diad:2:36"), "{}", shown(&failed));
}

#[test]
fn a_mistake_in_a_used_file_does_not_hide_the_syntax_errors_of_another() {
    let spec = Spec::with("use \"one.diad\"::{One}\nuse \"two.diad\"::{Two}", "")
        .file("one.diad", "block One( { }\n")
        .file("two.diad", "block Two) { }\n");
    let Err(failed) = spec.result() else { panic!("there is a mistake") };
    assert_eq!(failed.diagnostics.len(), 2, "{}", shown(&failed));
}
