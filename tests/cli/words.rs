//! What people are told: files without a model, weights that a call needs, several protocols beside published numbers, and
//! numbers in words.

use super::harness::Bench;

#[test]
fn a_file_of_blocks_alone_can_be_checked() {
    let bench = Bench::new();
    bench.write(
        "nets.diad",
        b"enum Kind { a, b }\nblock Net() { fn (x) { x |> conv(3) @ \"a\" } }\nfn twice(x) { x + x }\n",
    );
    let said = bench.run(&["check", "nets.diad"]).success().stdout();
    assert!(said.starts_with("nets.diad is fine: 1 block, 1 function, 1 enum, and no model\n"), "{said}");
    let json = bench.run(&["check", "nets.diad", "--format", "json"]).success().stdout();
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!((&json["ok"], &json["errors"]), (&true.into(), &0.into()));
    assert_eq!(json.pointer("/summary/defines/1/name"), Some(&"Net".into()));
    // A mistake in it is told, and not that it has no model as well.
    bench.write("wrong.diad", b"block Net() { fn (x) { x |> convv(3) @ \"a\" } }\n");
    let run = bench.run(&["check", "wrong.diad"]);
    assert!(!run.stderr().contains("no-model"), "{}", run.stderr());
    run.fails(1, &["did you mean `conv`?", "1 error;"]);
    // What is warned of counts as in a model, and a file of nothing is no library.
    bench.write("idle.diad", b"fn twice(x) {\n    let y = 1\n    x + x\n}\n");
    bench.run(&["check", "idle.diad", "--strict"]).fails(1, &["1 warning"]);
    bench.write("empty.diad", b"//! Nothing.\n");
    bench.run(&["check", "empty.diad"]).fails(1, &["no-model"]);
    // Other commands still need a model.
    bench.run(&["cost", "nets.diad"]).fails(1, &["no-model"]);
}

#[test]
fn a_call_needs_only_the_weights_that_it_reads() {
    let bench = Bench::new();
    let spec = |width: usize| {
        format!(
            "block Net(out: int) {{ fn (x) {{ x |> conv(3, out: out) @ \"a\" }} }}
model Two {{
    part one = Net(2)
    part two = Net({width})
    fn first(x: [B, 3, 8, 8]) {{ one(x) }}
    fn second(x: [B, 3, 8, 8]) {{ two(x) }}
}}\n"
        )
    };
    bench.write("two.diad", spec(4).as_bytes());
    bench.write("other.diad", spec(5).as_bytes());
    bench.write("part.diad", spec(4).replace("    part two = Net(4)\n", "").replace("two(x)", "one(x)").as_bytes());
    let numbers = (0..3 * 64).map(|i| i as f32).collect();
    let x = diadc::execute::HostTensor::floats(&[1, 3, 8, 8], numbers);
    diadc::weight::write(&bench.path("x.safetensors"), &[("x", &x)], &std::collections::BTreeMap::new())
        .expect("it can be written");
    for spec in ["part", "other"] {
        bench.run(&["weights", "init", &format!("{spec}.diad"), "--out", &format!("{spec}.safetensors")]).success();
        let weights = format!("{spec}.safetensors");
        let call = |function| {
            ["call", "two.diad", function, "--inputs", "x.safetensors", "--weights", &weights].map(str::to_owned)
        };
        let run = |function| bench.run(&call(function).iter().map(String::as_str).collect::<Vec<_>>());
        run("first").success();
        run("one").success();
        run("second").fails(1, &["two.a.weight"]);
    }
    // The same weights as they are saved of a network within something else.
    bench.write(
        "within.diad",
        spec(4)
            .replace("    part two = Net(4)\n", "")
            .replace("two(x)", "one(x)")
            .replace("= Net(2)", "= Net(2) @ \"module.one\"")
            .as_bytes(),
    );
    bench.run(&["weights", "init", "within.diad", "--out", "within.safetensors"]).success();
    let call = ["call", "two.diad", "first", "--inputs", "x.safetensors", "--weights", "within.safetensors"];
    let words = bench.run(&call).success().stderr();
    assert!(words.contains("2 renamed (names without `module.`)") && !words.contains("fresh"), "{words}");
    let both = [&["call", "two.diad", "concat([one(x), two(x)])"], &call[3..]].concat();
    bench.run(&both).fails(1, &["two.a.weight"]);
}

#[test]
fn what_changed_is_told_in_the_words_of_a_spec_and_warnings_once() {
    let bench = Bench::new();
    let spec = super::harness::SMALL.replace("param width", "param idle: int = 3\n    param width");
    bench.write("before.diad", spec.as_bytes());
    let after = spec.replace("adamw(lr: 2e-3)", "sgd(lr: 0.5)").replace("steps = 30", "steps = 40  clip_norm = 1.0");
    bench.write("after.diad", after.replace("size = size", "size = size  flip = both").as_bytes());
    let run = bench.run(&["diff", "before.diad", "after.diad"]).success();
    let said = run.stdout();
    for words in [
        "optimizer  adamw(lr: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01) -> sgd(lr: 0.5",
        "30 steps -> 40 steps",
        "clip_norm  none -> 1",
        "none -> both",
    ] {
        let plain = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(&words.replace("  ", " ")), "{words}\n{said}");
    }
    assert!(!said.contains("Adam {") && !said.contains("Some("), "{said}");
    let run = bench.run(&["diff", "before.diad", "--set", "width=8"]).success();
    assert_eq!(run.stderr().matches("unused-param").count(), 1, "{}", run.stderr());
}

#[test]
fn help_speaks_of_what_a_command_does() {
    let bench = Bench::new();
    let help = |command: &[&str]| bench.run(&[command, &["--help"]].concat()).success().stdout();
    let train = help(&["train"]);
    assert!(!train.contains("--protocol") && !train.contains("--compare"), "{train}");
    assert!(help(&["run"]).contains("--protocol") && help(&["eval"]).contains("--compare"));
    assert!(!help(&["metrics"]).contains("protocol of the spec"));
    let specs = diadc::resolve::embedded_specs().join(", ");
    for command in [&["run"][..], &["call"], &["diff"], &["weights", "check"], &["weights", "init"]] {
        let help = help(command).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&format!("comes with diadc ({specs})")), "{command:?}");
    }
}

#[test]
fn a_directory_that_holds_no_stopped_run_is_not_to_be_resumed() {
    let bench = Bench::new();
    bench.data();
    bench.run(&["run", "small.diad", "--dataset", "mvtec", "--data", "data", "--out", "run"]).success();
    let weights = "run/weights.safetensors";
    bench.write("old/notes.txt", b"mine");
    for out in ["old", "run"] {
        let run =
            bench.run(&["predict", "small.diad", "--weights", weights, "--images", "data/nut/test", "--out", out]);
        assert!(!run.stderr().contains("resume"), "{}", run.stderr());
        run.fails(1, &["is already there"]);
    }
}
