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
        .fails(1, &["1 missing", "centre.mean"]);
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
    assert!(!bench.path("run/weights.safetensors").exists());
    bench.run(&["resume", "run"]).success();
    assert!(bench.path("run/weights.safetensors").exists());
}
