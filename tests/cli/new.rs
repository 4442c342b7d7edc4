//! What a new user begins with: a spec that runs as it is, and a shell that completes commands.

use super::harness::Bench;

#[test]
fn a_new_spec_is_formatted_without_a_warning_and_runs() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("specs")).expect("it can be made");
    let said = bench.run(&["new", "specs/screw_holes"]).success().stdout();
    assert!(said.contains("specs/screw_holes.diad with the model ScrewHoles"), "{said}");
    bench.run(&["fmt", "--check", "specs/screw_holes.diad"]).success();
    bench.run(&["check", "--strict", "specs/screw_holes.diad"]).success();
    let text = std::fs::read_to_string(bench.path("specs/screw_holes.diad")).expect("it was written");
    for words in ["diadc run specs/screw_holes.diad", "model ScrewHoles {", "//! screw_holes: "] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
    assert!(!text.contains("NAME") && !text.contains("MODEL"), "{text}");
    let run = ["run", "specs/screw_holes.diad", "--classes", "tile", "--out", "run", "--set", "rebuilding.steps=2"];
    bench.run(&[&run[..], &["--set", "size=32", "--set", "sigma=0.0"]].concat()).success();
    // With an ending it is the same file, which stays as it is.
    bench.run(&["new", "specs/screw_holes.diad"]).fails(2, &["is already there"]);
    assert_eq!(std::fs::read_to_string(bench.path("specs/screw_holes.diad")).expect("it is there"), text);
}

#[test]
fn a_name_that_is_none_is_refused() {
    let bench = Bench::new();
    for name in ["3d", "a b", "a.toml", "_x", "größe"] {
        let ended = bench.run(&["new", name]);
        ended.fails(2, &[]);
    }
    bench.run(&["new", "conv-autoencoder"]).fails(2, &["`ConvAutoencoder` is a block that the new spec uses"]);
    bench.run(&["new", "nowhere/mine"]).fails(1, &["can't write `nowhere/mine.diad`"]);
}

#[test]
fn scripts_for_shells_know_commands_and_options() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.run(&["completions", shell]).success().stdout();
        for word in ["sweep", "threshold", "each-class"] {
            assert!(script.contains(word), "{shell} does not complete `{word}`");
        }
    }
    bench.run(&["completions", "cmd"]).fails(2, &["bash", "powershell"]);
}
