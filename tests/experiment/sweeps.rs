//! The sweeps that come with the sources: every point compiles, and what is published is of points that there are.

use std::path::Path;

use diadc::compile::compile;
use diadc::experiment::sweep::{Plan, plan, read_sweep};
use diadc::experiment::{ExperimentError, Setup};
use diadc::resolve::Location;

/// A small model with the extractors of Table 8.
const EXTRACTORS: &str = r"
use std::extractor::{Extractor, Backbone}
model Small {
    param backbone: Backbone = resnet50
    data { size = 32 }
    part psi = Extractor(backbone)
    objective learning(image) trains psi { mean(psi(image)[1] ^ 2) }
    training learning { optimizer = adamw(lr: 1e-3)  batch = 2  steps = 1 }
    score(image) {
        let map = mean(psi(image)[1], axis: 1, keep: true)
        { map: map, value: max(map, axis: [1, 2, 3]) }
    }
}
";

/// The plan of a sweep, of another spec and on images that are drawn.
fn planned(name: &str, spec: &Location) -> Plan {
    let (request, setup) = read_sweep(Path::new(&format!("specs/sweeps/{name}.toml"))).expect("it describes a sweep");
    assert_eq!(setup.dataset, "mvtec", "{name}: what its figures are of");
    // The sampler of the small model goes so far only if it is told to: else few steps are one.
    let settings = if name == "table10" { vec![("start".to_owned(), "1000".to_owned())] } else { setup.settings };
    let setup = Setup { dataset: "toy".to_owned(), settings, ..setup };
    let compile = |settings: &[(String, String)]| compile(spec, settings).map_err(ExperimentError::Spec);
    plan(&request, &setup, None, &compile).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn each_point_of_the_papers_tables_can_run_and_figures_are_of_points() {
    let home = tempfile::tempdir().expect("a temporary directory can be made");
    let extractors = home.path().join("extractors.diad");
    std::fs::write(&extractors, EXTRACTORS).expect("it can be written");
    let (tiny, extractors) = (Location::of("tiny"), Location::File(extractors));
    // Their points, and those that have figures.
    for (name, spec, points, cited) in [
        ("table7", &tiny, 6, 4),
        ("table8", &extractors, 11, 11),
        ("table9", &tiny, 10, 1),
        ("table10", &tiny, 7, 7),
        ("fig6", &tiny, 5, 1),
        ("poolings", &tiny, 8, 8),
    ] {
        let Plan { points: planned, citation, .. } = planned(name, spec);
        let citation = citation.expect("it has figures");
        assert_eq!((planned.len(), citation.rows.len()), (points, cited), "{name}");
        assert!(citation.source.starts_with("He et al., AAAI 2024"), "{name}");
    }
}

#[test]
fn a_sweep_over_what_only_the_score_reads_trains_once() {
    for name in ["table10", "fig6", "poolings"] {
        let plan = planned(name, &Location::of("tiny"));
        // The first two stages of the small model; its third reads what some of these change.
        let first = &plan.points[0].stages;
        let is_shared = plan.points.iter().all(|point| point.stages[0] == first[0]);
        assert!(is_shared && first.len() == 3, "{name}");
    }
}

#[test]
fn the_model_of_all_extractors_compiles() {
    let location = Location::File("specs/sweeps/extractors.diad".into());
    let compiled = compile(&location, &[]).expect("it is fine");
    let has = |start: &str| compiled.program.weights.iter().any(|weight| weight.path.starts_with(start));
    for name in ["vgg16", "vgg19", "resnet18", "resnet101", "wide_resnet101", "efficientnet_b0", "efficientnet_b4"] {
        assert!(has(&format!("extractors.{name}.")), "{name}");
    }
    assert!(!has("extractor."), "its extractors lie elsewhere");
}
