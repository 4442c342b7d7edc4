//! `diadc data check`, and a run on each layout.

use crate::dataset::tree::Tree;

use super::harness::{Bench, SMALL};

/// All layouts that lie in folders.
const LAYOUTS: [&str; 11] =
    ["mvtec", "loco", "visa", "mvtec3d", "medical", "realiad", "btad", "mpdd", "uniad", "ader", "folder"];

#[test]
fn a_model_runs_on_each_layout() {
    let bench = Bench::new();
    bench.write("small.diad", SMALL.replace("steps = 30", "steps = 2").as_bytes());
    for layout in LAYOUTS {
        let tree = Tree::of(layout);
        let data = tree.root().display().to_string();
        let out = format!("out-{layout}");
        let table =
            bench.run(&["run", "small.diad", "--dataset", layout, "--data", &data, "--out", &out]).success().stdout();
        assert!(table.contains("mean"), "{layout}: {table}");
        assert!(bench.path(&out).join("report.html").exists(), "{layout}");
    }
}

#[test]
fn a_class_without_masks_has_no_pixel_metrics() {
    let bench = Bench::new();
    bench.write("small.diad", SMALL.replace("steps = 30", "steps = 2").as_bytes());
    let tree = Tree::of("folder");
    tree.remove("masks");
    let data = tree.root().display().to_string();
    bench.run(&["run", "small.diad", "--dataset", "folder", "--data", &data, "--out", "out"]).success();
    let json = std::fs::read_to_string(bench.path("out/metrics.json")).expect("the run wrote it");
    assert!(json.contains("undefined") || json.contains("anomaly maps"), "{json}");
}

#[test]
fn augmented_and_cropped_images_are_trained_on_and_a_run_can_be_repeated() {
    let bench = Bench::new();
    let data = r#"data { size = size  shorter = 20  filter = "bicubic"  mask = "above_zero"  flip = "both"  rotate = 20  brightness = 0.2  hue = 0.1 }"#;
    bench
        .write("small.diad", SMALL.replace("data { size = size }", data).replace("steps = 30", "steps = 4").as_bytes());
    let tree = Tree::of("mvtec");
    let root = tree.root().display().to_string();
    let run = |out: &str| {
        bench.run(&["run", "small.diad", "--dataset", "mvtec", "--data", &root, "--out", out]).success();
        std::fs::read(bench.path(out).join("weights.safetensors")).expect("the run wrote it")
    };
    let first = run("a");
    assert_eq!(first, run("b"));
    bench.write("small.diad", SMALL.replace("steps = 30", "steps = 4").as_bytes());
    assert_ne!(first, run("c"));
}

#[test]
fn check_tells_counts_and_ends_well_where_nothing_is_wrong() {
    let bench = Bench::new();
    let tree = Tree::of("mvtec3d");
    let data = tree.root().display().to_string();
    let text = bench.run(&["data", "check", "--dataset", "mvtec3d", "--data", &data]).success().stdout();
    for part in ["mvtec3d in ", "bagel", "244 / 22 / 22 / 88", "20x20 (9)", "8-bit RGB", "0 errors"] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn check_ends_with_status_one_where_something_is_wrong() {
    let bench = Bench::new();
    let tree = Tree::of("mvtec");
    tree.mask(Tree::mask_of("mvtec"), 20, 20, 0);
    let data = tree.root().display().to_string();
    let ended = bench.run(&["data", "check", "--dataset", "mvtec", "--data", &data]);
    assert!(ended.stdout().contains("error[mask-empty]"), "{}", ended.stdout());
    ended.fails(1, &["something is wrong with the data set"]);
    bench.run(&["data", "check", "--dataset", "mvtek", "--data", &data]).fails(1, &["did you mean `mvtec`?"]);
    bench.run(&["data", "check", "--dataset", "btad", "--data", &data]).fails(1, &["use `--dataset mvtec`"]);
}

#[test]
fn what_check_calls_an_error_is_told_before_anything_is_trained() {
    let bench = Bench::new();
    let tree = Tree::of("mvtec");
    tree.mask(Tree::mask_of("mvtec"), 20, 20, 0);
    let data = tree.root().display().to_string();
    let run = |more: &[&str]| {
        bench.run(&[&["run", "small.diad", "--set", "size=8", "--dataset", "mvtec", "--data", &data], more].concat())
    };
    run(&["--out", "a"]).fails(1, &["error[mask-empty]", "000_mask.png", "`--unmarked empty`", "nothing was trained"]);
    assert!(!bench.path("a").exists(), "no run was begun");
    let words = run(&["--out", "b", "--unmarked", "empty"]).success().stderr();
    assert!(words.contains("warning[mask-empty]"), "{words}");
    let json = std::fs::read_to_string(bench.path("b/metrics.json")).expect("the run wrote it");
    assert!(json.contains("class `nut` has no anomalous pixels"), "{json}");
    let image = Tree::images_of("mvtec")[2];
    let whole = std::fs::read(tree.path(image)).expect("it is there");
    tree.file(image, &whole[..whole.len() - 30]);
    run(&["--out", "c", "--unmarked", "empty"]).fails(1, &["error[unreadable]", image, "nothing was trained"]);
}

#[test]
fn what_fails_after_training_says_how_to_go_on_without_training_again() {
    let bench = Bench::new();
    let divided = SMALL.replace("value: max(map, axis: [1, 2])", "value: 1.0 / (0.0 * max(map, axis: [1, 2]))");
    bench.write("small.diad", divided.replace("steps = 30", "steps = 2").as_bytes());
    let words = ["is not finite", "`out/weights.safetensors`", "`diadc resume out` goes on without training again"];
    bench.run(&["run", "small.diad", "--set", "size=8", "--out", "out"]).fails(1, &words);
    assert!(bench.path("out/weights.safetensors").exists());
}

#[test]
fn many_findings_of_a_kind_are_one_line() {
    let bench = Bench::new();
    let tree = Tree::of("mvtec");
    for number in 1..9 {
        tree.image(&format!("nut/test/crack/{number:03}.png"), 20, 20);
    }
    let data = tree.root().display().to_string();
    let check = |more: &[&str]| {
        let arguments = [&["data", "check", "--dataset", "mvtec", "--data", &data], more].concat();
        let text = bench.run(&arguments).stdout();
        text.lines().filter(|line| line.starts_with("error[mask-missing]")).map(str::to_owned).collect::<Vec<_>>()
    };
    let short = check(&[]);
    assert_eq!(short.len(), 1, "{short:?}");
    assert!(short[0].starts_with("error[mask-missing]: 8 defective images have no mask: `"), "{short:?}");
    for part in ["crack/001.png`", "crack/003.png` and 5 more; `--all` lists each"] {
        assert!(short[0].contains(part), "{short:?}");
    }
    assert!(!short[0].contains("crack/004.png"), "{short:?}");
    assert_eq!(check(&["--all"]).len(), 8);
    let ended = bench.run(&["run", "small.diad", "--dataset", "mvtec", "--data", &data]);
    assert!(ended.stderr().contains("defective image"), "{}", ended.stderr());
}

/// The fields of each row, as RFC 4180 has them.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = csv.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    rows
}

