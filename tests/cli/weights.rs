//! `diadc weights`, from looking into a file to training from what was put together.

use std::collections::BTreeMap;
use std::path::Path;

use diadc::execute::HostTensor;
use diadc::weight::{File, write};

use super::harness::{Bench, listing};

/// An encoder that others publish, a copy of it with a layer of its own, and a head.
const SPEC: &str = r#"//! A guided encoder.
block Encoder() ignores "loss.*" "part of its training" { fn (x) { x |> linear(4) @ "fc" } }
block Guide(like: Encoder) {
    part encoder = copy like @ "encoder"
    fn (x) { encoder(x) |> linear(2) @ "out" }
}
model Guided {
    part base = Encoder() @ "model.base"
    fresh part guide = Guide(base)
    part head = Encoder()
    fn f(x: [B, 4]) { head(base(x)) + sum(guide(x)) }
}
"#;

/// A checkpoint in which every number is `value`.
fn checkpoint(path: &Path, names: &[(&str, &[usize])], value: f32) {
    let made: Vec<HostTensor> =
        names.iter().map(|(_, shape)| HostTensor::floats(shape, vec![value; shape.iter().product()])).collect();
    let named: Vec<(&str, &HostTensor)> = names.iter().zip(&made).map(|((name, _), tensor)| (*name, tensor)).collect();
    let notes = BTreeMap::from([("from".to_owned(), "a test".to_owned())]);
    write(path, &named, &notes).expect("it can be written");
}

const BASE: &[(&str, &[usize])] = &[("model.base.fc.weight", &[4, 4]), ("model.base.fc.bias", &[4])];
const HEAD: &[(&str, &[usize])] = &[("fc.weight", &[4, 4]), ("fc.bias", &[4]), ("loss.logvar", &[])];

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("guided.diad", SPEC.as_bytes());
    checkpoint(&bench.path("base.safetensors"), BASE, 1.0);
    checkpoint(&bench.path("head.safetensors"), HEAD, 2.0);
    bench
}

fn fixture(name: &str) -> String {
    let path = Path::new("tests/weight/fixtures").join(name);
    path.canonicalize().expect("it lies there").display().to_string()
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not said:\n{text}");
    }
}

#[test]
fn a_file_is_shown_with_types_shapes_and_what_is_beside_the_weights() {
    let bench = bench();
    let text = bench.run(&["weights", "inspect", &fixture("lightning.ckpt")]).success().stdout();
    says(&text, &["PyTorch zip", "2 tensors with 8 numbers", "2 F32", "[2, 3]", "global_step", "470000", "6 tensors"]);
    let text = bench.run(&["weights", "inspect", "base.safetensors", "--all"]).success().stdout();
    says(&text, &["safetensors", "model.base.fc.weight", "[4, 4]", "a test"]);
    let json = bench.run(&["weights", "inspect", "base.safetensors", "--format", "json"]).success().stdout();
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(
        json["tensors"][1],
        serde_json::json!({"name": "model.base.fc.weight", "shape": [4, 4], "dtype": "F32"})
    );
}

#[test]
fn many_names_are_folded_by_their_beginning() {
    let bench = bench();
    let names: Vec<String> = (0..300).map(|i| format!("net.{}.layer{}.w", i / 30, i % 30)).collect();
    let named: Vec<(&str, &[usize])> = names.iter().map(|name| (name.as_str(), &[1][..])).collect();
    checkpoint(&bench.path("many.safetensors"), &named, 0.0);
    let text = bench.run(&["weights", "inspect", "many.safetensors"]).success().stdout();
    says(&text, &["net.3.*", "30 tensors"]);
    assert!(text.lines().count() < 20, "{text}");
    let text = bench.run(&["weights", "inspect", "many.safetensors", "--prefix", "net.3.layer2", "--all"]).success();
    assert_eq!(text.stdout().matches("net.3.layer2").count(), 11);
    bench.run(&["weights", "inspect", "many.safetensors", "--prefix", "nett"]).fails(2, &["did you mean `net`?"]);
}

