//! What comes with diadc has no warning, and what was wrong with the published code has one.

use std::collections::BTreeSet;

use diadc_lang::diagnostic::Code;
use diadc_lang::program::Init;

use crate::language::{files, stem};

use super::{compiled, warned};

#[test]
fn every_spec_and_example_is_without_a_warning() {
    for path in shipped().chain(files("examples", "diad")) {
        let compiled = compiled(&path, &[]);
        assert!(compiled.warnings.is_empty(), "{path}\n{}", warned(&compiled));
    }
}

/// All specs that are found by name.
fn shipped() -> impl Iterator<Item = String> {
    files("specs", "diad").into_iter().chain(files("specs/systems", "diad"))
}

#[test]
fn the_small_variants_are_without_a_warning() {
    let mut checked = 0;
    for path in files("specs/systems", "diad") {
        let has_variant = std::fs::read_to_string(&path).expect("specs are texts").contains("param small:");
        if has_variant {
            let compiled = compiled(&path, &[("small", "true")]);
            assert!(compiled.warnings.is_empty(), "{path}\n{}", warned(&compiled));
            checked += 1;
        }
    }
    assert!(checked >= 3);
}

#[test]
fn the_page_of_the_specs_knows_their_lines_and_how_many_numbers_they_train() {
    let page = include_str!("../../specs/README.md");
    for path in shipped() {
        let start = format!("| [{}]({}) |", stem(&path), path.trim_start_matches("specs/"));
        let row = page.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("specs/README.md has no row `{start}`"));
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace(',', "")).collect();
        let lines = std::fs::read_to_string(&path).expect("specs are texts").lines().count();
        let program = compiled(&path, &[]).program;
        let trained: BTreeSet<_> = program.objectives.iter().flat_map(|objective| objective.trains.clone()).collect();
        let trained: usize = trained.iter().map(|&id| program.weight(id).shape.iter().product::<usize>()).sum();
        assert_eq!(cells[3..5], [lines.to_string(), trained.to_string()], "lines and trained numbers of {path}");
    }
}

#[test]
fn the_released_fusion_never_moves_and_the_others_do() {
    let released = compiled("specs/diad.diad", &[("fusion", "released")]);
    let [warning] = released.warnings.as_slice() else { panic!("{}", warned(&released)) };
    assert_eq!(warning.code, Code::StuckWeight);
    let text = warned(&released);
    assert!(text.contains("110,592,000 of them"), "{text}");
    // Nine convolutions of the fusion, and the three zero convolutions that feed only them.
    assert!(text.contains("trains 114,281,600 parameters"), "{text}");
    for fusion in ["off", "bn_relu", "in_silu"] {
        let alive = compiled("specs/diad.diad", &[("fusion", fusion)]);
        assert!(alive.warnings.is_empty(), "{fusion}\n{}", warned(&alive));
    }
}

#[test]
fn a_fusion_that_joins_nothing_is_trained_in_vain() {
    let compiled = compiled("specs/diad.diad", &[("join", "{middle}")]);
    let codes: Vec<&str> = compiled.warnings.iter().map(|warning| warning.code.name()).collect();
    assert_eq!(codes, ["unreached-weight"], "{}", warned(&compiled));
    let starts_from_zero = |init: &Init| *init == Init::Constant(0.0);
    let fused = compiled.program.weights.iter().filter(|weight| weight.path.starts_with("control_model.down"));
    assert!(fused.clone().count() > 0 && !fused.clone().any(|weight| starts_from_zero(&weight.init)));
}

#[test]
fn a_param_of_a_base_is_told_of_when_it_is_set_in_vain() {
    let compiled = compiled("specs/tiny.diad", &[("backbone", "vgg16")]);
    let [warning] = compiled.warnings.as_slice() else { panic!("{}", warned(&compiled)) };
    assert_eq!(warning.code, Code::UnusedParam);
    assert_eq!(compiled.sources.slice(warning.span()), "backbone");
}
