//! Stored tensors as a user meets them: before a fit has computed them, and in files of weights.

use super::harness::Bench;

/// A part with a weight that a file gives, and one that a fit computes.
const SPEC: &str = r#"
block Centre() {
    fn (x: [B, C, H, W]) { mixed(x) - stored([3, H, W]) @ "mean" }
    fn mixed(x: [B, C, H, W]) { x |> conv(1, out: 3) @ "mix" }
}
model Centred {
    data { size = 8 }
    part centre = Centre()
    fit centre(image) { {mean: mean(centre.mixed(image), axis: 0)} }
    score(image) {
        let map = mean(centre(image) ^ 2, axis: 1)
        {map: map, value: max(map, axis: [1, 2])}
    }
}"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.data();
    bench.write("centred.diad", SPEC.as_bytes());
    bench
}

#[test]
fn a_file_to_begin_with_needs_no_stored_tensor() {
    let bench = bench();
    let ended = bench.run(&["weights", "init", "centred.diad", "--out", "start.safetensors"]).success();
    assert!(ended.stdout().contains("a fit, when it runs"), "{}", ended.stdout());
    let listed = bench.run(&["weights", "inspect", "start.safetensors"]).success().stdout();
    assert!(listed.contains("centre.mix.weight") && !listed.contains("centre.mean"), "{listed}");
    let checked = bench.run(&["weights", "check", "centred.diad", "start.safetensors"]).success().stdout();
    assert!(checked.contains("centre.mean  computed by a fit"), "{checked}");
    let data = ["--dataset", "mvtec", "--data", "data"];
    let run = ["run", "centred.diad", "--weights", "start.safetensors", "--out", "run"];
    bench.run(&[&run[..], &data].concat()).success();
    bench.run(&[&["eval", "centred.diad", "--weights", "run/weights.safetensors"][..], &data].concat()).success();
    bench
        .run(&[&["eval", "centred.diad", "--weights", "start.safetensors"][..], &data].concat())
        .fails(1, &["1 missing", "centre.mean", "a fit computes one of these: `diadc run` begins with such a file"]);
}

#[test]
fn a_run_says_which_weights_a_fit_computes_and_how_many_images_are_held_out() {
    let bench = bench();
    bench.write("centred.diad", SPEC.replace("size = 8", "size = 8  hold_out = 0.25").as_bytes());
    bench.run(&["weights", "init", "centred.diad", "--out", "start.safetensors"]).success();
    let run = ["run", "centred.diad", "--weights", "start.safetensors", "--dataset", "mvtec", "--data", "data"];
    let words = bench.run(&[&run[..], &["--out", "run"]].concat()).success().stderr();
    assert!(words.contains("start.safetensors: 2 weights, 1 not in it, which a fit computes\n"), "{words}");
    assert!(words.contains("(1 class, 3 training, 1 held-out and 2 test images)"), "{words}");
    bench.write("centred.diad", SPEC.as_bytes());
    let words = bench.run(&[&run[..], &["--out", "all"]].concat()).success().stderr();
    assert!(words.contains("(1 class, 4 training and 2 test images)"), "{words}");
}

/// A part at the top, whose path holds those of all others, and one with a fit.
const TOPMOST: &str = r#"
block Top() { fn (x: [B, C, H, W]) { x |> conv(1, out: 3) @ "mix" } }
block Centre() { fn (x: [B, C, H, W]) { x - (fixed([3, 1, 1], init: normal(0.0, 1.0)) @ "shift") - stored([3, H, W]) @ "mean" } }
model Topmost {
    param side: int = 8
    data { size = side }
    part top = Top() @ ""
    fresh part centre = Centre()
    fit centre(image) { {mean: mean(top(image), axis: 0)} }
    score(image) {
        let map = mean(centre(top(image)) ^ 2, axis: 1)
        {map: map, value: max(map, axis: [1, 2])}
    }
}"#;

