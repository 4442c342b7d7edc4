//! Whole runs: what they leave behind, that they can be repeated, and that they can be stopped.

use std::time::{Duration, Instant};

use super::harness::{Bench, listing};

const DATA: &[&str] = &["--classes", "tile,wood"];

fn run(bench: &Bench, out: &str, more: &[&str]) -> String {
    let arguments = [&["run", "small.diad", "--out", out], DATA, more].concat();
    bench.run(&arguments).success().stdout()
}

#[test]
fn a_run_leaves_weights_metrics_pictures_and_a_page() {
    let bench = Bench::new();
    let table = run(&bench, "out", &[]);
    assert!(table.contains("tile") && table.contains("wood") && table.contains("mean"), "{table}");
    let names = listing(&bench.path("out"));
    for name in ["weights.safetensors", "metrics.json", "report.html", "run.json", "losses.csv", "examples", "spec"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.ends_with(".partial")), "{names:?}");
    assert!(listing(&bench.path("out/spec")).contains(&"small.diad".to_owned()));
}

#[test]
fn scores_verdicts_and_metrics_of_a_run_agree() {
    let bench = Bench::new();
    run(&bench, "out", &[]);
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(bench.path(name)).expect("the run wrote it");
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let scores = rows("out/scores.csv");
    for row in rows("out/metrics.csv") {
        let json = bench.json("out/metrics.json")["evaluations"][0].clone();
        let value = if row[1] == "mean" {
            json["mean"][&row[2]]["value"].clone()
        } else {
            let classes = json["classes"].as_array().expect("it is a list").clone();
            let class = classes.into_iter().find(|class| class["class"] == *row[1]).expect("it is one of them");
            class["metrics"][&row[2]].clone()
        };
        match (value.as_f64(), row[3].parse::<f64>().ok()) {
            (Some(value), Some(own)) => assert!((value - own).abs() < 1e-12, "{row:?}: {value}"),
            (value, own) => assert_eq!(value, own, "{row:?}"),
        }
    }
    let verdicts = rows("out/verdicts.csv");
    assert_eq!(verdicts.len(), 2);
    for row in &verdicts {
        let threshold: f32 = row[1].parse().expect("it is a number");
        let above = |bad: bool, above: bool| {
            let meant = |own: &&Vec<String>| {
                own[0] == row[0]
                    && own[2].is_empty() != bad
                    && (own[3].parse::<f32>().expect("it is a number") > threshold) == above
            };
            scores.iter().filter(meant).count().to_string()
        };
        assert_eq!(row[2..], [above(true, true), above(true, false), above(false, false), above(false, true)]);
    }
    let page = std::fs::read_to_string(bench.path("out/report.html")).expect("the run wrote it");
    assert!(page.contains("which is optimistic"), "no good images have chosen the threshold");
    // A threshold that was chosen for the weights takes the place of the best ones of the classes.
    bench.run(&["threshold", "out", "--on", "test", "--rule", "deviations=2"]).success();
    bench.run(&["eval", "out", "--out", "again"]).success();
    let own = rows("again/verdicts.csv");
    let chosen = bench.json("out/threshold.json")["threshold"].as_f64().expect("it is a number") as f32;
    assert!(own.iter().all(|row| row[1].parse() == Ok(chosen)), "{own:?}");
}

#[test]
fn the_same_command_twice_gives_the_same_bytes() {
    let bench = Bench::new();
    run(&bench, "a", &[]);
    run(&bench, "b", &[]);
    run(&bench, "c", &["--seed", "2"]);
    let read = |name: &str| std::fs::read(bench.path(name)).expect("the run wrote it");
    assert_eq!(bench.metrics("a"), bench.metrics("b"));
    assert_eq!(read("a/weights.safetensors"), read("b/weights.safetensors"));
    assert_ne!(read("a/weights.safetensors"), read("c/weights.safetensors"));
}

#[test]
fn evaluation_of_saved_weights_agrees_with_the_run() {
    let bench = Bench::new();
    let table = run(&bench, "out", &[]);
    let arguments = [&["eval", "small.diad", "--weights", "out/weights.safetensors"], DATA].concat();
    assert_eq!(bench.run(&arguments).success().stdout(), table);
}

