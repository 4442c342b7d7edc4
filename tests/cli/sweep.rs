//! Sweeps: points that share stages, that fail, that are ended and go on; and what is refused before one runs.

use std::time::{Duration, Instant};

use super::harness::{Bench, SMALL, listing};

/// Two trainings, the second with a width of its own, and a param that only the score reads.
const TWO: &str = r"//! An autoencoder, and a second one that learns what the first leaves.
use std::autoencoder::{ConvAutoencoder}

model Two {
    param width: int in [4, 8] = 4
    param power: int in 1..=9 = 2
    data { size = 16 }
    part first  = ConvAutoencoder(widths: [4, 4])
    part second = ConvAutoencoder(widths: [width, 4])
    objective beginning(image) trains first {
        mse(first(image + 0.05 * random_normal(like: image)), image)
    }
    objective ending(image) trains second { mse(second(image), image - first(image)) }
    training beginning { optimizer = adamw(lr: 2e-3)  batch = 4  steps = 12 }
    training ending    { optimizer = adamw(lr: 2e-3)  batch = 4  steps = 6 }
    score(image) {
        let map = mean(abs(image - first(image) - second(image)) ^ power, axis: 1)
        { map: map, value: max(map, axis: [1, 2]) }
    }
}
";

const DATA: &[&str] = &["--classes", "tile,wood"];

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("two.diad", TWO.as_bytes());
    bench
}

/// Weights without the header, which names the settings.
fn numbers(bench: &Bench, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(bench.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let length = bytes.first_chunk().map(|length| u64::from_le_bytes(*length)).expect("it begins with a length");
    bytes[8 + length as usize..].to_vec()
}

fn points(bench: &Bench) -> Vec<String> {
    listing(&bench.path("out/points"))
}

#[test]
fn points_share_equal_stages_and_end_with_the_weights_of_runs_of_their_own() {
    let bench = bench();
    let over = ["--over", "width=4,8", "--over", "power=2,3"];
    let preview = ["sweep", "two.diad", "--dry-run", "--format", "json"];
    let preview = bench.run(&[&preview, &over[..], DATA].concat()).success().stdout();
    let preview: serde_json::Value = serde_json::from_str(&preview).expect("it is JSON");
    let taken: Vec<u64> =
        preview["points"].as_array().into_iter().flatten().filter_map(|p| p["stages_taken"].as_u64()).collect();
    // The first training once, the second once for each width, nothing for another power.
    assert_eq!(taken, [0, 2, 1, 2], "{preview:#}");
    assert!(preview["points"][3]["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{preview:#}");
    assert!(!bench.path("runs").exists(), "nothing was written");
    let table = bench.run(&[&["sweep", "two.diad", "--out", "out", "--jobs", "2"], &over[..], DATA].concat()).success();
    let text = table.stdout();
    assert_eq!(text.lines().filter(|line| line.trim_start().starts_with(['4', '8'])).count(), 4, "{text}");
    assert_eq!(
        points(&bench),
        ["1_width=4_power=2_seed1", "2_width=4_power=3_seed1", "3_width=8_power=2_seed1", "4_width=8_power=3_seed1"]
    );
    let shared = listing(&bench.path("out/shared"));
    assert_eq!(shared.iter().filter(|name| name.ends_with(".safetensors")).count(), 3, "{shared:?}");
    for (number, width) in [(1, "4"), (2, "4"), (3, "8"), (4, "8")] {
        let name = &points(&bench)[number - 1];
        let set = format!("width={width}");
        let alone = format!("alone{number}");
        bench.run(&[&["train", "two.diad", "--out", &alone, "--set", &set], DATA].concat()).success();
        let own = numbers(&bench, &format!("out/points/{name}/weights.safetensors"));
        assert!(own == numbers(&bench, &format!("{alone}/weights.safetensors")), "{name}");
        let losses = |folder: &str| {
            let text = std::fs::read_to_string(bench.path(folder).join("losses.csv")).expect("it was written");
            text.lines().map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",")).collect::<Vec<_>>()
        };
        assert_eq!(losses(&format!("out/points/{name}")), losses(&alone), "{name}");
    }
    // Each point is a run as any other.
    let point = format!("out/points/{}", points(&bench)[3]);
    bench.run(&["eval", &point]).success();
    let results = bench.json("out/results.json");
    assert_eq!((&results["axes"][0], &results["rows"][3]["values"][1]), (&"width".into(), &"3".into()));
    let csv = std::fs::read_to_string(bench.path("out/results.csv")).expect("it was written");
    assert!(csv.starts_with("width,power,class,protocol,seeds,image_auroc,image_auroc_deviation,"), "{csv}");
    let page = std::fs::read_to_string(bench.path("out/results.html")).expect("it was written");
    assert!(page.contains("default-src 'none'") && page.contains("width=4,8"), "{page}");
}