#[test]
fn names_with_commas_quotes_and_line_breaks_give_rows_of_as_many_fields_as_the_header() {
    let bench = Bench::new();
    let probe = "model Probe {\n    data { size = 8 }\n    score(image) {\n        let map = mean(image, axis: 1, keep: true)\n        \
                 { map: map, value: mean(map, axis: [1, 2, 3]) }\n    }\n}\n";
    bench.write("probe.diad", probe.as_bytes());
    bench.write("none.safetensors", &[&2_u64.to_le_bytes()[..], b"{}"].concat());
    let names = ["a,b.png", "c\"d.png", "e\nf.png", "g\",\"h.png", "plain.png"];
    names.iter().for_each(|name| bench.picture(&format!("in/{name}"), 8, 100));
    let arguments = ["predict", "probe.diad", "--weights", "none.safetensors", "--images", "in", "--out", "out"];
    bench.run(&arguments).success();
    let rows = rows(&std::fs::read_to_string(bench.path("out/scores.csv")).expect("it was written"));
    assert_eq!(rows[0], ["image", "score", "sheet", "heat_map", "error"]);
    let found: Vec<&str> = rows[1..].iter().map(|row| row[0].strip_prefix("in/").expect("it lies there")).collect();
    assert_eq!(found, names);
    for row in &rows[1..] {
        assert_eq!(row.len(), 5, "{row:?}");
        assert!(row[2..4].iter().all(|name| bench.path(&format!("out/{name}")).exists()), "{row:?}");
    }
}

#[test]
fn a_settings_file_may_begin_with_a_byte_order_mark_and_end_lines_as_windows_does() {
    let bench = Bench::new();
    let tree = Tree::of("mvtec");
    let settings = format!("\u{feff}device = \"cpu\"\r\n[data]\r\nmvtec = '{}'\r\n", tree.root().display());
    bench.write("diadc.toml", settings.as_bytes());
    let text = bench.run(&["data", "check", "--dataset", "mvtec"]).success().stdout();
    assert!(text.contains("mvtec in "), "{text}");
}

#[test]
fn check_prints_json_and_draws_a_sheet() {
    let bench = Bench::new();
    let tree = Tree::of("visa");
    let data = tree.root().display().to_string();
    let arguments = ["data", "check", "--dataset", "visa", "--data", &data, "--format", "json", "--sheet", "sheet.png"];
    let json = bench.run(&arguments).success().stdout();
    let value: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(value["all"], serde_json::json!({"train": 9, "validation": 0, "good": 1, "defective": 1}));
    assert_eq!(value["classes"][0]["published"]["train"], 900);
    assert_eq!(value["findings"][0]["severity"], "warning");
    let sheet = image::open(bench.path("sheet.png")).expect("it is a picture");
    assert!(sheet.width() > 1280 && sheet.height() >= 128);
    assert!(!bench.path("sheet.png.partial").exists());
}

#[test]
fn a_class_with_a_comma_is_named_in_quotes() {
    let bench = Bench::new();
    for class in ["a,b", "c"] {
        bench.picture(&format!("data/{class}/train/good/0.png"), 20, 100);
        bench.picture(&format!("data/{class}/train/good/1.png"), 20, 101);
        bench.picture(&format!("data/{class}/test/good/0.png"), 20, 102);
    }
    let check = |classes: &[&str]| {
        let options = classes.iter().flat_map(|names| ["--classes", names]);
        let words: Vec<&str> =
            ["data", "check", "--dataset", "mvtec", "--data", "data"].into_iter().chain(options).collect();
        bench.run(&words)
    };
    for one in [r#""a,b""#, "c"] {
        let said = check(&[one]).stdout();
        assert!(said.contains("1 class"), "{said}");
    }
    for both in [&[r#""a,b",c"#] as &[&str], &[r#"c,"a,b""#], &["c", r#""a,b""#]] {
        let said = check(both).stdout();
        assert!(said.contains("2 classes"), "{said}");
    }
    check(&["a,b"]).fails(1, &["no class `a`", "did you mean `\"a,b\"`?"]);
}