#[test]
fn a_weight_belongs_to_the_part_with_the_longest_path_that_holds_it() {
    let bench = bench();
    bench.write("top.diad", TOPMOST.as_bytes());
    let table = bench.run(&["weights", "init", "top.diad", "--out", "start.safetensors"]).success().stdout();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1][..3], ["top", "2", "12"], "{table}");
    assert!(rows[2..].iter().all(|row| row[0] == "centre" && row[1] == "1"), "{table}");
    let cost = bench.run(&["cost", "top.diad"]).success().stdout();
    let parameters = |part: &str| {
        let line = cost.lines().find(|line| line.starts_with(part)).expect("the part is listed");
        line.split_whitespace().nth(2).expect("its parameters").to_owned()
    };
    assert_eq!(parameters("top (Top)"), "12", "{cost}");
    // At the top there is no call around an operation.
    assert!(!cost.contains("in   "), "{cost}");
}

/// A part of as many layers as its model says, of which the last is named by their number.
const DEEP: &str = r#"
block Deep(depth: int) {
    fn (x: [B, C, H, W]) {
        var y = x |> conv(1, out: 3) @ "first"
        for i in 0..depth { y = y |> conv(1, out: 3) @ "layer{i}" }
        y |> conv(1, out: 3) @ "last{depth}"
    }
}
model Layered {
    param depth: int = 3
    part net = Deep(depth)
    fn f(x: [B, 3, 8, 8]) { net(x) }
}"#;

#[test]
fn a_file_of_another_setting_says_which_it_may_be() {
    let bench = bench();
    bench.write("top.diad", TOPMOST.as_bytes());
    let data = ["--dataset", "mvtec", "--data", "data"];
    bench.run(&[&["run", "top.diad", "--set", "side=4", "--out", "run"][..], &data].concat()).success();
    let weights = ["--weights", "run/weights.safetensors"];
    bench.run(&[&["eval", "top.diad"][..], &weights, &data].concat()).fails(1, &["was trained with `side=4`"]);
    // A file that does not say how it was trained is told by its shapes.
    bench.run(&["weights", "convert", "run/weights.safetensors", "bare.pt"]).success();
    let weights = ["--weights", "bare.pt"];
    bench
        .run(&[&["eval", "top.diad"][..], &weights, &data].concat())
        .fails(1, &["centre.mean [3, 8, 8], the file has [3, 4, 4]", "with `--set side=4` the file fits"]);
    bench.run(&[&["eval", "top.diad", "--set", "side=4"][..], &weights, &data].concat()).success();
    // Of another depth, no number says what is meant.
    bench.write("deep.diad", DEEP.as_bytes());
    bench.run(&["weights", "init", "deep.diad", "--set", "depth=2", "--out", "two.safetensors"]).success();
    let listed = bench.run(&["weights", "check", "deep.diad", "two.safetensors"]);
    assert!(listed.stdout().contains("with `--set`: `depth`"), "{}", listed.stdout());
    // Nor where only layers are missing, or a number that many things have differs.
    let plain = DEEP.replace("last{depth}", "last");
    bench.write("plain.diad", plain.as_bytes());
    bench.run(&["weights", "init", "plain.diad", "--set", "depth=2", "--out", "less.safetensors"]).success();
    let listed = bench.run(&["weights", "check", "plain.diad", "less.safetensors"]);
    assert!(listed.stdout().contains("with `--set`: `depth`"), "{}", listed.stdout());
    bench.write("wide.diad", plain.replace("conv(1,", "conv(3,").as_bytes());
    let listed = bench.run(&["weights", "check", "wide.diad", "less.safetensors", "--set", "depth=2"]);
    assert!(listed.stdout().contains("with `--set`: `depth`"), "{}", listed.stdout());
    // A whole part that is missing says nothing of that.
    let other =
        plain.replace("part net", "part other = Deep(2)\n    part net").replace("{ net(x) }", "{ net(other(x)) }");
    bench.write("other.diad", other.as_bytes());
    let listed = bench.run(&["weights", "check", "other.diad", "less.safetensors", "--set", "depth=2"]);
    assert!(!listed.stdout().contains("`--set`"), "{}", listed.stdout());
}

