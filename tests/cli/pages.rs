//! The commands that the pages show: those in blocks are run as they stand, with a spec that trains for a few steps in
//! place of `tiny` and a small data set in place of the published one; those in a sentence are understood.

use std::collections::BTreeMap;
use std::path::Path;

use diadc::execute::HostTensor;
use diadc::weight;

use super::harness::{Bench, SMALL, listing};
use super::metrics::npy;

const PAGES: [&str; 11] = [
    "README.md",
    "grammar/README.md",
    "docs/data.md",
    "docs/devices.md",
    "docs/diagnostics.md",
    "docs/editors.md",
    "docs/experiments.md",
    "docs/metrics.md",
    "docs/predictions.md",
    "docs/weights.md",
    "specs/README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The lines of the blocks of commands of a page.
fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The words of a command as a shell takes them apart, without a comment.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for sign in command.chars() {
        match sign {
            '\'' => quoted = !quoted,
            '#' if !quoted && word.is_empty() => break,
            ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            other => word.push(other),
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// The arguments that a command of a page gives to diadc; none if it starts something else.
fn arguments(command: &str) -> Option<Vec<String>> {
    let words = words(command);
    let starts = [&["diadc"][..], &["cargo", "run", "--release", "--"]];
    starts
        .iter()
        .find(|start| words.iter().zip(**start).take_while(|(a, b)| a == b).count() == start.len())
        .map(|start| words[start.len()..].to_vec())
}

/// A directory in which the commands can be run.
fn bench() -> Bench {
    let bench = Bench::new();
    let tiny = format!(
        "//! The small spec with a few steps.\n\
         use \"{}\"::{{Tiny}}\n\
         model Short from Tiny {{\n\
             param steps: int in 1..=500  = 2\n\
             param start: int in 2..=1000 = 1000\n\
             training autoencoding {{ optimizer = adamw(lr: 1e-3)  batch = 4  steps = 2 }}\n\
             training denoising    {{ optimizer = adamw(lr: 1e-3)  batch = 4  steps = 1 }}\n\
             training comparing    {{ optimizer = adamw(lr: 1e-3)  batch = 4  steps = 1 }}\n\
         }}\n",
        root().join("specs/tiny.diad").display()
    );
    bench.write("tiny", tiny.as_bytes());
    bench.write("specs/tiny.diad", tiny.as_bytes());
    bench.write("mine.diad", SMALL.as_bytes());
    bench.data();
    let image = HostTensor::floats(&[1, 3, 64, 64], (0..3 * 64 * 64).map(|i| (i % 23) as f32 / 23.0).collect());
    weight::write(&bench.path("x.safetensors"), &[("image", &image)], &BTreeMap::new()).expect("it can be written");
    bench
}

/// Runs what diadc is asked to do in the blocks of a page, and gives the commands that start something else.
fn run(bench: &Bench, page: &str) -> Vec<String> {
    let mut others = Vec::new();
    for command in blocks(page) {
        let Some(arguments) = arguments(&command) else {
            others.push(words(&command).join(" "));
            continue;
        };
        let trained = listing(&bench.path("runs")).first().map_or_else(String::new, |name| format!("runs/{name}"));
        let arguments: Vec<String> = arguments
            .iter()
            .map(|word| match word.as_str() {
                "/data/mvtec" => "data".to_owned(),
                "DIR" => "data/nut/test".to_owned(),
                "W" => format!("{trained}/weights.safetensors"),
                word => word.replace("runs/NAME", &trained),
            })
            .collect();
        bench.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).success();
    }
    others
}

#[test]
fn the_commands_of_the_readme_run() {
    let bench = bench();
    let others = run(&bench, &page("README.md"));
    assert_eq!(others, ["cargo test --release"]);
    assert_eq!(listing(&bench.path("runs")).len(), 2);
    for made in ["graph.html", "y.safetensors", "maps"] {
        assert!(bench.path(made).exists(), "{made}");
    }
}

#[test]
fn the_commands_of_the_page_on_metrics_run() {
    let bench = bench();
    for (name, defective) in [("good/0", 0), ("bent/0", 20)] {
        let map = npy(20, 20, |x, _| if x < defective { 1.0 } else { 0.5 });
        bench.write(&format!("maps/nut/test/{name}.npy"), &map);
    }
    assert!(run(&bench, &page("docs/metrics.md")).is_empty());
}

#[test]
fn the_commands_of_the_page_on_experiments_run() {
    let bench = bench();
    assert!(run(&bench, &page("docs/experiments.md")).is_empty());
    assert_eq!(listing(&bench.path("runs")), ["again", "off", "short", "sigma"]);
    assert_eq!(listing(&bench.path("runs/sigma/points")).len(), 4);
}

#[test]
fn commands_in_sentences_name_what_there_is() {
    let bench = Bench::new();
    let manifest = page("Cargo.toml");
    let mut found = 0;
    for name in PAGES {
        let page = page(name);
        // What stands between backticks, blocks aside; a command may run over the end of a line.
        let sentences = page.split("```").step_by(2).collect::<String>().replace('\n', " ");
        for span in sentences.split('`').skip(1).step_by(2) {
            if let Some(command) = span.strip_prefix("diadc ") {
                let mut words = words(&command.replace("FORMAT", "json"));
                words.push("--help".to_owned());
                bench.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).success();
                found += 1;
            }
            if let Some(bench) = span.split("--bench ").nth(1) {
                assert!(manifest.contains(&format!("[[bench]]\nname = \"{bench}\"\n")), "{name}: `{span}`");
            }
        }
    }
    assert!(found > 20, "only {found} commands were found");
}
