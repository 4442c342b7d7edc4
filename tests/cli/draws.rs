//! Scores that draw random numbers: names do not matter, and draws can be averaged.

use super::harness::{Bench, RANDOM, listing};

const DATA: &[&str] = &["--classes", "tile,wood"];
const WEIGHTS: &[&str] = &["--weights", "out/weights.safetensors"];

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("random.diad", RANDOM.as_bytes());
    bench
}

fn run(bench: &Bench, out: &str, more: &[&str]) -> String {
    bench.run(&[&["run", "random.diad", "--out", out], DATA, more].concat()).success().stdout()
}

fn json(bench: &Bench, name: &str) -> serde_json::Value {
    let text = std::fs::read(bench.path(name)).expect("the run wrote it");
    serde_json::from_slice(&text).expect("it is JSON")
}

/// Copies a folder. Names of files begin with `prefix` in the copy.
fn copy(from: &std::path::Path, to: &std::path::Path, prefix: &str) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for name in listing(from) {
        if from.join(&name).is_dir() {
            copy(&from.join(&name), &to.join(&name), prefix);
        } else {
            std::fs::copy(from.join(&name), to.join(format!("{prefix}{name}"))).expect("a file can be copied");
        }
    }
}

/// The numbers of a file of weights, without its header, which says of which data they are.
fn numbers(bench: &Bench, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(bench.path(name)).expect("the run wrote it");
    let length = bytes.first_chunk().map(|length| u64::from_le_bytes(*length)).expect("it begins with a length");
    bytes[8 + length as usize..].to_vec()
}

#[test]
fn a_copied_and_renamed_data_set_gives_the_same_weights_and_metrics() {
    let bench = bench();
    bench.run(&["data", "toy", "toy"]).success();
    copy(&bench.path("toy"), &bench.path("elsewhere/copy"), "");
    copy(&bench.path("toy"), &bench.path("renamed"), "x");
    run(&bench, "memory", &[]);
    for data in ["toy", "elsewhere/copy", "renamed"] {
        let out = format!("of-{}", data.replace('/', "-"));
        run(&bench, &out, &["--dataset", "mvtec", "--data", data]);
        let weights = numbers(&bench, &format!("{out}/weights.safetensors"));
        assert!(weights == numbers(&bench, "memory/weights.safetensors"), "{data}");
        let of = |out: &str| json(&bench, &format!("{out}/metrics.json"))["evaluations"].clone();
        assert_eq!(of(&out), of("memory"), "{data}");
    }
}

#[test]
fn a_plain_folder_gives_the_same_numbers_under_another_name() {
    let bench = bench();
    for i in 0..20 {
        bench.picture(&format!("plates/normal/{i:02}.png"), 20, 100 + i);
        bench.picture(&format!("plates/defective/{i:02}.png"), 20, 70 + 3 * i);
    }
    copy(&bench.path("plates"), &bench.path("elsewhere/a copy"), "");
    let found = ["plates", "elsewhere/a copy"].map(|data| {
        let out = data.replace('/', "-");
        let weights = format!("{out}-run/weights.safetensors");
        bench
            .run(&["run", "random.diad", "--dataset", "folder", "--data", data, "--out", &format!("{out}-run")])
            .success();
        let evaluation = json(&bench, &format!("{out}-run/metrics.json"))["evaluations"][0].clone();
        (numbers(&bench, &weights), evaluation["mean"].clone())
    });
    assert_eq!(found[0], found[1]);
}

#[test]
fn a_report_says_how_much_random_scores_vary() {
    let bench = bench();
    let table = run(&bench, "out", &[]);
    assert!(table.contains("by a second draw of 8 images") && table.contains("`--draws 8`"), "{table}");
    let page = std::fs::read_to_string(bench.path("out/report.html")).expect("the run wrote it");
    assert!(page.contains("a second draw of 8 images"));
    let variation = json(&bench, "out/metrics.json")["evaluations"][0]["variation"].clone();
    assert_eq!((&variation["draws"], &variation["images"]), (&1.into(), &8.into()), "{variation}");
    assert!(variation["share"].as_f64().is_some_and(|share| share > 0.0), "{variation}");
    let certain = bench.run(&[&["run", "small.diad", "--out", "small"], DATA].concat()).success().stdout();
    assert!(!certain.contains("draw"), "{certain}");
    assert!(json(&bench, "small/metrics.json")["evaluations"][0].get("variation").is_none());
}