#[test]
fn too_few_rows_for_a_memory_are_told_by_the_setting_of_their_number() {
    let bench = Bench::new();
    bench.data();
    let spec = MEMORY.replace("data { size = 64 }", "param rows: int = 70000\n    data { size = 64 }");
    let spec = spec.replace("count: 5", "count: rows").replace("stored([5, C])", "stored([rows, C])");
    let spec = spec.replace("block Memory()", "block Memory(rows: int)").replace("= Memory()", "= Memory(rows)");
    bench.write("remembered.diad", spec.replace("rows(image)", "patches(image)").as_bytes());
    let run = ["run", "remembered.diad", "--dataset", "mvtec", "--data", "data", "--out", "run"];
    bench.run(&run).fails(1, &["70000 rows are to be chosen, and there are only 16384; `--set rows=16384` would do"]);
    let plain = MEMORY.replace("count: 5", "count: 70000").replace("stored([5, C])", "stored([70000, C])");
    bench.write("remembered.diad", plain.as_bytes());
    let again = [&run[..6], &["--out", "again"]].concat();
    bench.run(&again).fails(1, &["a `count` of at most that would do, or more images"]);
}

#[test]
fn a_call_refuses_a_stored_tensor_that_was_never_computed() {
    let bench = bench();
    bench
        .run(&[
            "call",
            "centred.diad",
            "centre(expand(reshape(eye(8), [1, 1, 8, 8]), [1, 3, 8, 8]))",
            "--weights",
            "init",
        ])
        .fails(2, &["`centre.mean` has no first value: a fit computes it"]);
    bench
        .run(&[
            "call",
            "centred.diad",
            "centre.mixed(expand(reshape(eye(8), [1, 1, 8, 8]), [1, 3, 8, 8]))",
            "--weights",
            "init",
        ])
        .success();
}

/// A memory of pixels, chosen from more of them than a small budget holds.
const MEMORY: &str = r#"
block Memory() {
    fn (x: [B, N, C]) { nearest(x, stored([5, C]) @ "bank") |> reshape([B, N]) }
}
model Remembered {
    data { size = 64 }
    part memory = Memory()
    fn rows(image) { image |> to_tokens |> repeated_rows }
    fn repeated_rows(x: [B, N, C]) { concat(for _ in 0..64 { x }, axis: 2) }
    fit memory(image) { {bank: coreset(reshape(rows(image), [-1, 192]), count: 5, project: 8, at_most: 1000000)} }
    score(image) {
        let map = memory(rows(image)) |> reshape([-1, 1, 64, 64])
        {map: map, value: max(map, axis: [1, 2, 3])}
    }
}"#;

#[test]
fn a_budget_too_small_for_the_rows_of_a_coreset_says_how_many_would_do() {
    let bench = Bench::new();
    bench.data();
    for i in 4..100 {
        bench.picture(&format!("data/nut/train/good/{i}.png"), 8, i);
    }
    bench.write("remembered.diad", MEMORY.as_bytes());
    let data = ["--dataset", "mvtec", "--data", "data"];
    let run = ["run", "remembered.diad", "--memory", "300MB", "--out", "run"];
    bench
        .run(&[&run[..], &data].concat())
        .fails(1, &["the fit of `memory` needs", "its `coreset` would do with `at_most: "]);
    assert!(!bench.path("run").exists());
}

/// The shell limits the size of files, as a full disk does; without the signal, writing fails.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_after_a_fit_is_told_and_the_run_goes_on_later() {
    let bench = bench();
    let wide = SPEC.replace("size = 8", "size = 160");
    bench.write("centred.diad", wide.as_bytes());
    let program = env!("CARGO_BIN_EXE_diadc");
    let run =
        format!("trap '' XFSZ; ulimit -f 100; exec {program} run centred.diad --dataset mvtec --data data --out run");
    let output = std::process::Command::new("sh")
        .args(["-c", &run])
        .current_dir(bench.path("."))
        .env("NO_COLOR", "1")
        .output()
        .expect("there is a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && !stderr.contains("panicked"), "{stderr}");
    assert!(stderr.contains("can't write") && stderr.contains("safetensors"), "{stderr}");
    assert!(stderr.contains("`diadc resume run` goes on"), "{stderr}");
    assert!(!bench.path("run/weights.safetensors").exists());
    bench.run(&["resume", "run"]).success();
    assert!(bench.path("run/weights.safetensors").exists());
}