#[test]
fn seeds_give_a_mean_and_a_spread() {
    let bench = Bench::new();
    let made = ["sweep", "small.diad", "--seeds", "1..=3", "--set", "rebuilding.steps=3", "--out", "out"];
    let text = bench.run(&[&made, DATA].concat()).success().stdout();
    let has_spread = text.contains(" +- ") || text.contains(" ± ");
    assert!(has_spread && text.contains("standard deviation"), "{text}");
    let values: Vec<f64> = points(&bench)
        .iter()
        .map(|name| {
            let metrics = bench.json(&format!("out/points/{name}/metrics.json"));
            metrics["evaluations"][0]["mean"]["pixel_auroc"]["value"].as_f64().expect("it is defined")
        })
        .collect();
    let mean = values.iter().sum::<f64>() / 3.0;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let row = bench.json("out/results.json")["rows"][0].clone();
    let found = &row["metrics"]["pixel_auroc"];
    assert_eq!((&row["seeds"], &found["runs"]), (&3.into(), &3.into()));
    for (found, expected) in [(&found["mean"], mean), (&found["deviation"], deviation)] {
        assert!(found.as_f64().is_some_and(|found| (found - expected).abs() < 1e-12), "{found} is not {expected}");
    }
}

#[test]
fn each_class_has_a_model_of_its_own_and_one_table() {
    let bench = Bench::new();
    let set = ["--set", "rebuilding.steps=2"];
    let made = [&["sweep", "small.diad", "--each-class", "--out", "out"], DATA, &set].concat();
    bench.run(&made).success();
    let rows = bench.json("out/results.json")["rows"].clone();
    let classes: Vec<&str> = rows.as_array().into_iter().flatten().filter_map(|row| row["class"].as_str()).collect();
    assert_eq!(classes, ["tile", "wood", "mean"]);
    let value = |row: usize| rows[row]["metrics"]["image_auroc"]["mean"].as_f64().expect("it is defined");
    assert!((value(2) - f64::midpoint(value(0), value(1))).abs() < 1e-12);
    bench.run(&[&["run", "small.diad", "--classes", "wood", "--out", "wood"], &set[..]].concat()).success();
    let own = numbers(&bench, &format!("out/points/{}/weights.safetensors", points(&bench)[1]));
    assert!(own == numbers(&bench, "wood/weights.safetensors"), "as a run of that class alone");
}

