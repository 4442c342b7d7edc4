//! What a spec looks like and costs: graph, cost, diff, and runs that would take too much memory.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::harness::Bench;
use crate::skip;

fn stdout(arguments: &[&str]) -> String {
    Bench::new().run(arguments).success().stdout()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(arguments)).expect("it is JSON")
}

#[test]
fn a_folded_call_is_shown_with_what_goes_in_and_comes_out() {
    let text = stdout(&["graph", "tiny", "-f", "score", "--depth", "0"]);
    let made = text.lines().filter_map(|line| line.trim().split_once(" = ")).flat_map(|(made, _)| made.split(", "));
    let names: Vec<&str> = made.collect();
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("= reconstruct(image)")).collect();
    assert!(matches!(calls[..], [call] if call.ends_with(": [B, 3, 64, 64]")), "{text}");
    for used in text.split(['(', ')', ',', ' ', '\n']).filter(|word| word.starts_with('%')) {
        assert!(names.contains(&used), "`{used}` comes from nowhere:\n{text}");
    }
}

#[test]
fn the_ending_of_the_file_chooses_the_format() {
    let bench = Bench::new();
    let read = |name: &str| std::fs::read_to_string(bench.path(name)).expect("it was written");
    for (name, begin) in
        [("g.html", "<!doctype html>"), ("g.svg", "<svg "), ("g.dot", "digraph"), ("g.json", "{"), ("g.txt", "score(")]
    {
        bench.run(&["graph", "small.diad", "-f", "score", "-o", name]).success();
        assert!(read(name).starts_with(begin), "{name}");
    }
    bench.run(&["graph", "small.diad", "-o", "g.gif"]).fails(2, &["ending says no format"]);
    bench.run(&["graph", "small.diad", "-o", "g.svg"]).fails(2, &["one function", "score"]);
    bench.run(&["graph", "small.diad", "--format", "html", "--depth", "1"]).fails(2, &["--depth"]);
}

/// What is trained is shown with its gradients, and with the rules by which they change it.
#[test]
fn a_step_of_training_is_shown_with_its_gradients_and_rules() {
    let text = stdout(&["graph", "tiny", "-f", "autoencoding", "--gradients"]);
    assert!(text.contains("\n  gradient of `first_stage_model.decoder.conv_out.bias` is %"), "{text}");
    assert!(text.contains("\n  step of the weights by adamw(lr: "), "{text}");
    let first = "step by adamw of `first_stage_model.encoder.conv_in.weight` with %";
    let step = text.lines().find(|line| line.trim_start().starts_with(first)).expect("the first layer is stepped");
    assert!(step.contains(", gradients times %"), "{step}");
    assert!(!stdout(&["graph", "tiny", "-f", "autoencoding"]).contains("step of the weights"));
}

/// All boxes of a frame of the JSON view.
fn boxes<'a>(frame: &'a Value, into: &mut Vec<&'a Value>) {
    for node in frame["nodes"].as_array().into_iter().flatten() {
        into.push(node);
        boxes(&node["inside"], into);
    }
}

#[test]
fn boxes_count_what_is_in_them() {
    let graph = json(&["graph", "diad", "-f", "denoising", "--format", "json"]);
    let frame = &graph["functions"][0]["graph"];
    let mut all = Vec::new();
    boxes(frame, &mut all);
    assert!(all.len() > 1000, "{} boxes", all.len());
    let named = |title: &str| *all.iter().find(|node| node["title"] == title).unwrap_or_else(|| panic!("no `{title}`"));
    assert_eq!(named("control_model")["trained"], named("control_model")["parameters"]);
    assert_eq!(named("first_stage_model.encode")["trained"], 0);
    let sum: u64 =
        frame["nodes"].as_array().expect("boxes").iter().filter_map(|node| node["multiply_adds"].as_u64()).sum();
    let cost = json(&["cost", "diad", "--format", "json"]);
    let functions = cost["functions"].as_array().expect("functions");
    let own = functions.iter().find(|function| function["name"] == "denoising").expect("it is there");
    assert_eq!(own["written"].as_u64(), Some(sum));
}

