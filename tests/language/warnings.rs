//! Warnings beside mistakes: those that are certain in spite of them.

use diadc_lang::diagnostic::Diagnostic;

use super::{Spec, shown};

/// The codes of the mistakes of a spec, and those of its warnings.
#[track_caller]
fn codes(spec: &Spec) -> [Vec<&'static str>; 2] {
    match spec.result() {
        Ok(_) => panic!("there is a mistake"),
        Err(failed) => {
            let named = |found: &[Diagnostic]| found.iter().map(|found| found.code.name()).collect();
            assert!(failed.diagnostics.iter().all(Diagnostic::is_error), "{}", shown(&failed));
            [named(&failed.diagnostics), named(&failed.warnings)]
        }
    }
}

#[test]
fn what_nothing_reads_is_a_warning_beside_a_wrong_shape() {
    let spec = Spec::with(
        "use std::autoencoder::{TinyBlock}",
        "param width: int = 4\nfn f(x: [B, 3, 8, 8]) { let y = relu(x) concat([x, mean(x)], axis: 1) }",
    );
    let [errors, mut warnings] = codes(&spec);
    assert_eq!(errors.len(), 1, "{errors:?}");
    warnings.sort_unstable();
    assert_eq!(warnings, ["unused-name", "unused-name", "unused-param"]);
}

#[test]
fn a_reason_silences_a_warning_beside_a_mistake_too() {
    let spec = Spec::model("allow unused-param \"kept\"\nparam width: int = 4\nfn f(x: [B, 3, 8, 8]) { x + [1, 2] }");
    assert_eq!(codes(&spec)[1], Vec::<&str>::new());
}

#[test]
fn where_a_word_is_wrong_no_other_is_said_to_be_unread() {
    let misspelt = Spec::model("fn f(x: [B, 3, 8, 8]) { let positive = relu(x) positve }");
    assert_eq!(codes(&misspelt), [vec!["unknown-name"], vec![]]);
    let broken = Spec::model("fn f(x: [B, 3, 8, 8]) { let positive = relu(x) positive + }");
    assert_eq!(codes(&broken), [vec!["syntax"], vec![]]);
}