#[cfg(unix)]
#[test]
fn a_run_that_was_stopped_ends_with_the_same_weights() {
    let bench = Bench::new();
    bench.write("small.diad", super::harness::SMALL.replace("steps = 30", "steps = 400").as_bytes());
    run(&bench, "whole", &[]);
    let arguments = [&["run", "small.diad", "--out", "stopped"], DATA].concat();
    let mut child = bench
        .command(&arguments)
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program can be started");
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().expect("it is piped")));
    let mut stopped = false;
    for line in lines.map_while(Result::ok) {
        if line.contains("rebuilding: 1/400") {
            let id = child.id().to_string();
            stopped = std::process::Command::new("kill").args(["-INT", &id]).status().is_ok_and(|s| s.success());
        }
    }
    assert!(stopped, "the run never reported its first step");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(1), "it was stopped before its end");
    assert!(!bench.path("stopped/weights.safetensors").exists());
    bench.run(&["resume", "stopped"]).success();
    let read = |name: &str| std::fs::read(bench.path(name)).expect("the run wrote it");
    assert_eq!(read("whole/weights.safetensors"), read("stopped/weights.safetensors"));
    assert_eq!(bench.metrics("whole"), bench.metrics("stopped"));
    // All but the pace is the same, with no step twice.
    let losses = |out: &str| {
        let text = std::fs::read_to_string(bench.path(&format!("{out}/losses.csv"))).expect("the run wrote it");
        text.lines().map(|line| line.rsplit_once(',').map(|(rest, _)| rest.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(losses("whole"), losses("stopped"));
    assert_eq!(losses("whole").len(), 401);
}

#[test]
fn losses_are_lines_in_a_file_from_the_first_step_on() {
    let bench = Bench::new();
    let spec = super::harness::SMALL.replace("steps = 30", "schedule = cosine_schedule(warmup: 2)  steps = 6");
    bench.write("small.diad", spec.as_bytes());
    run(&bench, "out", &[]);
    let text = std::fs::read_to_string(bench.path("out/losses.csv")).expect("the run wrote it");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["step", "phase", "objective", "loss", "gradient_norm", "learning_rate", "images_per_second"]);
    assert_eq!(rows.len(), 7);
    for (step, row) in (1_u32..).zip(&rows[1..]) {
        assert_eq!(row[..3], [step.to_string().as_str(), "1", "rebuilding"]);
        // Half of 2e-3 in the first step of the warm-up, all of it in the second, then along half a cosine.
        let way = f64::from(step.saturating_sub(3)) / 4.0;
        let rate = if step == 1 { 1e-3 } else { 2e-3 * 0.5 * (1.0 + (std::f64::consts::PI * way).cos()) };
        let found: f64 = row[5].parse().expect("it is a number");
        assert!((found - rate).abs() < 1e-12, "step {step}: {found}, not {rate}");
        for (place, what) in [(3, "loss"), (4, "gradient norm")] {
            assert!(row[place].parse::<f64>().is_ok_and(|own| own > 0.0), "{what}: {row:?}");
        }
    }
}

#[test]
fn prediction_writes_a_map_for_each_image() {
    let bench = Bench::new();
    run(&bench, "out", &[]);
    for (i, level) in [40, 200].into_iter().enumerate() {
        bench.picture(&format!("photos/{i}.png"), 31, level);
    }
    let arguments =
        ["predict", "small.diad", "--weights", "out/weights.safetensors", "--out", "maps", "--images", "photos"];
    let scores = bench.run(&arguments).success().stdout();
    assert_eq!(scores.lines().count(), 2, "{scores}");
    let names = listing(&bench.path("maps"));
    assert_eq!(names.len(), 6, "{names:?}");
    let map = image::open(bench.path("maps/0000-photos-0.map.png")).expect("it is a picture");
    assert_eq!((map.width(), map.height()), (16, 16));
}

#[test]
fn the_toy_set_written_out_is_read_as_mvtec() {
    let bench = Bench::new();
    bench.run(&["data", "toy", "toy"]).success();
    let started = Instant::now();
    let from_files = ["run", "small.diad", "--dataset", "mvtec", "--data", "toy", "--out", "files"];
    let table = bench.run(&[&from_files, DATA].concat()).success().stdout();
    assert_eq!(table, run(&bench, "memory", &[]), "after {:?}", started.elapsed().min(Duration::MAX));
}

#[test]
fn settings_change_the_graph() {
    let bench = Bench::new();
    let graph = |set: &[&str]| bench.run(&[&["graph", "tiny", "-f", "score"], set].concat()).success().stdout();
    let plain = graph(&[]);
    for set in ["fusion=off", "join={middle}", "scales=[3]", "steps=7"] {
        assert_ne!(graph(&["--set", set]), plain, "{set}");
    }
}