#[test]
fn every_wire_leads_from_a_box_to_boxes_behind_it() {
    let graph = json(&["graph", "tiny", "--format", "json"]);
    for function in graph["functions"].as_array().expect("functions") {
        let mut frames = vec![&function["graph"]];
        while let Some(frame) = frames.pop() {
            let nodes = frame["nodes"].as_array().expect("boxes");
            frames.extend(nodes.iter().map(|node| &node["inside"]).filter(|inside| !inside.is_null()));
            let mut reached = vec![0; nodes.len()];
            for wire in frame["wires"].as_array().expect("wires") {
                for to in wire["to"].as_array().expect("ends") {
                    assert!(wire["from"][0].as_u64() < to[0].as_u64(), "{wire} in {}", function["name"]);
                    reached[to[0].as_u64().expect("a number") as usize] += 1;
                }
            }
            for (node, reached) in nodes.iter().zip(reached) {
                assert_eq!(node["inputs"].as_u64(), Some(reached), "{} in {}", node["title"], function["name"]);
            }
        }
    }
}

/// Clicks, points and searches as a user does, and leaves what it sees in the page.
const VISIT: &str = r##"<script>{
const boxes = () => document.querySelectorAll("#view .node").length;
const find = title => [...document.querySelectorAll("#view .node")].find(node => node.querySelector(":scope > .title").textContent === title);
const send = (on, kind) => on.dispatchEvent(new MouseEvent(kind, { bubbles: true }));
const about = () => document.getElementById("about").textContent;
const seen = { folded: boxes() };
send(find("reconstruct"), "click");
seen.opened = boxes();
seen.expanded = find("reconstruct").getAttribute("aria-expanded");
send(find("reconstruct"), "click");
seen.again = boxes();
send(find("reconstruct"), "pointerover");
seen.about = about();
const search = document.getElementById("search");
search.value = "control_model conv2d";
search.dispatchEvent(new Event("input"));
seen.found = document.querySelectorAll("#found li").length;
search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
seen.chosen = document.querySelectorAll("#view .node.chosen").length;
seen.weight = about();
for (let i = 0; i < 12; i++) document.getElementById("open").click();
seen.all = boxes();
document.getElementById("fold").click();
seen.end = boxes();
const functions = document.getElementById("function");
functions.value = [...functions.options].findIndex(option => option.textContent.startsWith("denoise "));
functions.dispatchEvent(new Event("change"));
seen.function = about();
document.body.setAttribute("data-seen", JSON.stringify(seen));
}</script></body>"##;