#[test]
fn draws_are_averaged_by_a_run_and_by_an_evaluation_alike() {
    let bench = bench();
    let table = run(&bench, "out", &["--draws", "3", "--protocol", "exact,ader"]);
    assert!(table.contains("means over 3 draws") && table.contains("image AUROC of single draws"), "{table}");
    assert_eq!(json(&bench, "out/run.json")["setup"]["draws"], 3);
    let again = [&["eval", "random.diad", "--draws", "3", "--protocol", "exact,ader"], WEIGHTS, DATA].concat();
    assert_eq!(bench.run(&again).success().stdout(), table);
    for evaluation in json(&bench, "out/metrics.json")["evaluations"].as_array().expect("there are two") {
        assert_eq!(evaluation["variation"]["image_auroc"].as_array().map(Vec::len), Some(3), "{evaluation}");
    }
    let mut once = [&["eval", "random.diad", "--protocol", "exact,ader"], WEIGHTS, DATA].concat();
    let plain = bench.run(&once).success().stdout();
    once.extend(["--draws", "1"]);
    assert_eq!(bench.run(&once).success().stdout(), plain);
    assert_ne!(plain, table);
}

#[test]
fn a_resumed_run_keeps_the_number_of_draws() {
    let bench = bench();
    let table = run(&bench, "out", &["--draws", "2"]);
    for name in ["weights.safetensors", "metrics.json", "report.html"] {
        std::fs::remove_file(bench.path(&format!("out/{name}"))).expect("the run wrote it");
    }
    assert_eq!(bench.run(&["resume", "out"]).success().stdout(), table);
}

#[test]
fn prediction_tells_the_deviation_over_draws() {
    let bench = bench();
    run(&bench, "out", &[]);
    bench.picture("photos/one.png", 31, 90);
    bench.picture("photos/two.png", 31, 200);
    let predict = |out: &str, more: &[&str]| {
        let images = ["predict", "random.diad", "--out", out, "--images", "photos"];
        bench.run(&[&images, WEIGHTS, more].concat()).success()
    };
    let rows = |out: &str| {
        let csv = std::fs::read_to_string(bench.path(&format!("{out}/scores.csv"))).expect("it was written");
        csv.lines().map(|row| row.split(',').map(str::to_owned).collect()).collect::<Vec<Vec<String>>>()
    };
    let once = predict("once", &[]);
    assert!(once.stderr().contains("--draws 8"), "{}", once.stderr());
    assert_eq!(rows("once")[0], ["image", "score", "sheet", "heat_map", "error"]);
    let thrice = predict("thrice", &["--draws", "3"]);
    assert!(!thrice.stderr().contains("--draws"), "{}", thrice.stderr());
    let rows = rows("thrice");
    let header = ["image", "score", "deviation", "sheet", "heat_map", "error"].map(str::to_owned);
    assert_eq!((rows.len(), &rows[0][..]), (3, &header[..]));
    for (row, line) in rows[1..].iter().zip(thrice.stdout().lines()) {
        let number = |text: &str| text.parse::<f64>().expect("it is a number");
        assert!(number(&row[2]) > 0.0 && row[4].ends_with(".map.png"), "{row:?}");
        let printed: Vec<&str> = line.split_whitespace().collect();
        assert!((number(printed[1]) - number(&row[2])).abs() <= 5e-4 * number(&row[2]), "{line}");
    }
}

#[test]
fn draws_that_change_nothing_are_refused() {
    let bench = bench();
    run(&bench, "out", &[]);
    bench.picture("one.png", 31, 90);
    let words = &["`Small` draws no random numbers", "leave out `--draws`"];
    bench.run(&["run", "small.diad", "--draws", "2", "--out", "small"]).fails(1, words);
    bench.run(&[&["eval", "small.diad", "--draws", "2"], WEIGHTS].concat()).fails(1, words);
    let predict = ["predict", "small.diad", "--draws", "2", "--out", "maps", "--images", "one.png"];
    bench.run(&[&predict, WEIGHTS].concat()).fails(1, words);
    assert!(!bench.path("small").exists() && !bench.path("maps").exists());
    for draws in ["0", "-1", "many", "1.5"] {
        let draws = format!("--draws={draws}");
        bench.run(&["run", "random.diad", &draws]).fails(2, &["--draws", "a whole number of draws, 1 or more"]);
    }
    bench.run(&["train", "random.diad", "--draws", "2"]).fails(2, &["--draws"]);
}
