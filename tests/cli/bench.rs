//! `diadc bench`: what it counts and says, never how long something took.

use serde_json::Value;

use super::harness::Bench;

/// A small model whose score runs a loop.
const LOOPING: &str = r"//! An autoencoder that is applied again and again.
use std::autoencoder::{ConvAutoencoder}

model Looping {
    param turns: int in 1..=50 = 3
    data { size = 16 }
    part ae = ConvAutoencoder(widths: [4, 4])
    objective rebuilding(image) trains ae { mse(ae(image), image) }
    training rebuilding { optimizer = adamw(lr: 1e-3)  batch = 4  steps = 2 }
    fn again(image) {
        let shifts = for i in 0..turns { 0.01 * i }
        loop x = image over shift in shifts { ae(x) + shift }
    }
    score(image) {
        let map = mean((image - again(image)) ^ 2, axis: 1)
        { map: map, value: max(map, axis: [1, 2]) }
    }
}
";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("looping.diad", LOOPING.as_bytes());
    bench
}

fn measured(bench: &Bench, arguments: &[&str]) -> Value {
    let all = [&["bench"][..], arguments, &["--steps", "1", "--format", "json"]].concat();
    serde_json::from_str(&bench.run(&all).success().stdout()).expect("it is JSON")
}

fn points(result: &Value) -> Vec<&Value> {
    result["points"].as_array().expect("a list of points").iter().collect()
}

fn multiply_adds(point: &Value) -> u64 {
    point["multiply_adds"].as_u64().expect("a number of multiply-adds")
}

/// What `diadc cost` says that a function does for one image.
fn cost(bench: &Bench, spec: &str, function: &str) -> u64 {
    let text = bench.run(&["cost", spec, "--format", "json"]).success().stdout();
    let cost: Value = serde_json::from_str(&text).expect("it is JSON");
    let functions = cost["functions"].as_array().expect("a list of functions");
    let own = functions.iter().find(|own| own["name"] == function).expect("the model has the function");
    own["optimized"].as_u64().expect("its extents are known")
}

#[test]
fn everything_that_a_model_does_is_measured_for_each_batch_and_precision() {
    let bench = bench();
    let result = measured(&bench, &["looping.diad", "--batch", "1,3", "--precision", "f32,bf16"]);
    assert_eq!(result["format"], "diadc bench 1");
    assert_eq!(result["is_complete"], true);
    let found: Vec<String> = points(&result)
        .iter()
        .map(|point| format!("{} {} {}", point["kind"], point["batch"], point["precision"]).replace('"', ""))
        .collect();
    let mut expected = Vec::new();
    for precision in ["f32", "bf16"] {
        for batch in [1, 3] {
            expected.extend(["score", "loop", "training"].map(|kind| format!("{kind} {batch} {precision}")));
        }
    }
    assert_eq!(found, expected);
    for point in points(&result) {
        let [first, median, lower, upper] =
            [&point["first"], &point["steady"]["median"], &point["steady"]["lower"], &point["steady"]["upper"]]
                .map(|seconds| seconds.as_f64().expect("seconds"));
        assert!(first > 0.0 && lower > 0.0 && lower <= median && median <= upper, "{point}");
        assert!(point["share_of_peak"].as_f64().is_some_and(|share| share > 0.0), "{point}");
        assert!(point["estimated_memory"].as_u64().is_some_and(|bytes| bytes > 0), "{point}");
    }
    let provenance = &result["provenance"];
    assert_eq!(provenance["params"]["turns"], "3");
    assert_eq!(provenance["spec_hash"].as_str().map(str::len), Some(64));
    assert_eq!(result["peaks"].as_array().map(Vec::len), Some(2));
}

#[test]
fn multiply_adds_are_those_of_cost_times_the_batch() {
    let bench = bench();
    for spec in ["looping.diad", "tiny"] {
        let one = cost(&bench, spec, "score");
        let result = measured(&bench, &[spec, "--phases", "score,loop", "--batch", "1,2", "--set", turns(spec)]);
        let scores: Vec<u64> =
            points(&result).iter().filter(|point| point["kind"] == "score").map(|point| multiply_adds(point)).collect();
        assert_eq!(scores, [one, 2 * one], "{spec}");
    }
}

/// A setting that changes nothing.
fn turns(spec: &str) -> &'static str {
    if spec == "tiny" { "steps=20" } else { "turns=3" }
}

#[test]
fn a_turn_of_a_loop_does_its_share() {
    let bench = bench();
    let result = measured(&bench, &["looping.diad", "--phases", "loop", "--set", "turns=5"]);
    let [turn] = points(&result)[..] else { panic!("one loop: {result}") };
    // Everything that the score multiplies lies in the loop.
    assert_eq!(5 * multiply_adds(turn), cost_with(&bench, "turns=5"));
    assert_eq!(turn["steady"]["runs"], 5);
    assert_eq!(turn["images_per_second"], Value::Null);
    assert!(turn["name"].as_str().is_some_and(|name| name.starts_with("score/again")), "{turn}");
}

fn cost_with(bench: &Bench, setting: &str) -> u64 {
    let text = bench.run(&["cost", "looping.diad", "--set", setting, "--format", "json"]).success().stdout();
    let cost: Value = serde_json::from_str(&text).expect("it is JSON");
    let functions = cost["functions"].as_array().expect("a list of functions");
    let own = functions.iter().find(|own| own["name"] == "score").expect("the model has a score");
    own["optimized"].as_u64().expect("its extents are known")
}

