//! What results know of how they were made: weights their settings, runs their spec, and everything written where it comes
//! from.

use std::process::Command;

use super::harness::{Bench, Ended, SMALL};

const DATA: &[&str] = &["--classes", "tile,wood"];

fn run(bench: &Bench, out: &str, more: &[&str]) -> Ended {
    bench.run(&[&["run", "small.diad", "--out", out], DATA, more].concat()).success()
}

/// A spec of two files, one of which lies above the other.
fn nested(bench: &Bench) {
    bench.write("lib/parts.diad", SMALL.replace("steps = 30", "steps = 3").as_bytes());
    let text = "//! Uses a file above it.\nuse \"../../lib/parts.diad\"::{Small}\n\nmodel Nested from Small {\n    param width: int in [4, 8] = 8\n}\n";
    bench.write("specs/deep/nested.diad", text.as_bytes());
}

#[test]
fn a_forgotten_setting_is_refused_and_one_that_is_given_is_said() {
    let bench = Bench::new();
    run(&bench, "out", &["--set", "size=32", "--set", "width=8"]);
    bench.picture("photo.png", 31, 90);
    let weights = ["--weights", "out/weights.safetensors"];
    let eval = |more: &[&str]| bench.run(&[&["eval", "small.diad"], &weights[..], DATA, more].concat());
    let words = ["`out/weights.safetensors` was trained with `size=32`, and this is `size=16`", "--set 'size=32'"];
    eval(&["--set", "width=8"]).fails(1, &words);
    // All that were forgotten are told at once, in place of shapes that do not fit.
    eval(&[]).fails(1, &["`size=32`", "`width=8`, and this is `width=4`", "the directory of its run"]);
    let meant = eval(&["--set", "size=16", "--set", "width=8"]).success().stderr();
    assert!(meant.contains("warning: ") && meant.contains("`size=32`, here `size=16`"), "{meant}");
    let same = eval(&["--set", "size=32", "--set", "width=8"]).success().stderr();
    assert!(!same.contains("warning"), "{same}");
    let predict = ["predict", "small.diad", "--images", "photo.png", "--out", "maps", "--set", "width=8"];
    bench.run(&[&predict, &weights[..]].concat()).fails(1, &["`size=32`"]);
    let call = ["call", "small.diad", "{x: ae.encode(random_normal(shape: [1, 3, 16, 16]))}", "--set", "width=8"];
    bench.run(&[&call, &weights[..]].concat()).fails(1, &["`size=32`"]);
    // Training may start from weights of other settings.
    let start = run(&bench, "next", &[&["--set", "width=8"], &weights[..]].concat()).stderr();
    assert!(start.contains("`size=32`, here `size=16`"), "{start}");
}

#[test]
fn a_spec_that_scores_otherwise_than_the_one_of_the_weights_is_said() {
    let bench = Bench::new();
    run(&bench, "out", &[]);
    let eval = || bench.run(&[&["eval", "small.diad", "--weights", "out/weights.safetensors"], DATA].concat());
    bench.write("small.diad", SMALL.replace("lr: 2e-3", "lr: 1e-3").as_bytes());
    assert!(!eval().success().stderr().contains("warning"), "how weights are trained does not change scores");
    bench.write("small.diad", SMALL.replace("^ 2", "^ 4").as_bytes());
    let words = eval().success().stderr();
    assert!(words.contains("scores otherwise than this one"), "{words}");
}