#[test]
fn a_comparison_counts_each_kind_and_ends_with_1_unless_all_is_there() {
    let bench = bench();
    let ended = bench.run(&["weights", "check", "guided.diad", "base.safetensors"]);
    says(
        &ended.stdout(),
        &["2 matched", "4 starting fresh", "copy of model.base.fc.weight", "2 missing", "--fresh head"],
    );
    ended.fails(1, &["`base.safetensors` does not fit `Guided`"]);
    let text =
        bench.run(&["weights", "check", "guided.diad", "base.safetensors", "--fresh", "head"]).success().stdout();
    says(&text, &["2 matched", "6 starting fresh", "0 missing"]);
    let text = bench.run(&["weights", "check", "guided.diad", "head.safetensors", "--part", "head"]).success().stdout();
    says(&text, &["within the part `head`", "2 renamed", "head.fc.bias  from fc.bias", "1 set aside", "loss.logvar"]);
    let json = bench.run(&["weights", "check", "guided.diad", "base.safetensors", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout()).expect("it is JSON");
    assert_eq!((&json["fits"], json["weights"]["missing"].as_array().map(Vec::len)), (&false.into(), Some(2)));
}

#[test]
fn unknown_names_suggest_the_nearest() {
    let bench = bench();
    let check = ["weights", "check", "guided.diad", "base.safetensors"];
    bench.run(&[&check[..], &["--fresh", "haed"]].concat()).fails(1, &["no part `haed`; did you mean `head`?"]);
    bench.run(&[&check[..], &["--layout", "diffusers-vea"]].concat()).fails(1, &["did you mean `diffusers-vae`?"]);
    bench
        .run(&["weights", "init", "guided.diad", "--from", "bas=x", "--out", "o.pth"])
        .fails(1, &["did you mean `base`?"]);
}

#[test]
fn weights_are_put_together_part_by_part() {
    let bench = bench();
    let from = ["--from", "base=base.safetensors", "--from", "head=head.safetensors"];
    let init = [&["weights", "init", "guided.diad"][..], &from, &["--out", "all.safetensors"]].concat();
    let text = bench.run(&init).success().stdout();
    says(&text, &["base", "base.safetensors", "copy of base (base.safetensors)", "first values of seed 1"]);
    bench.run(&["weights", "check", "guided.diad", "all.safetensors"]).success();
    let file = File::open(&bench.path("all.safetensors")).expect("it was written");
    let first = |name: &str| file.read(name).expect("it is there").as_floats().expect("floats")[0];
    assert_eq!(["model.base.fc.bias", "guide.encoder.fc.bias", "head.fc.bias"].map(first), [1.0, 1.0, 2.0]);
    assert_eq!(file.notes()["part head"], "head.safetensors");
    assert_eq!(file.notes()["part guide"], "copy of base (base.safetensors); first values of seed 1");
}

#[test]
fn a_whole_checkpoint_gives_what_it_has_and_a_part_that_starts_fresh_is_pointed_out() {
    let bench = bench();
    let whole: Vec<(&str, &[usize])> =
        BASE.iter().copied().chain([("head.fc.weight", &[4, 4][..]), ("head.fc.bias", &[4][..])]).collect();
    checkpoint(&bench.path("whole.safetensors"), &whole, 3.0);
    let init = |from: &str| bench.run(&["weights", "init", "guided.diad", "--from", from, "--out", "all.safetensors"]);
    let text = init("whole.safetensors").success().stdout();
    says(&text, &["copy of base (whole.safetensors)"]);
    let head = |line: &&str| line.starts_with("head");
    assert!(text.lines().find(head).is_some_and(|line| line.ends_with("whole.safetensors")), "{text}");
    let ended = init("base=whole.safetensors").success();
    says(&ended.stderr(), &["`head` starts fresh, but is in whole.safetensors: add --from head=whole.safetensors"]);
}

#[test]
fn a_file_that_lacks_a_part_or_holds_something_else_writes_nothing() {
    let bench = bench();
    let init = |from: &str| bench.run(&["weights", "init", "guided.diad", "--from", from, "--out", "all.safetensors"]);
    init("head=base.safetensors").fails(1, &["2 missing", "head.fc.weight"]);
    checkpoint(
        &bench.path("odd.safetensors"),
        &[("head.fc.weight", &[4, 4]), ("head.fc.bias", &[4]), ("head.more", &[1])],
        0.0,
    );
    init("head=odd.safetensors").fails(1, &["1 not in the spec", "head.more"]);
    checkpoint(&bench.path("other.safetensors"), &[("something", &[1])], 0.0);
    init("other.safetensors").fails(2, &["has no weight of `Guided`"]);
    assert!(!bench.path("all.safetensors").exists(), "{:?}", listing(&bench.path(".")));
}

#[test]
fn a_checkpoint_is_converted() {
    let bench = bench();
    let ended = bench.run(&["weights", "convert", &fixture("lightning.ckpt"), "w.safetensors", "--dtype", "bf16"]);
    says(&ended.stderr(), &["left out: optimizer_states"]);
    says(&ended.success().stdout(), &["w.safetensors: 2 tensors"]);
    let types: Vec<String> = File::open(&bench.path("w.safetensors"))
        .expect("it was written")
        .found()
        .iter()
        .map(|tensor| tensor.stored.to_string())
        .collect();
    assert_eq!(types, ["BF16", "BF16"]);
    bench.run(&["weights", "convert", "w.safetensors", "w.ckpt"]).success();
    says(&bench.run(&["weights", "inspect", "w.ckpt"]).success().stdout(), &["w.ckpt: PyTorch zip", "2 BF16"]);
    bench.run(&["weights", "convert", &fixture("bad-system.ckpt"), "x.safetensors"]).fails(1, &["posix.system"]);
    assert!(!bench.path("x.safetensors").exists());
}

#[test]
fn a_name_that_ends_like_no_format_is_refused_before_anything_is_read_or_written() {
    let bench = bench();
    let wrong = ["w.onnx", "w", "w.safetensor", "w.safetensors.txt", ".safetensors"];
    for name in wrong {
        let said = format!(
            "invalid value '{name}' for '<OUTPUT>': diadc writes no such format: give a name that ends in .safetensors, .pth"
        );
        bench.run(&["weights", "convert", "base.safetensors", name]).fails(2, &[&said]);
        bench.run(&["weights", "convert", "absent.safetensors", name]).fails(2, &[&said]);
        let said = said.replace("<OUTPUT>", "--out <FILE>");
        bench.run(&["weights", "init", "small.diad", "--out", name]).fails(2, &[&said]);
        assert!(!bench.path(name).exists(), "{:?}", listing(&bench.path(".")));
    }
    for (name, format) in [
        ("w.safetensors", "safetensors"),
        ("W.SAFETENSORS", "safetensors"),
        ("w.pth", "PyTorch zip"),
        ("w.pt", "PyTorch zip"),
        ("w.CKPT", "PyTorch zip"),
        ("w.bin", "PyTorch zip"),
    ] {
        bench.run(&["weights", "convert", "base.safetensors", name]).success();
        let text = bench.run(&["weights", "inspect", name]).success().stdout();
        says(&text, &[&format!("{name}: {format}"), "2 tensors"]);
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let bench = bench();
    checkpoint(&bench.path("large.safetensors"), &[("w", &[100_000])], 1.0);
    bench.write("out.safetensors", b"before");
    // No file may grow beyond 64 kB; writes then fail as on a full disk.
    let program = env!("CARGO_BIN_EXE_diadc");
    let script =
        format!("trap '' XFSZ; ulimit -f 128; exec '{program}' weights convert large.safetensors out.safetensors");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(bench.path("."))
        .output()
        .expect("there is a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    says(&stderr, &["can't write `out.safetensors`", "what was there before is untouched"]);
    assert_eq!(std::fs::read(bench.path("out.safetensors")).expect("it is there"), b"before");
    assert!(!listing(&bench.path(".")).iter().any(|name| name.ends_with(".partial")));
}

#[test]
fn every_subcommand_has_examples() {
    let bench = bench();
    for name in ["inspect", "check", "convert", "init"] {
        let help = bench.run(&["weights", name, "--help"]).success().stdout();
        says(&help, &["Examples:", &format!("diadc weights {name} ")]);
    }
}

#[test]
fn weights_of_another_setting_are_answered_with_it() {
    let bench = Bench::new();
    let made = |out: &str, set: &[&str]| {
        bench.run(&[&["weights", "init"], set, &["--out", out]].concat()).success();
    };
    made("small.safetensors", &["patchcore", "--set", "depth=18"]);
    made("wide.safetensors", &["padim", "--set", "depth=50", "--set", "inner=2", "--set", "channels=50"]);
    let toy = ["--classes", "tile", "--out", "run"];
    let started = bench.run(&[&["run", "patchcore", "--weights", "small.safetensors"], &toy[..]].concat());
    started.fails(1, &["with `--set depth=18` the file fits"]);
    let few = ["--set", "channels=50", "--weights", "wide.safetensors"];
    let started = bench.run(&[&["run", "padim"], &few[..], &toy].concat());
    started.fails(1, &["with `--set depth=50 --set inner=2` the file fits"]);
    // Where memory is short, what is advised fits the file as well.
    let short = |weights: &[&str]| {
        let own = ["--set", "depth=50", "--set", "inner=2", "--set", "channels=50", "--memory", "400MB"];
        bench.run(&[&["run", "padim"], &own[..], weights, &toy].concat()).stderr()
    };
    let advised = short(&[]);
    assert!(advised.contains("--set size=") && advised.contains("--set depth="), "{advised}");
    let advised = short(&["--weights", "wide.safetensors"]);
    assert!(advised.contains("--set size=") && !advised.contains("--set depth="), "{advised}");
    let deep = ["weights", "check", "padim", "wide.safetensors", "--set", "inner=2", "--set", "depth=50"];
    let checked = bench.run(&[&deep[..], &["--set", "channels=100"]].concat());
    assert!(checked.stdout().contains("with `--set channels=50` the file fits"), "{}", checked.stdout());
    checked.fails(1, &["does not fit"]);
}