#[test]
fn a_file_says_the_same_as_a_command_line() {
    let bench = bench();
    let file = "spec = \"two.diad\"\nclasses = [\"tile\", \"wood\"]\nseeds = \"1..=2\"\n\n[set]\n\"beginning.steps\" = 3\n\n\
                [over]\nwidth = [8, 4]\n\n[[points]]\npower = 3\n\n[[points]]\npower = 2\n\"ending.lr\" = 1e-3\n";
    bench.write("here/ablation.toml", file.as_bytes());
    bench.write("here/two.diad", TWO.as_bytes());
    let rows = |arguments: &[&str]| {
        let json = bench.run(&[&["sweep"], arguments, &["--dry-run", "--format", "json"]].concat()).success().stdout();
        serde_json::from_str::<serde_json::Value>(&json).expect("it is JSON")["points"].clone()
    };
    let of_file = rows(&["here/ablation.toml"]);
    assert_eq!(of_file.as_array().map(Vec::len), Some(8));
    assert_eq!(of_file[0]["settings"], serde_json::json!({ "power": "3", "width": "8" }));
    assert_eq!(of_file[7]["settings"], serde_json::json!({ "power": "2", "ending.lr": "0.001", "width": "4" }));
    let over = ["two.diad", "--set", "beginning.steps=3", "--set", "power=3", "--over", "width=8,4", "--seeds", "1,2"];
    let of_words = rows(&[&over, DATA].concat());
    assert_eq!(of_words[1]["training_multiply_adds"], of_file[1]["training_multiply_adds"]);
    bench
        .run(&["sweep", "here/ablation.toml", "--over", "power=1"])
        .fails(2, &["`--over` does not go with a TOML file"]);
    bench.write("wrong.toml", b"spec = \"two.diad\"\nsedes = 3\n");
    bench.run(&["sweep", "wrong.toml"]).fails(1, &["wrong.toml", "unknown field `sedes`"]);
    bench.write("seeds.toml", b"spec = \"two.diad\"\nseeds = [1, 1]\n");
    bench.run(&["sweep", "seeds.toml"]).fails(1, &["seeds.toml", "the seed 1 is there twice"]);
}

/// Figures of a publication for two of four points.
const PUBLISHED: &str = "\n[published]\nsource = \"Doe, 2020, Table 3\"\nmetrics = [\"pixel_auroc\", \"pro\"]\n\
    notes = [\"by another protocol\"]\n\n[[published.rows]]\nset = { width = 8, power = 2 }\nvalues = \"91.5/-\"\n\n\
    [[published.rows]]\nset = { power = 3, width = 4 }\nvalues = \"90/88.25\"\n";

#[test]
fn what_a_publication_prints_stands_beside_ones_own_numbers() {
    let bench = bench();
    let file = |published: &str| {
        let head = "spec = \"two.diad\"\nclasses = [\"tile\", \"wood\"]\n[set]\n\"beginning.steps\" = 2\n\"ending.steps\" = 2\n";
        format!("{head}[over]\nwidth = [4, 8]\npower = [2, 3]\n{published}")
    };
    bench.write("cited.toml", file(PUBLISHED).as_bytes());
    let text = bench.run(&["sweep", "cited.toml", "--out", "out"]).success().stdout();
    for words in ["published: Doe, 2020, Table 3", "by another protocol", "91.5", "88.2"] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
    let rows = bench.json("out/results.json")["rows"].clone();
    assert_eq!(rows[2]["published"], serde_json::json!({ "pixel_auroc": 0.915 }));
    assert_eq!(rows[1]["published"], serde_json::json!({ "pixel_auroc": 0.9, "pro": 0.8825 }));
    assert_eq!((&rows[0]["published"], &rows[3]["published"]), (&serde_json::json!({}), &serde_json::json!({})));
    let csv = std::fs::read_to_string(bench.path("out/results.csv")).expect("it was written");
    let header: Vec<&str> = csv.lines().next().into_iter().flat_map(|line| line.split(',')).collect();
    let at = |name: &str| header.iter().position(|own| *own == name).expect("there is such a column");
    let cell = |row: usize, name: &str| csv.lines().nth(row).and_then(|line| line.split(',').nth(at(name)));
    assert_eq!((cell(3, "pixel_auroc_published"), cell(3, "pro_published")), (Some("0.915"), Some("")));
    assert_eq!(at("pixel_auroc_published"), at("pixel_auroc_deviation") + 1);
    let page = std::fs::read_to_string(bench.path("out/results.html")).expect("it was written");
    assert!(page.contains("Doe, 2020, Table 3") && page.contains("<td>91.5</td>"), "{page}");
    // They are of the spec and the images of the file.
    let other = bench.run(&["sweep", "cited.toml", "--spec", "two.diad", "--dry-run"]).success().stderr();
    assert!(other.contains("the figures of Doe, 2020, Table 3") && other.contains("left out"), "{other}");
    let other = bench.run(&["sweep", "cited.toml", "--set", "ending.lr=1e-3", "--dry-run"]).success().stderr();
    assert!(other.contains("left out"), "{other}");
    bench.run(&["sweep", "cited.toml", "--set", "width=4"]).fails(1, &["`width` is set twice"]);
    for (wrong, words) in [
        (PUBLISHED.replace("width = 8", "width = 7"), "width=7, power=2 are of no point"),
        (PUBLISHED.replace("width = 8, power = 2", "width = 8"), "width=8 are of no point"),
        (PUBLISHED.replace("width = 8, power = 2", "width = 4, power = 3"), "power=3, width=4 are there twice"),
        (PUBLISHED.replace("90/88.25", "90"), "1 figures for 2 metrics"),
        (PUBLISHED.replace("pixel_auroc", "pixel_auroq"), "unknown variant `pixel_auroq`"),
    ] {
        bench.write("wrong.toml", file(&wrong).as_bytes());
        bench.run(&["sweep", "wrong.toml", "--dry-run"]).fails(1, &[words]);
    }
    bench
        .run(&["sweep", "two.diad", "--spec", "small.diad", "--seeds", "1,2"])
        .fails(2, &["`--spec` needs a TOML file"]);
}

