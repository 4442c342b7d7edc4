//! `diadc compare` and `diadc runs`.

use super::harness::Bench;

const DATA: &[&str] = &["--classes", "tile,wood"];

fn run(bench: &Bench, out: &str, more: &[&str]) {
    let made = ["run", "small.diad", "--out", out, "--set", "rebuilding.steps=4"];
    bench.run(&[&made, DATA, more].concat()).success();
}

fn value(bench: &Bench, out: &str, metric: &str) -> f64 {
    let value = bench.json(&format!("{out}/metrics.json"))["evaluations"][0]["mean"][metric]["value"].clone();
    value.as_f64().expect("it is defined")
}

#[test]
fn runs_stand_side_by_side_with_what_differs_and_spreads_over_seeds() {
    let bench = Bench::new();
    for (out, width, seed) in [("a1", "4", "1"), ("a2", "4", "2"), ("b1", "8", "1"), ("b2", "8", "2")] {
        run(&bench, out, &["--set", &format!("width={width}"), "--seed", seed]);
    }
    let json = bench.run(&["compare", "a1", "a2", "b1", "b2", "--format", "json"]).success().stdout();
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["columns"], serde_json::json!([["a1", "a2"], ["b1", "b2"]]));
    assert_eq!(json["differences"], serde_json::json!({ "width": ["4", "8"] }));
    let rows = json["rows"].as_array().expect("there are rows");
    let row = rows.iter().find(|row| row["metric"] == "pixel_auroc" && row["class"].is_null()).expect("it is there");
    let of = |names: [&str; 2]| names.map(|name| value(&bench, name, "pixel_auroc"));
    let (a, b) = (of(["a1", "a2"]), of(["b1", "b2"]));
    let mean = |pair: [f64; 2]| f64::midpoint(pair[0], pair[1]);
    let squared = |pair: [f64; 2]| (pair[0] - pair[1]).powi(2) / 2.0;
    let found = &row["differences"][0];
    let difference = mean(b) - mean(a);
    assert!(found["difference"].as_f64().is_some_and(|found| (found - difference).abs() < 1e-12), "{row}");
    // Twice the standard error of the difference of two means over two seeds each.
    let exceeds = difference.abs() > 2.0 * (squared(a) / 2.0 + squared(b) / 2.0).sqrt();
    assert_eq!(found["exceeds_spread"], exceeds);
    let text = bench.run(&["compare", "a1", "b1", "--each-class"]).success().stdout();
    for words in ["A  a1", "B  b1", "width", "B - A", "tile", "wood", "mean", "needs two seeds"] {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
}

