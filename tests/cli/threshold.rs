//! Thresholds: chosen on good images that training has not seen, kept with the weights, followed by predictions.

use super::harness::{Bench, SMALL};

/// A run of the small model on the toy data set, some of whose good images are held out.
fn run(bench: &Bench, hold_out: &str) {
    bench.write("small.diad", SMALL.replace("size = size", &format!("size = size{hold_out}")).as_bytes());
    let made = ["run", "small.diad", "--classes", "tile,wood", "--set", "rebuilding.steps=2", "--out", "run"];
    bench.run(&made).success();
}

fn scores(bench: &Bench, images: &str) -> Vec<f64> {
    let text =
        bench.run(&["predict", "run", "--images", images, "--scores-only", "--format", "jsonl"]).success().stdout();
    let score = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["score"].as_f64();
    text.lines().filter_map(score).collect()
}

#[test]
fn a_threshold_is_chosen_on_held_out_images_and_gives_verdicts() {
    let bench = Bench::new();
    run(&bench, "  hold_out = 0.2");
    let said = bench.run(&["threshold", "run", "--rule", "deviations=2"]).success().stdout();
    assert!(
        said.contains("deviations=2") && said.contains("held out of training") && !said.contains("optimistic"),
        "{said}"
    );
    let chosen = bench.json("run/threshold.json");
    let weights = &bench.json("run/metrics.json")["provenance"]["data"]["train"];
    let held_out = chosen["good"].as_u64().expect("it is a number");
    assert!(held_out > 0 && weights.as_u64().is_some_and(|all| held_out * 4 < all), "{chosen}");
    assert_eq!((&chosen["optimistic"], &chosen["chosen_on"]), (&false.into(), &"held_out".into()));
    let threshold = chosen["threshold"].as_f64().expect("it is a number");
    bench.run(&["data", "toy", "toy"]).success();
    let predict = |more: &[&str]| {
        let own = ["predict", "run", "--images", "toy/tile/test", "--scores-only", "--format", "jsonl"];
        bench.run(&[&own[..], more].concat())
    };
    let ended = predict(&[]).success();
    assert!(ended.stderr().contains("deviations=2 over"), "{}", ended.stderr());
    let mut verdicts = Vec::new();
    for line in ended.stdout().lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        let score = row["score"].as_f64().expect("it is a number");
        assert_eq!(row["anomalous"], serde_json::Value::Bool(score > threshold), "{row}");
        verdicts.push(score > threshold);
    }
    assert!(!verdicts.is_empty());
    for wrong in ["high", "nan", "inf"] {
        predict(&["--threshold", wrong]).fails(2, &["write a number"]);
    }
    // The lowest threshold calls every image anomalous, and the exit status says so on request.
    predict(&["--threshold", "-1", "--fail-if-anomalous"]).fails(3, &["above the threshold"]);
    // It stays with its weights, wherever they are.
    std::fs::rename(bench.path("run"), bench.path("moved")).expect("it can be moved");
    let moved = ["predict", "small.diad", "--weights", "moved/weights.safetensors", "--images", "toy/tile/test/good"];
    let said = bench.run(&[&moved[..], &["--scores-only"]].concat()).success();
    assert!(said.stderr().contains("threshold ") && said.stdout().contains("good  toy/"), "{}", said.stderr());
    // Another score is another scale.
    bench.write(
        "small.diad",
        SMALL.replace("size = size", "size = size  hold_out = 0.2").replace("^ 2", "^ 4").as_bytes(),
    );
    let other = bench.run(&[&moved[..], &["--scores-only"]].concat()).success().stderr();
    assert!(other.contains("chosen with another score") && other.contains("is not used"), "{other}");
    bench
        .run(&[&moved[..], &["--scores-only", "--fail-if-anomalous"]].concat())
        .fails(2, &["needs a threshold", "diadc threshold"]);
}

