//! `diadc params`, and settings of a training from outside.

use super::harness::{Bench, SMALL};

fn rows(bench: &Bench, arguments: &[&str]) -> serde_json::Value {
    let json = bench.run(&[&["params"], arguments, &["--format", "json"]].concat()).success().stdout();
    serde_json::from_str(&json).expect("it is JSON")
}

fn row<'a>(rows: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let found = rows.as_array().into_iter().flatten().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("there is no `{name}` in {rows:#}"))
}

#[test]
fn params_and_settings_of_trainings_are_listed_with_types_ranges_and_defaults() {
    let bench = Bench::new();
    let all = rows(&bench, &["small.diad"]);
    let size = serde_json::json!({
        "name": "size", "type": "int", "range": "8..=64", "default": "16", "value": "16", "doc": "",
    });
    assert_eq!(*row(&all, "size"), size);
    assert_eq!(row(&all, "width")["range"], "[4, 8]");
    let lr = row(&all, "rebuilding.lr");
    assert_eq!((&lr["type"], &lr["range"], &lr["value"]), (&"float".into(), &"above 0".into(), &"0.002".into()));
    assert_eq!(row(&all, "rebuilding.steps")["default"], "30");
    assert!(row(&all, "rebuilding.epochs")["value"].is_null());
    let tiny = rows(&bench, &["tiny"]);
    let fusion = row(&tiny, "fusion");
    assert!(
        fusion["range"].as_str().is_some_and(|range| range.contains("off, ") || range.contains(", off")),
        "{fusion}"
    );
    assert!(
        row(&tiny, "kl")["doc"].as_str().is_some_and(|doc| doc.contains("weight of the distance")),
        "a comment says it"
    );
    for objective in ["autoencoding", "denoising", "comparing"] {
        assert!(row(&tiny, &format!("{objective}.batch"))["value"].as_str().is_some());
    }
    assert_eq!(
        row(&rows(&bench, &["patchcore"]), "depth")["range"],
        "18, 34, 50, 101, 152",
        "what the name stands for"
    );
    let table = bench.run(&["params", "small.diad"]).success().stdout();
    assert!(table.contains("rebuilding.lr") && table.contains("The learning rate"), "{table}");
}

#[test]
fn settings_of_a_training_reach_it() {
    let bench = Bench::new();
    let set = ["--set", "rebuilding.steps=3", "--set", "rebuilding.lr=5e-4", "--set", "rebuilding.batch=2 + 2"];
    let now = rows(&bench, &[&["small.diad"], &set[..]].concat());
    let values = ["steps", "lr", "batch"].map(|name| row(&now, &format!("rebuilding.{name}"))["value"].clone());
    assert_eq!(values, ["3", "0.0005", "4"]);
    assert_eq!(row(&now, "rebuilding.steps")["default"], "30");
    bench.run(&[&["run", "small.diad", "--classes", "tile", "--out", "a"], &set[..]].concat()).success();
    let other = SMALL.replace("lr: 2e-3", "lr: 5e-4").replace("batch = 8  steps = 30", "batch = 4  steps = 3");
    bench.write("other.diad", other.as_bytes());
    bench.run(&["run", "other.diad", "--classes", "tile", "--out", "b"]).success();
    let hash = |out: &str| bench.json(&format!("{out}/run.json"))["provenance"]["spec"]["program_sha256"].clone();
    assert_eq!(hash("a"), hash("b"), "it is the same program");
    let losses = |out: &str| {
        let text = std::fs::read_to_string(bench.path(&format!("{out}/losses.csv"))).expect("the run wrote it");
        text.lines().map(|line| line.rsplit_once(',').map(|(rest, _)| rest.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(losses("a"), losses("b"));
    // Epochs take the place of steps: eight images in batches of four are two steps.
    let epochs = rows(&bench, &["small.diad", "--set", "rebuilding.epochs=2"]);
    assert!(row(&epochs, "rebuilding.steps")["value"].is_null());
    assert_eq!(row(&epochs, "rebuilding.epochs")["value"], "2");
}

#[test]
fn settings_that_no_training_has_or_can_have_are_refused() {
    let bench = Bench::new();
    let refused = |set: &[&str], words: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", *set]).collect();
        bench.run(&[&["params", "small.diad"], &set[..]].concat()).fails(1, words);
    };
    refused(&["rebuildin.steps=3"], &["no training of `rebuildin`", "did you mean `rebuilding`?"]);
    refused(&["rebuilding.stepz=3"], &["no setting `stepz`", "did you mean `steps`?"]);
    refused(&["rebuilding.steps=0"], &["`steps`", "an int from 1"]);
    refused(&["rebuilding.batch=100000"], &["`batch`", "an int from 1 to 65536"]);
    refused(&["rebuilding.lr=-1"], &["`lr`", "a number above 0"]);
    refused(&["rebuilding.lr=fast"], &["there is no `fast`"]);
    refused(&["rebuilding.steps=3", "rebuilding.steps=4"], &["set twice"]);
    refused(&["rebuilding.steps=3", "rebuilding.epochs=4"], &["`steps` or `epochs`, not both"]);
    bench.run(&["params", "small.diad", "--set", "rebuilding.steps"]).fails(2, &["NAME=VALUE"]);
}