#[test]
fn a_page_shows_curves_ranks_and_the_same_images_side_by_side() {
    let bench = Bench::new();
    for (out, width, seed) in [("a1", "4", "1"), ("a2", "4", "2"), ("b1", "8", "1")] {
        run(&bench, out, &["--set", &format!("width={width}"), "--seed", seed]);
    }
    bench.run(&["compare", "a1", "a2", "b1", "--html", "page.html"]).success();
    let page = std::fs::read_to_string(bench.path("page.html")).expect("it was written");
    for anchor in ["differences", "metrics", "training", "curves", "ranks", "examples"] {
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
    // One line for each of the two columns in each chart: losses, and for both classes images, pixels, regions.
    assert_eq!(page.matches("<svg").count(), 1 + 2 * 3);
    for kind in ["line-0", "line-1"] {
        assert_eq!(page.matches(&format!("<path class=\"line {kind}\"")).count(), 7, "{kind}");
    }
    assert!(page.contains("alt=\"A: input of") && page.contains("alt=\"B: heat map of"));
    // What an earlier version has not written is left out; what is there and broken is not.
    std::fs::remove_file(bench.path("b1/curves.csv")).expect("it was there");
    std::fs::remove_dir_all(bench.path("b1/examples")).expect("it was there");
    bench.run(&["compare", "a1", "b1", "--html", "page.html"]).success();
    let page = std::fs::read_to_string(bench.path("page.html")).expect("it was written");
    assert!(!page.contains("id=\"examples\"") && page.contains("id=\"curves\""));
    bench.write("b1/scores.csv", b"class,image,defect,score\ntile,a.png,,high\n");
    bench.run(&["compare", "a1", "b1", "--html", "page.html"]).fails(1, &["`b1`", "scores.csv", "`high` is no number"]);
}

#[test]
fn only_classes_that_all_runs_have_are_compared() {
    let bench = Bench::new();
    run(&bench, "both", &[]);
    for class in ["tile", "wood"] {
        let made = ["run", "small.diad", "--out", class, "--set", "rebuilding.steps=4", "--classes", class];
        bench.run(&made).success();
    }
    let json = bench.run(&["compare", "both", "tile", "--format", "json"]).success().stdout();
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let row = &json["rows"][0];
    let tile = bench.json("both/metrics.json")["evaluations"][0]["classes"][0]["metrics"]["image_auroc"].clone();
    assert_eq!((&row["metric"], &row["values"][0]["mean"]), (&"image_auroc".into(), &tile));
    assert_eq!(json["differences"]["classes"], serde_json::json!(["tile, wood", "tile"]));
    assert!(json["notes"].to_string().contains("the classes that all runs have: tile"), "{json:#}");
    bench.run(&["compare", "tile", "wood"]).fails(1, &["`tile` and `wood` have no class in common"]);
}

#[test]
fn what_can_not_be_compared_is_refused() {
    let bench = Bench::new();
    bench.data();
    run(&bench, "toy", &[]);
    let nuts = ["run", "small.diad", "--dataset", "mvtec", "--data", "data", "--set", "rebuilding.steps=1"];
    bench.run(&[&nuts[..], &["--out", "nuts"]].concat()).success();
    bench.run(&["compare", "toy", "nuts"]).fails(1, &["`toy` is of the data set `toy` and `nuts` of `mvtec`"]);
    bench.run(&["compare", "toy"]).fails(1, &["two runs or more"]);
    bench.run(&["compare", "toy", "data"]).fails(1, &["`data` has no metrics", "diadc resume"]);
    bench.write("toy/metrics.json", b"{\"format\": 2}");
    bench.run(&["compare", "nuts", "toy"]).fails(1, &["`toy` has no metrics", "format 2"]);
}

#[test]
fn runs_are_listed_with_how_far_they_have_come() {
    let bench = Bench::new();
    run(&bench, "runs/whole", &["--set", "width=8"]);
    run(&bench, "runs/group/trained", &["--seed", "3"]);
    std::fs::remove_file(bench.path("runs/group/trained/metrics.json")).expect("the run wrote it");
    run(&bench, "runs/begun", &[]);
    for name in ["metrics.json", "weights.safetensors"] {
        std::fs::remove_file(bench.path("runs/begun").join(name)).expect("the run wrote it");
    }
    bench.write("runs/odd/run.json", b"{");
    let json = bench.run(&["runs", "--format", "json"]).success().stdout();
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let state = |path: &str| {
        let found = json.as_array().into_iter().flatten().find(|run| run["path"] == path);
        found.unwrap_or_else(|| panic!("{path} is not in {json:#}"))["state"].clone()
    };
    assert_eq!(state("runs/whole"), "measured");
    assert_eq!(state("runs/group/trained"), "trained");
    assert_eq!(state("runs/begun")["begun"]["steps"], 4);
    assert!(state("runs/odd")["unreadable"].as_str().is_some_and(|why| why.contains("run.json")));
    let text = bench.run(&["runs"]).success().stdout();
    let row = text.lines().find(|line| line.contains("runs/whole")).expect("it is listed");
    let image = format!("{:.1}", 100.0 * value(&bench, "runs/whole", "image_auroc"));
    for words in ["Small", "toy", "rebuilding.steps=4 width=8", "measured", &image] {
        assert!(row.contains(words), "`{words}` is missing in {row}");
    }
    bench.run(&["runs", "nowhere"]).fails(1, &["can't read `nowhere`"]);
    bench.write("empty/file", b"");
    assert!(bench.run(&["runs", "empty"]).success().stdout().contains("no run lies in empty"));
}