#[test]
fn a_quantile_of_named_images_is_that_of_their_scores() {
    let bench = Bench::new();
    run(&bench, "");
    // Nothing is held out, and the data set has no such part.
    bench.run(&["threshold", "run"]).fails(1, &["no good images that training has not seen", "--images", "hold_out"]);
    bench.run(&["threshold", "run", "--on", "validation"]).fails(1, &["no good images"]);
    assert!(!bench.path("run/threshold.json").exists());
    bench.run(&["data", "toy", "toy"]).success();
    let images = ["threshold", "run", "--images", "toy/tile/test/good", "--rule", "quantile=0.5", "--format", "json"];
    let text = bench.run(&images).success().stdout();
    let chosen: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(chosen, bench.json("run/threshold.json"));
    let mut scores = scores(&bench, "toy/tile/test/good");
    scores.sort_unstable_by(f64::total_cmp);
    let middle = |place: f64| scores[place as usize];
    let half = (scores.len() - 1) as f64 / 2.0;
    let median = f64::midpoint(middle(half.floor()), middle(half.ceil()));
    assert!(chosen["threshold"].as_f64().is_some_and(|own| (own - median).abs() < 1e-7), "{chosen} and {median}");
    assert_eq!((&chosen["chosen_on"], &chosen["good"]), (&"given".into(), &scores.len().into()));
}

#[test]
fn test_images_give_an_optimistic_threshold() {
    let bench = Bench::new();
    run(&bench, "");
    let said = bench.run(&["threshold", "run", "--on", "test", "--rule", "f1"]).success().stdout();
    assert!(said.contains("optimistic"), "{said}");
    let chosen = bench.json("run/threshold.json");
    assert_eq!((&chosen["optimistic"], &chosen["rule"]), (&true.into(), &"f1".into()));
    assert!(chosen["defective"].as_u64().is_some_and(|count| count > 0), "{chosen}");
    bench.picture("photo.png", 31, 90);
    let predict = ["predict", "run", "--images", "photo.png", "--scores-only"];
    assert!(bench.run(&predict).success().stderr().contains("optimistic"));
    bench.run(&["threshold", "run", "--rule", "f1"]).fails(2, &["--on test"]);
    bench.run(&["threshold", "run", "--rule", "mean"]).fails(2, &["quantile=0.99"]);
    bench.write("run/threshold.json", b"{}");
    bench.run(&predict).fails(1, &["threshold.json", "missing field"]);
}

#[test]
fn a_number_that_the_spec_fits_wins() {
    let bench = Bench::new();
    let spec = "model Fitted {\n    data { size = 8  hold_out = 0.2 }\n    part limit = Limit()\n    fn far(image: [B, 3, size]) \
                { mean(image, axis: 1, keep: true) }\n    fit limit(image) from held_out { { threshold: \
                quantile(mean(far(image), axis: [1, 2, 3]), 0.5) } }\n    score(image) { let map = far(image)\n        \
                { map: map, value: limit(mean(map, axis: [1, 2, 3])) } }\n}\n\
                /// Keeps a number for those who judge the score.\nblock Limit() {\n    fn (score) { score + 0 * stored([]) @ \"threshold\" }\n}\n";
    bench.write("fitted.diad", spec.replace("size])", "8, 8])").as_bytes());
    bench.run(&["run", "fitted.diad", "--classes", "tile", "--out", "run"]).success();
    bench.run(&["threshold", "run"]).fails(1, &["the spec fits a threshold itself"]);
    bench.picture("dark.png", 8, 1);
    bench.picture("white.png", 8, 255);
    let predict = ["predict", "run", "--images", "dark.png", "white.png", "--scores-only"];
    let ended = bench.run(&predict).success();
    assert!(ended.stderr().contains("which the spec has fitted"), "{}", ended.stderr());
    assert!(
        ended.stdout().contains("good  dark.png") && ended.stdout().contains("anomalous  white.png"),
        "{}",
        ended.stdout()
    );
}

#[test]
fn images_that_were_trained_on_are_told_under_any_name() {
    let bench = Bench::new();
    bench.data();
    bench.write("small.diad", SMALL.as_bytes());
    let own = ["--dataset", "mvtec", "--data", "data", "--set", "rebuilding.steps=1", "--out", "run"];
    bench.run(&[&["run", "small.diad"], &own[..]].concat()).success();
    bench.picture("new.png", 20, 3);
    bench.picture("other.png", 20, 4);
    let said = |images: &[&str]| bench.run(&[&["threshold", "run", "--images"], images].concat()).success().stderr();
    assert!(!said(&["new.png", "other.png"]).contains("trained on"));
    std::fs::copy(bench.path("data/nut/train/good/1.png"), bench.path("copy.png")).expect("it can be copied");
    let told = said(&["new.png", "copy.png"]);
    assert!(told.contains("warning: 1 of the 2 images were trained on"), "{told}");
}
