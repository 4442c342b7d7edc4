//! Each mistake ends with status 1 (or 2 for a wrong call), names file, place and remedy, and leaves nothing half-written.

use super::harness::{Bench, listing};

const RUN: &[&str] = &["run", "small.diad", "--dataset", "mvtec", "--data", "data", "--out", "out"];

#[track_caller]
fn refused(bench: &Bench, arguments: &[&str], words: &[&str]) {
    bench.run(arguments).fails(1, words);
    assert!(!bench.path("out").exists(), "something was written: {:?}", listing(&bench.path("out")));
}

#[test]
fn a_syntax_error_names_file_line_and_remedy() {
    let bench = Bench::new();
    bench.write("wrong.diad", b"model M {\n    part x = ;\n}\n");
    refused(&bench, &["run", "wrong.diad", "--out", "out"], &["wrong.diad:2:14", "expected"]);
}

#[test]
fn an_unknown_name_suggests_the_nearest() {
    let bench = Bench::new();
    bench.write("wrong.diad", super::harness::SMALL.replace("mse(ae", "mes(ae").as_bytes());
    refused(&bench, &["check", "wrong.diad"], &["unknown-name", "did you mean `mse`?"]);
}

#[test]
fn wrong_shapes_are_found_before_anything_runs() {
    let bench = Bench::new();
    bench.write(
        "wrong.diad",
        super::harness::SMALL.replace("image - reconstruction", "image - ae.encode(image)").as_bytes(),
    );
    refused(&bench, &["run", "wrong.diad", "--out", "out"], &["shape-mismatch", "wrong.diad:16"]);
}

#[test]
fn a_setting_that_no_int_holds_is_refused() {
    let bench = Bench::new();
    let set = |value: &str| format!("size={value}");
    for (value, said) in [("99999999999999999999", "number-too-large"), ("3000000000", "not-within")] {
        refused(&bench, &["run", "small.diad", "--set", &set(value), "--out", "out"], &[said]);
    }
}

#[test]
fn an_unknown_setting_suggests_the_nearest() {
    let bench = Bench::new();
    refused(
        &bench,
        &["run", "small.diad", "--set", "witdh=8", "--out", "out"],
        &["no `param witdh`", "did you mean `width`?"],
    );
}

#[test]
fn a_value_outside_its_range_names_the_rule() {
    let bench = Bench::new();
    refused(
        &bench,
        &["run", "small.diad", "--set", "width=5", "--out", "out"],
        &["`width` can't be 5", "small.diad:6"],
    );
    refused(&bench, &["run", "small.diad", "--set", "size=1000", "--out", "out"], &["`size` can't be 1000"]);
    refused(&bench, &["run", "small.diad", "--set", "size=big", "--out", "out"], &["there is no `big`"]);
}

#[test]
fn a_setting_without_value_is_wrong_usage() {
    Bench::new().run(&["check", "small.diad", "--set", "width"]).fails(2, &["NAME=VALUE"]);
}

#[test]
fn an_unknown_data_set_lists_those_there_are() {
    let bench = Bench::new();
    refused(
        &bench,
        &["run", "small.diad", "--dataset", "mvtek", "--data", "data", "--out", "out"],
        &["mvtek", "mvtec"],
    );
}

#[test]
fn a_missing_directory_tells_the_layout() {
    let bench = Bench::new();
    refused(&bench, RUN, &["`data` does not exist", "train/good"]);
    refused(&bench, &["run", "small.diad", "--dataset", "visa", "--out", "out"], &["needs the folder it lies in"]);
}

#[test]
fn an_empty_class_is_named() {
    let bench = Bench::new();
    bench.data();
    for i in 0..4 {
        std::fs::remove_file(bench.path(&format!("data/nut/train/good/{i}.png"))).expect("it is there");
    }
    refused(&bench, RUN, &["nut"]);
}