#[test]
fn what_can_not_run_is_refused_before_anything_does() {
    let bench = bench();
    let refused = |arguments: &[&str], status: i32, words: &[&str]| {
        bench.run(&[&["sweep", "two.diad", "--out", "out"], arguments, DATA].concat()).fails(status, words);
        assert!(!bench.path("out").exists(), "{arguments:?} has written something");
    };
    refused(&["--over", "widht=4,8"], 1, &["no `param widht`", "did you mean `width`?"]);
    refused(&["--over", "width=4,5"], 1, &["`width` can't be 5"]);
    refused(&["--over", "ending.stepz=4,5"], 1, &["no setting `stepz`"]);
    refused(&["--over", "width=4,4"], 1, &["two points are the same", "width=4, seed 1; and width=4, seed 1"]);
    refused(&["--over", "width=4,2 + 2"], 1, &["two points are the same"]);
    refused(&["--over", "width=4,8", "--set", "width=4"], 1, &["`width` is set twice"]);
    refused(&["--over", "width=4,8", "--over", "width=4,8"], 1, &["`width` is set twice"]);
    refused(&[], 1, &["nothing to vary", "--over NAME=A,B"]);
    refused(&["--over", "width"], 2, &["NAME=VALUE,VALUE"]);
    refused(&["--seeds", "3..1"], 2, &["no seed"]);
    refused(&["--over", "width=4,8", "--memory", "1MB"], 1, &["the point width=4, seed 1 needs more memory than"]);
    refused(&["--over", "width=4,8", "--jobs", "0"], 2, &["--jobs"]);
    bench.write("folder/file", b"");
    bench.run(&["sweep", "folder"]).fails(1, &["`folder` holds no sweep"]);
    bench
        .run(&[&["sweep", "two.diad", "--over", "width=4,8", "--out", "folder"], DATA].concat())
        .fails(1, &["`folder` is already there"]);
    bench.run(&["sweep", "two.diad", "--point", "1"]).fails(2, &["`--point` needs the directory of a sweep"]);
}

#[test]
fn points_that_fail_are_told_kept_and_tried_again() {
    let bench = Bench::new();
    // With a width of 8, a score that is not finite.
    let spec = SMALL.replace("value: max(map, axis: [1, 2])", "value: 1.0 / ((8 - width) * max(map, axis: [1, 2]))");
    bench.write("small.diad", spec.as_bytes());
    let made = ["sweep", "small.diad", "--over", "width=8,4", "--set", "rebuilding.steps=2", "--out", "out"];
    let ended = bench.run(&[&made, DATA].concat());
    let text = ended.stdout();
    assert!(
        text.contains("failed: width=8, seed 1") && text.lines().any(|line| line.trim_start().starts_with('4')),
        "{text}"
    );
    ended.fails(1, &["1 point failed", "`diadc sweep out` tries them again"]);
    let why = std::fs::read_to_string(bench.path("out/failures/1_width=8_seed1.txt")).expect("it is kept");
    assert!(why.contains("is not finite"), "{why}");
    assert!(bench.path("out/points/1_width=8_seed1/weights.safetensors").exists(), "what was trained stays");
    let before =
        std::fs::metadata(bench.path("out/points/2_width=4_seed1/report.html")).and_then(|data| data.modified());
    bench.run(&["sweep", "out"]).fails(1, &["1 point failed", "[1/2] begins: width=8"]);
    let after =
        std::fs::metadata(bench.path("out/points/2_width=4_seed1/report.html")).and_then(|data| data.modified());
    assert_eq!(before.ok(), after.ok(), "what is done is not done again");
    bench.run(&["sweep", "out", "--seeds", "1..=2"]).fails(2, &["`--seeds` does not go with a sweep that has begun"]);
    bench.run(&["sweep", "out", "--point", "3"]).fails(1, &["no point 3", "from 1 to 2"]);
}