#[test]
fn a_run_directory_stands_for_all_that_it_knows_from_anywhere() {
    let bench = Bench::new();
    nested(&bench);
    let made = ["run", "specs/deep/nested.diad", "--out", "runs/a", "--seed", "3", "--set", "size=32"];
    let table = bench.run(&[&made, DATA].concat()).success().stdout();
    for name in ["spec/specs/deep/nested.diad", "spec/lib/parts.diad", "library/std/autoencoder.diad"] {
        assert!(bench.path("runs/a").join(name).is_file(), "{name}");
    }
    std::fs::rename(bench.path("specs"), bench.path("gone")).expect("it is there");
    std::fs::rename(bench.path("runs/a"), bench.path("moved")).expect("it is there");
    std::fs::create_dir(bench.path("elsewhere")).expect("it is not there yet");
    bench.picture("elsewhere/photo.png", 31, 90);
    let elsewhere = |arguments: &[&str]| {
        let output = bench.command(arguments).current_dir(bench.path("elsewhere")).output().expect("it can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(elsewhere(&["eval", "../moved"]), table);
    let other = elsewhere(&["eval", "../moved", "--set", "size=16"]);
    assert_ne!(other, table);
    let scores = elsewhere(&["predict", "../moved", "--images", "photo.png", "--out", "maps"]);
    assert_eq!(scores.lines().count(), 1, "{scores}");
    assert!(elsewhere(&["graph", "../moved", "-f", "score"]).contains("32"), "other commands take a run as well");
    // Repeated as it was, with the same seed and settings.
    elsewhere(&["run", "../moved", "--out", "again"]);
    let read = |name: &str| std::fs::read(bench.path(name)).expect("the run wrote it");
    assert!(read("elsewhere/again/weights.safetensors") == read("moved/weights.safetensors"));
}

#[test]
fn a_run_is_resumed_after_a_changed_comment_and_from_elsewhere_but_not_with_another_program() {
    let bench = Bench::new();
    nested(&bench);
    bench.data();
    let made = ["run", "specs/deep/nested.diad", "--out", "run", "--dataset", "mvtec", "--data", "data"];
    let table = bench.run(&made).success().stdout();
    for name in ["metrics.json", "report.html"] {
        std::fs::remove_file(bench.path("run").join(name)).expect("the run wrote it");
    }
    bench.write("lib/parts.diad", b"this is no spec any more");
    let copy = bench.path("run/spec/lib/parts.diad");
    let text = std::fs::read_to_string(&copy).expect("the run keeps it");
    std::fs::write(&copy, format!("{text}\n// A new comment.\n")).expect("it can be written");
    std::fs::create_dir(bench.path("elsewhere")).expect("it is not there yet");
    let resume =
        || bench.command(&["resume", "../run"]).current_dir(bench.path("elsewhere")).output().expect("it starts");
    let output = resume();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), table);
    // The data set lies where it lay, seen from the directory in which the run began.
    assert!(bench.json("run/run.json")["setup"]["data"].as_str().is_some_and(|data| data.starts_with('/')));
    std::fs::write(&copy, text.replace("2e-3", "1e-3")).expect("it can be written");
    let refused = resume();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("the program has changed since it began"), "{words}");
    // What is trained can be measured although the list of images has changed.
    std::fs::write(&copy, text).expect("it can be written");
    std::fs::remove_file(bench.path("data/nut/train/good/3.png")).expect("it is there");
    let words = String::from_utf8_lossy(&resume().stderr).into_owned();
    assert!(words.contains("the list of images has changed") && words.contains("`diadc eval ../run`"), "{words}");
    bench.run(&["eval", "run"]).success();
}