#[test]
fn an_unreadable_image_is_named() {
    let bench = Bench::new();
    bench.data();
    bench.write("data/nut/train/good/9.png", b"this is text");
    refused(&bench, RUN, &["9.png"]);
}

#[test]
fn a_mask_of_another_size_is_named() {
    let bench = Bench::new();
    bench.data();
    bench.picture("data/nut/ground_truth/bent/0_mask.png", 19, 255);
    refused(&bench, RUN, &["0_mask.png"]);
}

#[test]
fn weights_of_another_model_are_refused_with_a_list() {
    let bench = Bench::new();
    bench.data();
    bench.run(RUN).success();
    bench
        .run(&["run", "small.diad", "--set", "width=8", "--weights", "out/weights.safetensors", "--out", "other"])
        .fails(1, &["weights.safetensors"]);
    assert!(!bench.path("other").exists());
    bench.write("junk.safetensors", b"no weights at all");
    bench.run(&["eval", "small.diad", "--weights", "junk.safetensors"]).fails(1, &["junk.safetensors"]);
}

#[test]
fn a_run_is_never_written_over_another() {
    let bench = Bench::new();
    bench.data();
    bench.run(RUN).success();
    let before = std::fs::read(bench.path("out/metrics.json")).expect("the run wrote it");
    bench.run(RUN).fails(1, &["`out` is already there", "diadc resume out"]);
    assert_eq!(std::fs::read(bench.path("out/metrics.json")).expect("it is still there"), before);
}

#[test]
fn a_directory_that_can_not_be_made_is_named() {
    let bench = Bench::new();
    bench.data();
    bench.write("file", b"");
    bench
        .run(&["run", "small.diad", "--dataset", "mvtec", "--data", "data", "--out", "file/run"])
        .fails(1, &["can't write", "file"]);
}