#[cfg(unix)]
#[test]
fn a_sweep_that_was_killed_goes_on_and_two_do_not_run_at_a_time() {
    let bench = bench();
    let long = TWO.replace("steps = 12", "steps = 300").replace("steps = 6", "steps = 100");
    bench.write("two.diad", long.as_bytes());
    let over = ["sweep", "two.diad", "--over", "width=4,8", "--seeds", "1..=2"];
    bench.run(&[&over, &["--out", "whole"][..], DATA].concat()).success();
    let mut child = bench
        .command(&[&over, &["--out", "out"][..], DATA].concat())
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program can be started");
    let begun = Instant::now();
    let mut other = None;
    // The first point is in its second training: the result of the first is there.
    while begun.elapsed() < Duration::from_mins(2) {
        let shared = listing(&bench.path("out/shared"));
        if shared.iter().any(|name| name.ends_with(".safetensors")) {
            other = Some(bench.run(&["sweep", "out"]));
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    other.expect("a stage was shared").fails(1, &["another process works in `out`"]);
    // As `kill -9` for it and the point that it runs.
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
    let parent = child.id().to_string();
    for id in std::iter::once(parent.as_str()).chain(children.split_whitespace()) {
        let _ = std::process::Command::new("kill").args(["-KILL", id]).status();
    }
    assert!(!child.wait().expect("it ends").success(), "it was killed before its end");
    let done = |out: &str| listing(&bench.path(out)).iter().filter(|name| name.ends_with(".html")).count();
    assert_eq!(done("out"), 0, "it has no table yet");
    bench.run(&["sweep", "out"]).success();
    for name in points(&bench) {
        let weights = |out: &str| std::fs::read(bench.path(&format!("{out}/points/{name}/weights.safetensors")));
        assert!(weights("out").expect("it was written") == weights("whole").expect("it was written"), "{name}");
    }
    let csv = |out: &str| std::fs::read_to_string(bench.path(out).join("results.csv")).expect("it was written");
    assert_eq!(csv("out"), csv("whole"));
}

/// Files that may not grow beyond a size fail like those of a full disk do: in the middle of being written.
#[cfg(target_os = "linux")]
#[test]
fn a_sweep_whose_files_can_not_be_written_goes_on_when_there_is_room_again() {
    let bench = bench();
    let over = ["sweep", "two.diad", "--over", "power=2,3"];
    bench.run(&[&over, &["--out", "whole"][..], DATA].concat()).success();
    // Blocks of half a kilobyte: weights fit, a page with pictures does not.
    let limited = "trap '' XFSZ; ulimit -f 60; exec \"$0\" \"$@\"";
    let arguments = [&over, &["--out", "out"][..], DATA].concat();
    let output = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_diadc")])
        .args(&arguments)
        .current_dir(bench.path(""))
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("2 points failed") && said.contains("tries them again"), "{said}");
    let why = std::fs::read_to_string(bench.path("out/failures/1_power=2_seed1.txt")).expect("it is kept");
    assert!(why.contains("File too large") && why.contains("out/points/1_power=2_seed1/"), "{why}");
    // Nothing half written stays, and what was trained is not trained again.
    let names = listing(&bench.path("out/points/1_power=2_seed1"));
    assert!(names.contains(&"weights.safetensors".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with(".partial") || name == "report.html"), "{names:?}");
    bench.run(&["sweep", "out"]).success();
    let csv = |out: &str| std::fs::read_to_string(bench.path(out).join("results.csv")).expect("it was written");
    assert_eq!(csv("out"), csv("whole"));
}

/// A process that the system ends for want of memory says nothing more.
#[cfg(target_os = "linux")]
#[test]
fn a_point_that_is_killed_for_want_of_memory_ends_alone() {
    let bench = bench();
    bench.write("two.diad", TWO.replace("steps = 12", "steps = 300").as_bytes());
    let over = ["sweep", "two.diad", "--over", "width=4,8", "--set", "ending.steps=2"];
    let child = bench
        .command(&[&over, &["--out", "out"][..], DATA].concat())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program can be started");
    let begun = Instant::now();
    let mut killed = false;
    while !killed && begun.elapsed() < Duration::from_mins(2) {
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).into_iter().flatten().flatten();
        let children =
            threads.map(|thread| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
        let children: String = children.collect();
        let is_training = bench.path("out/points/1_width=4_seed1/losses.csv").exists();
        if let Some(id) = children.split_whitespace().next().filter(|_| is_training) {
            killed =
                std::process::Command::new("kill").args(["-KILL", id]).status().is_ok_and(|status| status.success());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(killed, "the first point never began to train");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("1 point failed"), "{said}");
    let why = std::fs::read_to_string(bench.path("out/failures/1_width=4_seed1.txt")).expect("it is kept");
    assert!(why.contains("ended without a word") && why.contains("out of memory"), "{why}");
    assert!(bench.path("out/points/2_width=8_seed1/metrics.json").exists(), "the other point has run");
    bench.run(&["sweep", "out"]).success();
}

#[test]
fn what_has_been_measured_is_gathered_without_running_anything() {
    let bench = bench();
    let slurm = [&["sweep", "two.diad", "--over", "power=2,3", "--out", "out", "--slurm"], DATA].concat();
    // Where there is no Slurm.
    let ended = bench.command(&slurm).env("PATH", bench.path("")).output().expect("the program can be started");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("can't submit jobs with `sbatch`"), "{said}");
    let script = std::fs::read_to_string(bench.path("out/slurm-1.sh")).expect("it was written");
    for words in ["#SBATCH --array=1\n", "logs/slurm-%A_%a.txt\n", "--point \"$SLURM_ARRAY_TASK_ID\"\n"] {
        assert!(script.contains(words), "`{words}` is not in\n{script}");
    }
    let collected = bench.run(&["sweep", "out", "--collect"]).success();
    assert!(collected.stderr().contains("2 points without a result yet"), "{}", collected.stderr());
    bench.run(&["sweep", "out", "--point", "1"]).success();
    let collected = bench.run(&["sweep", "out", "--collect", "--format", "csv"]).success();
    assert_eq!(collected.stdout().lines().count(), 2, "{}", collected.stdout());
    assert!(collected.stderr().contains("1 point without a result yet"), "{}", collected.stderr());
    assert_eq!(points(&bench).len(), 1, "nothing else has run");
    // A task that fails leaves its reason, and takes it back when it succeeds.
    bench.write("out/points/2_power=3_seed1/run.json", b"{}");
    bench.run(&["sweep", "out", "--point", "2"]).fails(1, &["holds no run"]);
    let failed = bench.run(&["sweep", "out", "--collect"]);
    assert!(failed.stdout().contains("failed: power=3, seed 1: error: "), "{}", failed.stdout());
    failed.fails(1, &["1 point failed"]);
    std::fs::remove_dir_all(bench.path("out/points/2_power=3_seed1")).expect("it can be removed");
    bench.run(&["sweep", "out", "--point", "2"]).success();
    bench.run(&["sweep", "out", "--collect"]).success();
    for wrong in [&["--collect", "--slurm"][..], &["--slurm-option=-p"], &["--slurm", "--slurm-option=p"]] {
        bench.run(&[&["sweep", "out"], wrong].concat()).fails(2, &["--slurm"]);
    }
    bench.run(&["sweep", "two.diad", "--collect"]).fails(2, &["`--collect` needs the directory of a sweep"]);
}