/// The page after the visit, as a browser holds it.
fn visited(browser: &str, page: &Path) -> String {
    let address = format!("file://{}", page.display());
    let options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,900", "--dump-dom", &address];
    let output = Command::new(browser).args(options).output().expect("the browser can be started");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_page_of_the_whole_model_opens_folds_and_finds() {
    let bench = Bench::new();
    bench.run(&["graph", "diad", "-o", "graph.html"]).success();
    let page = std::fs::read_to_string(bench.path("graph.html")).expect("it was written");
    for outside in ["http:", "https:", "src=", "href=", "@import", "url("] {
        let quoted = page.matches(outside).count()
            - page.matches("http://www.w3.org/2000/svg").count() * usize::from(outside == "http:");
        assert_eq!(quoted, 0, "the page asks for `{outside}`");
    }
    std::fs::write(bench.path("visit.html"), page.replace("</body>", VISIT)).expect("it can be written");
    let browsers = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
    let package = "Debian's package chromium-headless-shell";
    let Some(browser) = skip::program("browser", &browsers, package) else { return };
    let dom = visited(&browser, &bench.path("visit.html"));
    let seen = dom
        .split("data-seen=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("{}", &dom[..dom.len().min(2000)]));
    let seen: Value = serde_json::from_str(&seen.replace("&quot;", "\"").replace("&amp;", "&")).expect("it is JSON");
    let number = |name: &str| seen[name].as_u64().expect("a number");
    assert!(number("folded") < number("opened") && seen["expanded"] == "true", "{seen}");
    assert!(number("again") == number("folded") && number("end") == number("folded"), "{seen}");
    assert!(number("all") > 1000 && number("found") > 10 && number("chosen") == 1, "{seen}");
    let says = |name: &str, words: &[&str]| {
        let text = seen[name].as_str().unwrap_or_default();
        words.iter().for_each(|word| assert!(text.contains(word), "`{word}` in {text}"));
    };
    says("about", &["reconstruct", "multiply-adds", "specs/diad.diad:", "score(image)"]);
    says("weight", &["conv2d", "control_model.", "trained"]);
    says("function", &["denoise", "A function of DiAD"]);
}

#[test]
fn a_run_that_needs_more_memory_than_it_may_take_is_refused() {
    let bench = Bench::new();
    bench.run(&["run", "small.diad", "--memory", "20kB"]).fails(2, &["as in 8GB"]);
    bench
        .run(&["run", "diad", "--memory", "8GB"])
        .fails(1, &["needs more memory than 8.00 GB", "training `denoising`", "needs"]);
    let batch = json(&["cost", "tiny", "--format", "json"]);
    let need = |name: &str| {
        let peaks = batch["memory"]["peaks"].as_array().expect("peaks");
        let peak = peaks.iter().find(|peak| peak["name"] == name && peak["training"] == true).expect("it is trained");
        peak["bytes"]["total"].as_u64().expect("a number")
    };
    let limit = format!("{}MB", need("denoising") * 9 / 10_000_000);
    bench.run(&["run", "tiny", "--memory", &limit]).fails(1, &["`batch = ", "accumulate = "]);
    assert!(super::harness::listing(&bench.path("runs")).is_empty(), "a refused run leaves nothing");
}

#[test]
fn memory_is_that_of_weights_gradients_and_moments_which_bf16_leaves_as_they_are() {
    let peaks = |precision: &str| {
        let cost = json(&["cost", "diad", "--precision", precision, "--batch", "8", "--format", "json"]);
        let peaks = cost["memory"]["peaks"].as_array().expect("peaks").clone();
        peaks.into_iter().find(|peak| peak["training"] == true).expect("it is trained")["bytes"].clone()
    };
    let (full, rounded) = (peaks("f32"), peaks("bf16"));
    let number = |value: &Value| value.as_u64().expect("a number");
    assert_eq!(number(&full["optimizer"]), 2 * 4 * 982_679_124);
    for same in ["optimizer", "weights"] {
        assert_eq!(number(&full[same]), number(&rounded[same]));
    }
    assert_ne!(number(&full["activations"]), number(&rounded["activations"]));
    // Those of the batches before wait while those of this one are made.
    assert!(number(&full["gradients"]) < 2 * 4 * 982_679_124 * 11 / 10);
    assert!(number(&full["total"]) > 17_900_000_000);
}

#[test]
fn a_setting_is_told_as_what_it_changes() {
    let text = stdout(&["diff", "diad", "--set", "fusion=off"]);
    let headings = ["\nstructure\n", "\ngradients\n", "as it runs\n", "in a step of training\n"];
    let changes = ["fusion", "in_silu -> off", "sg (SemanticGuide)", "110,592,000", "control_model.down"];
    for words in headings.into_iter().chain(changes) {
        assert!(text.contains(words), "`{words}` in\n{text}");
    }
    let found = json(&["diff", "diad", "--set", "steps=5", "--format", "json"]);
    assert_eq!(found["settings"][0]["name"], "steps");
    assert!(found["weights"].as_array().is_some_and(Vec::is_empty));
    let calls = found["structure"].as_array().expect("calls");
    assert!(calls.iter().any(|call| call["with"][0][0] == "loop 5 times"), "{found:#}");
    // No loop is trained through.
    assert!(found["gradients"].as_array().is_some_and(Vec::is_empty), "{found:#}");
    assert!(stdout(&["diff", "tiny", "tiny"]).contains("nothing changed"));
    Bench::new().run(&["diff", "tiny"]).fails(2, &["nothing to compare with"]);
}