#[test]
fn a_full_disk_is_told_and_leaves_no_weights() {
    let bench = Bench::new();
    bench.data();
    // A limit on the size of files stands in for a disk without room.
    let program = env!("CARGO_BIN_EXE_diadc");
    let script = format!("trap '' XFSZ; ulimit -f 4; exec {program} {}", RUN.join(" "));
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(bench.path("."))
        .output()
        .expect("there is a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("disk") || stderr.contains("can't write"), "{stderr}");
    assert!(!bench.path("out/weights.safetensors").exists());
}

#[test]
fn an_unknown_device_and_a_directory_without_run_are_told() {
    let bench = Bench::new();
    refused(&bench, &["run", "small.diad", "--device", "gpu", "--out", "out"], &["`cpu`, `cuda`"]);
    bench.run(&["resume", "nowhere"]).fails(1, &["holds no run"]);
}

/// A program without CUDA says so, and one with it that this machine lacks the device: either names `cpu`.
#[test]
fn a_device_that_is_not_there_is_told_before_any_work() {
    let bench = Bench::new();
    let measured = bench.run(&["bench", "small.diad", "--device", "cuda:60000"]);
    assert!(!measured.stderr().contains("products"), "{}", measured.stderr());
    measured.fails(1, &["cpu"]);
}

#[test]
fn an_unknown_key_in_the_settings_file_is_told() {
    let bench = Bench::new();
    bench.write("diadc.toml", b"devise = \"cpu\"\n");
    refused(&bench, &["run", "small.diad", "--out", "out"], &["diadc.toml", "devise"]);
    bench.write("diadc.toml", b"[data]\nmvtek = \"x\"\n");
    refused(&bench, &["run", "small.diad", "--out", "out"], &["did you mean `mvtec`?"]);
}

#[test]
fn a_warning_is_a_failure_only_where_that_is_asked_for() {
    let bench = Bench::new();
    let spare = super::harness::SMALL.replace("    score(image)", "    let spare = 3\n    score(image)");
    bench.write("spare.diad", spare.as_bytes());
    let checked = bench.run(&["check", "spare.diad"]).success();
    assert!(checked.stderr().contains("warning[unused-name]"), "{}", checked.stderr());
    bench.run(&["check", "spare.diad", "--strict"]).fails(1, &["1 warning, which --strict counts as a failure"]);
    bench.run(&["check", "small.diad", "--strict"]).success();
}

#[test]
fn an_option_that_is_none_is_answered_with_how_to_set_it() {
    let bench = Bench::new();
    for (option, setting) in
        [("--epochs", "epochs"), ("--lr=1e-3", "lr"), ("--batch-size", "batch"), ("--steps", "steps")]
    {
        let words = [&*format!("'--set TRAINING.{setting}=..'"), "diadc params SPEC"];
        bench.run(&["run", "small.diad", option, "3"]).fails(2, &words);
        bench.run(&["runs", option, "3"]).fails(2, &["unexpected argument"]);
    }
    bench.run(&["run", "small.diad", "--gpu"]).fails(2, &["'--device cuda'"]);
    bench.run(&["run", "small.diad", "--resume", "runs/a"]).fails(2, &["'diadc resume RUN'"]);
    let other = bench.run(&["run", "small.diad", "--verbose"]);
    assert!(!other.stderr().contains("tip:"), "{}", other.stderr());
    let near = bench.run(&["run", "small.diad", "--sed", "3"]);
    assert!(!near.stderr().contains("--set"), "{}", near.stderr());
    near.fails(2, &["'--seed'"]);
}

#[test]
fn a_data_set_or_a_folder_without_its_option_is_answered_with_it() {
    let bench = Bench::new();
    bench.data();
    bench.run(&["run", "small.diad", "toy"]).fails(2, &["'--dataset toy'"]);
    bench.run(&["data", "check", "mvtec"]).fails(2, &["'--dataset mvtec'"]);
    bench.run(&["data", "check", "data"]).fails(2, &["'--data data'"]);
    bench.run(&["predict", "small.diad", "data"]).fails(2, &["'--images data'"]);
    bench.picture("photo.png", 8, 1);
    bench.run(&["predict", "small.diad", "photo.png"]).fails(2, &["'--images photo.png'"]);
    bench.run(&["run", "small.diad", "nowhere"]).fails(2, &["unexpected argument 'nowhere'"]);
}

#[test]
fn a_folder_of_runs_and_a_run_in_place_of_weights_are_told_as_what_they_are() {
    let bench = Bench::new();
    bench.write("runs/second/run.json", b"{}");
    bench.write("runs/first/run.json", b"{}");
    bench.write("sweep/sweep.json", b"{}");
    bench.write("sweep/points/1_a/run.json", b"{}");
    bench.run(&["eval", "runs"]).fails(1, &["`runs` holds no run", "such as `runs/first`"]);
    bench.run(&["eval", "sweep"]).fails(1, &["such as `sweep/points/1_a`"]);
    bench.data();
    bench.run(RUN).success();
    let predict = ["predict", "small.diad", "--weights", "out", "--images", "data", "--out", "maps"];
    bench.run(&predict).fails(2, &["`out` is the directory of a run", "--weights out/weights.safetensors"]);
}

#[test]
fn a_reader_that_closes_its_pipe_stops_nothing() {
    let bench = Bench::new();
    bench.data();
    for (arguments, status) in [(RUN, 0), (&["check", "nowhere.diad"], 1)] {
        let mut child = bench
            .command(arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program can be started");
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().expect("it ends").code(), Some(status), "{arguments:?}");
    }
    assert!(bench.path("out/report.html").exists());
}

#[test]
fn weights_in_the_place_of_the_spec_are_told_as_that() {
    let bench = Bench::new();
    bench.write("w.safetensors", b"any");
    for command in [&["weights", "check"] as &[&str], &["check"], &["eval"]] {
        let words = [command, &["w.safetensors", "small.diad"][..command.len()]].concat();
        bench.run(&words).fails(2, &["it is a file of weights: name the spec first"]);
    }
}
