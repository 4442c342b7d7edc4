//! What a run does for rules of training beyond an optimiser: choices of weights, sources of images, known classes.

use super::harness::{Bench, Ended, SMALL};

fn bench(from: &[(&str, &str)]) -> Bench {
    let bench = Bench::new();
    let spec = from.iter().fold(SMALL.to_owned(), |spec, (old, new)| {
        assert!(spec.contains(old), "{old}");
        spec.replace(old, new)
    });
    bench.write("small.diad", spec.as_bytes());
    bench
}

const DATA: &[&str] = &["--classes", "tile,wood"];

fn run(bench: &Bench, more: &[&str]) -> Ended {
    bench.run(&[&["run", "small.diad", "--out", "out"], DATA, more].concat())
}

#[test]
fn weights_are_chosen_by_held_out_images_and_the_run_says_so() {
    let bench = bench(&[
        (
            "data { size = size }",
            "data { size = size  hold_out = 0.2 }\n    fn error(image) { mean((image - ae(image)) ^ 2, axis: [1, 2, 3]) }",
        ),
        ("steps = 30", "steps = 30  average = 0.5  keep = best(of: error, every: 10)"),
    ]);
    let stderr = run(&bench, &[]).success().stderr();
    assert!(stderr.contains("rebuilding: best of held-out images after step "), "{stderr}");
    let lines = std::fs::read_to_string(bench.path("out/held_out.csv")).expect("the run wrote it");
    let steps: Vec<&str> = lines.lines().map(|line| line.split(',').next().unwrap_or_default()).collect();
    assert_eq!(steps, ["step", "10", "20", "30"], "{lines}");
}

#[test]
fn a_schedule_that_is_too_long_for_the_images_is_told_before_the_first_step() {
    let bench = bench(&[("steps = 30", "epochs = 1  schedule = cosine_schedule(warmup: 500)")]);
    let stderr = run(&bench, &[]).success().stderr();
    assert!(
        stderr.contains("the learning rate still rises when the training ends: `warmup: 500` of 10 steps"),
        "{stderr}"
    );
}

/// A spec whose objective takes a texture.
fn with_texture() -> Bench {
    bench(&[
        ("data { size = size }", "data { size = size }\n    source texture { size = size  flip = both }"),
        ("rebuilding(image)", "rebuilding(image, texture)"),
        ("+ 0.05 * random_normal(like: image)", "* 0.9 + 0.1 * texture"),
    ])
}

#[test]
fn textures_are_drawn_or_read_from_a_folder() {
    let bench = with_texture();
    run(&bench, &[]).success();
    let drawn = std::fs::read(bench.path("out/weights.safetensors")).expect("the run wrote it");
    bench.picture("textures/deep/a.png", 30, 10);
    bench.picture("textures/b.png", 16, 240);
    let read = |out: &str, more: &[&str]| {
        bench.run(&[&["train", "small.diad", "--out", out], DATA, more].concat()).success();
        std::fs::read(bench.path(&format!("{out}/weights.safetensors"))).expect("the run wrote it")
    };
    let named = read("named", &["--source", "texture=textures"]);
    assert_ne!(drawn, named);
    bench.write("diadc.toml", b"[sources]\ntexture = \"textures\"\n");
    let by_machine = read("machine", &[]);
    assert!(named.len() == by_machine.len() && read("again", &["--source", "texture=textures"]).len() == named.len());
    let record = std::fs::read_to_string(bench.path("machine/run.json")).expect("the run wrote it");
    assert!(record.contains("texture: 2 images ("), "{record}");
}

#[test]
fn a_source_without_images_and_one_that_the_model_has_not_are_named() {
    let bench = with_texture();
    std::fs::create_dir_all(bench.path("empty/below")).expect("a directory can be made");
    let fails = |source: &str, words: &str, status: i32| run(&bench, &["--source", source]).fails(status, &[words]);
    fails("texture=empty", "the source `texture` has no images: there are none in `empty` or in folders below it", 1);
    fails("textur=empty", "has no source `textur`; did you mean `texture`?", 1);
    fails("texture", "texture=/data/dtd", 2);
    fails("texture=nowhere", "nowhere", 1);
    assert!(!bench.path("out").exists());
}

#[test]
fn a_model_tells_as_many_classes_apart_as_it_says() {
    let bench = bench(&[(
        "data { size = size }",
        "param classes: int in 1..=9 = 1\n    data { size = size  classes = classes }",
    )]);
    let expected = "the model tells 1 class apart, by the `classes` of its `data`, and the data set `toy` has 2; \
                    `--set classes=2` makes room for all, `--classes` chooses some of them";
    run(&bench, &[]).fails(1, &[expected]);
    run(&bench, &["--set", "classes=2"]).success();
}

#[test]
fn a_score_that_is_told_the_class_is_evaluated_and_not_predicted() {
    let bench = bench(&[
        ("    score(image) {", "    allow known-class \"a test\"\n    score(image, class) {"),
        ("value: max(map, axis: [1, 2])", "value: max(map, axis: [1, 2]) + to_float(class)"),
    ]);
    run(&bench, &[]).success();
    bench.picture("one.png", 16, 100);
    bench
        .run(&["predict", "out", "--images", "one.png", "--out", "maps"])
        .fails(1, &["is told the class of each image, and that of `one.png` is not known"]);
}
