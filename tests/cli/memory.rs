//! What `diadc cost` says that a function takes, against the most memory that a process which calls it has held.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;

use diadc::execute::HostTensor;
use diadc::weight;
use serde_json::Value;

use super::harness::Bench;

/// An estimate may be off by so much, as `benches/memory.rs` says.
const TOLERANCE: f64 = 0.1;

/// Or by so many bytes: how much of the program itself is resident differs between machines.
const SLACK: f64 = 20e6;

/// Threads of both processes: each of them packs matrices into memory of its own.
const THREADS: &str = "2";

/// Attention between many pixels, a convolution and a transposed one.
const PIXELS: &str = r#"//! Pixels attend to each other, between a convolution and a transposed one.

block Pixels(width: int) {
    fn (image) {
        let x = image |> conv(3, out: width, stride: 2) @ "in"
        let tokens = to_tokens(x)
        let (q, k, v) = split(tokens |> linear(3 * width) @ "qkv", 3, axis: -1)
        let seen = tokens + multi_head_attention(q, k, v, heads: 4)
        to_image(seen, like: x) |> conv_transpose(4, out: 3, stride: 2, padding: 1) @ "out"
    }
}

model Attending {
    data { size = 64 }
    part net = Pixels(width: 128)
    objective restoring(image) trains net { mse(net(image), image) }
    training restoring { optimizer = adamw(lr: 1e-3)  batch = 4  steps = 1 }
    score(image) {
        let map = mean((net(image) - image) ^ 2, axis: 1)
        { map: map, value: max(map, axis: [1, 2]) }
    }
}
"#;

#[test]
fn scoring_with_a_narrow_denoiser_takes_what_is_estimated() {
    is_near_its_estimate(concat!(env!("CARGO_MANIFEST_DIR"), "/specs/tiny.diad"), 128, 64);
}

#[test]
fn scoring_with_many_weights_takes_what_is_estimated() {
    is_near_its_estimate(concat!(env!("CARGO_MANIFEST_DIR"), "/specs/small.diad"), 4, 128);
}

#[test]
fn attention_and_convolutions_of_large_images_take_what_is_estimated() {
    is_near_its_estimate("attending.diad", 32, 64);
}

/// Scores a batch of images of a size.
fn is_near_its_estimate(spec: &str, batch: usize, size: usize) {
    let bench = Bench::new();
    bench.write("attending.diad", PIXELS.as_bytes());
    let shape = [batch, 3, size, size];
    let numbers = (0..shape.iter().product()).map(|i| (i % 23) as f32 / 23.0).collect();
    let image = HostTensor::floats(&shape, numbers);
    weight::write(&bench.path("x.safetensors"), &[("image", &image)], &BTreeMap::new()).expect("it can be written");

    let estimated = estimate(&bench, spec, batch);
    let call = ["call", spec, "score", "--inputs", "x.safetensors", "--weights", "init"];
    let mut command = bench.command(&call);
    let output = command.env("RAYON_NUM_THREADS", THREADS).output().expect("the program can be started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let measured = most_held(&stderr);
    let off = estimated / measured - 1.0;
    assert!(
        (estimated - measured).abs() <= (TOLERANCE * measured).max(SLACK),
        "{spec}: {:.1} MB are estimated, {:.1} MB were held: {:+.1} %",
        estimated / 1e6,
        measured / 1e6,
        100.0 * off
    );
}

/// The bytes that `diadc cost` says scoring takes.
fn estimate(bench: &Bench, spec: &str, batch: usize) -> f64 {
    let mut command = bench.command(&["cost", spec, "--batch", &batch.to_string(), "--format", "json"]);
    let output = command.env("RAYON_NUM_THREADS", THREADS).output().expect("the program can be started");
    let json: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let peaks = json["memory"]["peaks"].as_array().expect("a list of functions");
    let score = peaks.iter().find(|peak| peak["name"] == "score").expect("the model has a score");
    score["bytes"]["total"].as_f64().expect("a number of bytes")
}

/// The most bytes that the process held, as it prints at its end.
fn most_held(stderr: &str) -> f64 {
    let (_, after) = stderr.split_once("at most ").expect("a command says how much memory it held");
    let mut words = after.split_whitespace();
    let number: f64 = words.next().and_then(|word| word.parse().ok()).expect("a number");
    match words.next() {
        Some("MB") => number * 1e6,
        Some("GB") => number * 1e9,
        unit => panic!("no unit of these sizes: {unit:?}"),
    }
}

/// Networks of convolutions, of attention, with batch statistics, with gradients that are accumulated and clipped, and with
/// what is computed again: what a step of their training holds at most.
#[test]
fn the_memory_of_training_is_estimated() {
    let conv = "x |> conv(3, out: 48) @ \"a\" |> silu |> conv(3, out: 48) @ \"b\" |> group_norm(4) @ \"n\" |> silu |> conv(3, out: 3) @ \"c\"";
    let attention = "(x |> conv(8, out: 64, stride: 8, padding: 0) @ \"a\" |> reshape([B, 64, -1]) |> permute([0, 2, 1]) |> linear(512) @ \"b\" |> (|x| attention(reshape(x, [B, 1, -1, 512]), reshape(x, [B, 1, -1, 512]), reshape(x, [B, 1, -1, 512]))) |> gelu |> linear(512) @ \"c\" |> layer_norm() @ \"n\")";
    let statistics = "x |> conv(3, out: 64, stride: 2) @ \"a\" |> batch_norm() @ \"n\" |> relu |> max_pool(3, stride: 2, padding: 1) |> conv(3, out: 128) @ \"b\" |> batch_norm() @ \"m\" |> relu |> conv(3, out: 64) @ \"c\"";
    let adam = "optimizer = adamw(lr: 1e-3)";
    let sgd = "optimizer = sgd(lr: 1e-3, momentum: 0.9)";
    let cases = [
        ("convolutions", conv, format!("{adam}  batch = 8")),
        ("attention", attention, format!("{adam}  batch = 16")),
        ("statistics", statistics, format!("{sgd}  batch = 24")),
        ("accumulated", conv, format!("{sgd}  batch = 8  accumulate = 4  clip_norm = 1.0")),
        ("again", conv, format!("{adam}  batch = 8  recompute = true")),
    ];
    let bench = Bench::new();
    for (name, body, settings) in cases {
        let text = format!(
            "//! A net.\nblock Net() {{ fn (x: [B, 3, 128, 128]) {{ {body} }} }}\nmodel M {{\n    data {{ size = 128 }}\n    part net = Net()\n    objective o(image) trains net {{ mean(net(image) ^ 2) }}\n    training o {{ {settings}  steps = 2 }}\n}}\n"
        );
        let file = format!("{name}.diad");
        bench.write(&file, text.as_bytes());
        let batch = settings.split("batch = ").nth(1).and_then(|rest| rest.split(' ').next()).expect("it has a batch");
        let arguments = ["bench", &file, "--phases", "training", "--batch", batch, "--steps", "1", "--format", "json"];
        let result: serde_json::Value =
            serde_json::from_str(&bench.run(&arguments).success().stdout()).expect("it is JSON");
        let point = &result["points"][0];
        let [estimated, measured] =
            ["estimated_memory", "peak_memory"].map(|name| point[name].as_u64().expect("a number of bytes") as f64);
        let off = (estimated - measured).abs();
        assert!(measured > 6e7, "{name}: {measured}");
        assert!(off <= (0.05 * measured).max(2e7), "{name}: estimated {estimated:.3e}, measured {measured:.3e}");
    }
}