#[test]
fn everything_that_is_written_says_where_it_comes_from() {
    let bench = Bench::new();
    bench.data();
    let data = ["--dataset", "mvtec", "--data", "data"];
    let made =
        [&["run", "small.diad", "--out", "run", "--seed", "5", "--set", "width=8", "--set", "size=64"], &data[..]]
            .concat();
    bench.run(&made).success();
    bench.run(&["eval", "run", "--out", "eval", "--protocol", "exact,diad"]).success();
    bench.picture("photo.png", 31, 90);
    bench.run(&["predict", "run", "--images", "photo.png", "--out", "maps"]).success();
    let sha256 = |name: &str| {
        let output = Command::new("sha256sum").arg(bench.path(name)).output().expect("coreutils are there");
        String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned()
    };
    let facts = [
        bench.json("run/run.json")["provenance"].clone(),
        bench.json("run/metrics.json")["provenance"].clone(),
        bench.json("eval/metrics.json")["provenance"].clone(),
        bench.json("eval/provenance.json"),
        bench.json("maps/provenance.json"),
    ];
    for (number, of) in facts.iter().enumerate() {
        let date = of["date"].as_str().unwrap_or_default();
        assert!(date.len() == 20 && date.starts_with("20") && date.ends_with('Z'), "{number}: {of}");
        let command: Vec<&str> =
            of["command"].as_array().into_iter().flatten().filter_map(|word| word.as_str()).collect();
        assert_eq!(command.get(1), Some(&["run", "run", "eval", "eval", "predict"][number]), "{number}: {of}");
        assert_eq!((&of["version"], &of["seed"]), (&env!("CARGO_PKG_VERSION").into(), &5.into()), "{number}: {of}");
        assert_eq!((&of["settings"]["width"], &of["params"]["size"]), (&"8".into(), &"64".into()), "{number}: {of}");
        assert_eq!((&of["device"], &of["precision"]), (&"cpu".into(), &"f32".into()), "{number}: {of}");
        for hash in ["text_sha256", "program_sha256", "score_sha256"] {
            assert_eq!(of["spec"][hash].as_str().map(str::len), Some(64), "{number}: {of}");
            assert_eq!(of["spec"][hash], facts[0]["spec"][hash], "{number}: the spec is the same");
        }
        let weights = if number < 2 { serde_json::Value::Null } else { sha256("run/weights.safetensors").into() };
        assert_eq!(of["weights"]["sha256"], weights, "{number}: {of}");
        if number < 4 {
            assert_eq!((&of["data"]["name"], &of["data"]["train"]), (&"mvtec".into(), &4.into()), "{number}: {of}");
            assert_eq!(of["data"]["list_sha256"].as_str().map(str::len), Some(64), "{number}: {of}");
        }
    }
    assert_eq!(facts[2]["protocols"], serde_json::json!(["exact", "diad"]));
    let page = std::fs::read_to_string(bench.path("run/report.html")).expect("the run wrote it");
    let hash = facts[0]["spec"]["program_sha256"].as_str().unwrap_or_default();
    for words in [hash, "--seed 5 --set width=8", facts[0]["date"].as_str().unwrap_or_default()] {
        assert!(page.contains(words), "the page does not say `{words}`");
    }
    let printed = bench.run(&["eval", "run", "--format", "json"]).success().stdout();
    let printed: serde_json::Value = serde_json::from_str(&printed).expect("it is JSON");
    assert_eq!(printed["provenance"]["weights"], facts[2]["weights"]);
}

#[test]
fn a_directory_that_holds_no_run_or_none_that_is_trained_is_told() {
    let bench = Bench::new();
    bench.write("empty/file", b"");
    for command in [&["eval", "empty"][..], &["predict", "empty", "--images", "small.diad", "--out", "maps"]] {
        bench.run(command).fails(1, &["`empty` holds no run"]);
    }
    run(&bench, "out", &[]);
    std::fs::remove_file(bench.path("out/weights.safetensors")).expect("the run wrote it");
    bench.run(&["eval", "out"]).fails(1, &["weights.safetensors", "`diadc resume` continues it"]);
    bench.run(&["eval", "small.diad"]).fails(2, &["--weights FILE", "the directory of a run"]);
}

#[test]
fn an_evaluation_looks_at_the_images_before_it_scores_any() {
    let bench = Bench::new();
    bench.data();
    let data = ["--dataset", "mvtec", "--data", "data"];
    bench.run(&[&["run", "small.diad", "--out", "run"], &data[..]].concat()).success();
    bench.picture("data/nut/ground_truth/bent/0_mask.png", 20, 0);
    bench.run(&["eval", "run"]).fails(1, &["error[mask-empty]", "nothing was trained or scored"]);
    bench.run(&["eval", "run", "--unmarked", "empty"]).success();
}