#[test]
fn operations_add_up_to_the_whole() {
    let bench = bench();
    let result = measured(&bench, &["looping.diad", "--phases", "score,loop", "--by-operation"]);
    for point in points(&result) {
        let operations = point["operations"].as_array().expect("a list of operations");
        let sum: u64 = operations.iter().map(multiply_adds).sum();
        assert_eq!(sum, multiply_adds(point), "{point}");
        let convolutions = operations.iter().find(|own| own["kind"] == "conv2d").expect("it has convolutions");
        // Two in each of three turns, of which the loop counts one.
        let expected = if point["kind"] == "loop" { 2.0 } else { 6.0 };
        assert_eq!(convolutions["count"].as_f64(), Some(expected), "{point}");
    }
}

#[test]
fn the_optimiser_is_among_the_operations_of_a_step_of_training() {
    let result = measured(&bench(), &["looping.diad", "--phases", "training", "--by-operation"]);
    let [step] = points(&result)[..] else { panic!("one training: {result}") };
    let operations = step["operations"].as_array().expect("a list of operations");
    let count = |kind: &str| operations.iter().find(|own| own["kind"] == kind).and_then(|own| own["count"].as_f64());
    // A kernel and a bias of four layers, seven weights at a time, and the norm of as many gradients.
    assert_eq!((count("adamw"), count("sum_of_squares")), (Some(2.0), Some(2.0)), "{step}");
    assert_eq!(operations.iter().map(multiply_adds).sum::<u64>(), multiply_adds(step), "{step}");
}

#[test]
fn a_result_beside_itself_is_as_fast() {
    let bench = bench();
    let arguments = ["bench", "looping.diad", "--steps", "2", "--output"];
    bench.run(&[&arguments[..], &["kept/a.json"]].concat()).success();
    let text = std::fs::read_to_string(bench.path("kept/a.json")).expect("it was written");
    let result: diadc::experiment::bench::BenchResult = serde_json::from_str(&text).expect("it is a result");
    let ratios = diadc::experiment::bench::compare(&result, &result).expect("it can be compared with itself");
    assert_eq!(ratios.ratios.len(), result.points.len());
    assert!(ratios.ratios.iter().all(|ratio| ratio.ratio == 1.0), "{ratios:?}");
    assert!(ratios.differences.is_empty(), "{ratios:?}");

    let mut slower = result.clone();
    slower.points.iter_mut().for_each(|point| point.steady.median *= 2.0);
    slower.provenance.device = "cuda:0".to_owned();
    let ratios = diadc::experiment::bench::compare(&result, &slower).expect("the same work");
    assert!(ratios.ratios.iter().all(|ratio| ratio.ratio == 2.0), "{ratios:?}");
    assert_eq!(ratios.differences, ["device: cpu now, cuda:0 before"]);

    let ended = bench.run(&["bench", "looping.diad", "--steps", "1", "--phases", "score", "--against", "kept/a.json"]);
    let shown = ended.success().stdout();
    assert!(shown.contains("times as fast") && shown.contains("training `rebuilding`"), "{shown}");
}

#[test]
fn other_work_is_not_compared() {
    let bench = bench();
    bench.run(&["bench", "looping.diad", "--steps", "1", "--output", "a.json"]).success();
    let other = ["bench", "looping.diad", "--steps", "1", "--phases", "score", "--against", "a.json"];
    let ended = bench.run(&[&other[..], &["--set", "turns=9"]].concat());
    ended.fails(
        1,
        &["nothing in the two results can be compared", "param `turns`: 9 now, 3 before", "multiply-adds now"],
    );
}

#[test]
fn mistakes_come_with_a_remedy() {
    let bench = bench();
    bench.write("score.diad", no_training().as_bytes());
    bench.write("other.json", b"{ \"images\": 3 }");
    bench.write("text.json", b"hello");
    let fails = |arguments: &[&str], status, words: &[&str]| {
        bench.run(&[&["bench"], arguments].concat()).fails(status, words);
    };
    fails(&["looping.diad", "--batch", "0"], 2, &["a batch has 1 to", "--batch 1,8,32"]);
    fails(&["looping.diad", "--batch", "1,x"], 2, &["write numbers"]);
    fails(&["looping.diad", "--phases", "scoring"], 2, &["`scoring`", "`score`"]);
    fails(&["looping.diad", "--precision", "f16"], 2, &["`f32` or `bf16`"]);
    fails(&["looping.diad", "--seconds", "0"], 2, &["--seconds 10"]);
    fails(&["looping.diad", "--steps", "1", "--seconds", "1"], 2, &["--seconds"]);
    fails(&["score.diad", "--phases", "training"], 1, &["nothing to train", "objective"]);
    fails(&["score.diad", "--phases", "loop"], 1, &["no loop that runs", "--phases"]);
    fails(&["looping.diad", "--against", "missing.json"], 1, &["can't read `missing.json`"]);
    fails(&["looping.diad", "--against", "other.json"], 1, &["`other.json` is no result of `diadc bench`", "--output"]);
    fails(&["looping.diad", "--against", "text.json"], 1, &["it is not JSON"]);
    fails(&["looping.diad", "--memory", "1MB"], 1, &["measuring `score` with a batch of 1 needs", "--batch"]);
    fails(&["looping.diad", "--device", "gpu"], 1, &["there is no device `gpu`"]);
    fails(&["looping.diad", "--output", "looping.diad/a.json"], 1, &["can't write"]);
}

/// A model without an objective and without a loop.
fn no_training() -> String {
    "//! Scores by brightness.\n\
     model Bright {\n    \
         data { size = 16 }\n    \
         score(image) {\n        \
             let map = mean(image, axis: 1)\n        \
             { map: map, value: max(map, axis: [1, 2]) }\n    \
         }\n\
     }\n"
    .to_owned()
}
