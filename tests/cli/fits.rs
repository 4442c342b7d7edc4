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
