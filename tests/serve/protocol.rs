//! Each question of the protocol, in a right and in a broken text.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{Editor, position};

const BLOCKS: &str = "/// Two convolutions.
block Pair(out: int, wide: int = 8) {
    fn (x: [B, C, H, W]) { x |> conv(3, out: wide) @ \"a\" |> relu |> conv(3, out: out) @ \"b\" }
    /// Half of it.
    fn halved(x) { avg_pool(x, 2) }
}
";

const SPEC: &str = "use \"blocks.diad\"::{Pair}
use std::autoencoder::{ConvAutoencoder}

model M {
    param size: int in 8..=64 = 32  // a side
    data { size = size }
    part pair = Pair(3, wide: 4)
    part ae   = ConvAutoencoder(widths: [4, 8])

    /// What comes back.
    fn back(image: [B, 3, size, size]) {
        let latent = ae.encode(image)
        var y = pair(image) + ae.decode(latent)
        y = pair.halved(y)
        y
    }
    fn both(image: [B, 3, size, size]) { mse(back(image), pair.halved(image)) }
}
";

fn opened() -> Editor {
    let editor = Editor::start();
    editor.write("blocks.diad", BLOCKS);
    editor.write("spec.diad", SPEC);
    editor.open("spec.diad", SPEC);
    editor
}

fn labels(items: &Value) -> Vec<String> {
    items.as_array().expect("a list").iter().map(|item| item["label"].as_str().expect("a word").to_owned()).collect()
}

#[test]
fn mistakes_come_and_go_while_typing() {
    let mut editor = opened();
    assert!(editor.wrong("spec.diad").is_empty());
    editor.change("spec.diad", &SPEC.replace("mse(back", "msee(back"));
    assert_eq!(editor.wrong("spec.diad"), ["unknown-name"]);
    editor.change("spec.diad", &SPEC.replace("ae.decode(latent)", "latent"));
    assert_eq!(editor.wrong("spec.diad"), ["shape-mismatch"]);
    editor.change("spec.diad", &SPEC.replace("let latent =", "let = "));
    assert_eq!(editor.wrong("spec.diad"), ["syntax"]);
    let one_more = SPEC.replace("ae.decode(latent)", "latent").replace("mse(back(image), ", "mse(back(image), , ");
    editor.change("spec.diad", &one_more);
    assert_eq!(editor.wrong("spec.diad"), ["shape-mismatch", "syntax"]);
    editor.change("spec.diad", SPEC);
    assert!(editor.wrong("spec.diad").is_empty());
    editor.end();
}

#[test]
fn an_unsaved_file_counts_where_it_is_used() {
    let mut editor = opened();
    editor.open("blocks.diad", &BLOCKS.replace("halved", "quartered"));
    assert_eq!(editor.wrong("spec.diad"), ["unknown-field", "unknown-field"]);
    editor.change("blocks.diad", &BLOCKS.replace("{ avg_pool", "{{ avg_pool"));
    assert_eq!(editor.wrong("blocks.diad"), ["syntax"]);
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": editor.url("blocks.diad") } }));
    assert!(editor.wrong("spec.diad").is_empty());
    assert!(editor.wrong("blocks.diad").is_empty());
    editor.end();
}

#[test]
fn hovering_shows_shape_doc_and_cost() {
    let mut editor = opened();
    let mut shown = |before: &str| {
        let answer = editor.about("textDocument/hover", "spec.diad", SPEC, before, json!({}));
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    assert!(shown("let lat").contains("[B, 8, 8, 8]"), "{}", shown("let lat"));
    assert!(shown("ae.decode(lat").contains("[B, 8, 8, 8]"));
    let part = shown("part pai");
    assert!(part.contains("part pair = Pair(3, wide: 4)") && part.contains("223 parameters"), "{part}");
    let function = shown("mse(bac");
    assert!(function.contains("What comes back.") && function.contains("multiply-adds"), "{function}");
    assert!(shown("= Pai").contains("Two convolutions."));
    assert!(shown("pair.halv").contains("Half of it."));
    assert!(shown("ms").contains("Mean squared error"));
    assert!(shown("param si").contains("`32`"), "{}", shown("param si"));
    assert!(shown("    dat").contains("How images and masks reach the model"), "{}", shown("    dat"));
    assert!(shown("data { siz").contains("a side in pixels"), "{}", shown("data { siz"));
    editor.end();
}

#[test]
fn definitions_are_found_here_elsewhere_and_in_the_standard_library() {
    let mut editor = opened();
    let mut found = |before: &str| {
        let answer = editor.about("textDocument/definition", "spec.diad", SPEC, before, json!({}));
        (answer["uri"].as_str().unwrap_or_default().to_owned(), answer["range"]["start"].clone())
    };
    assert_eq!(found("ae.decode(lat").1, position(SPEC, "        let "));
    assert_eq!(found("mse(bac").1, position(SPEC, "    fn "));
    let (file, place) = found("= Pai");
    assert!(file.ends_with("/blocks.diad"));
    assert_eq!(place, position(BLOCKS, "block "));
    assert_eq!(found("Pair(3, wid").1, position(BLOCKS, "out: int, "));
    assert_eq!(found("pair.halv").1, position(BLOCKS, "Half of it.\n    fn "));
    let (file, _) = found("= ConvAuto");
    let path = file.strip_prefix("file://").expect("it lies on disk");
    let text = std::fs::read_to_string(path).expect("it was written");
    assert!(text.contains("block ConvAutoencoder"));
    assert!(std::fs::metadata(path).expect("it is there").permissions().readonly());
    assert!(found("mse(back(image), pair.halved(image)) }").0.is_empty());
    editor.end();
}

#[test]
fn references_and_names_change_across_files() {
    let mut editor = opened();
    // A file that nobody opened uses the block too.
    editor
        .write("other.diad", "use \"blocks.diad\"::{Pair as Two}\nmodel O { part two = Two(1)  part one = Two(2) }\n");
    let more = json!({ "context": { "includeDeclaration": true } });
    let places = editor.about("textDocument/references", "spec.diad", SPEC, "= Pai", more);
    assert_eq!(places.as_array().expect("a list").len(), 7, "{places}");
    let edit = editor.about("textDocument/rename", "spec.diad", SPEC, "= Pai", json!({ "newName": "Twice" }));
    let changes = edit["changes"].as_object().expect("edits by file");
    let count = |name: &str| changes.get(&editor.url(name)).and_then(Value::as_array).map_or(0, Vec::len);
    assert_eq!((count("spec.diad"), count("blocks.diad"), count("other.diad")), (2, 1, 1));
    let edit = editor.about("textDocument/rename", "spec.diad", SPEC, "let lat", json!({ "newName": "code" }));
    assert_eq!(edit["changes"][editor.url("spec.diad")].as_array().expect("edits").len(), 2);
    let edit = editor.about("textDocument/rename", "spec.diad", SPEC, "pair.halv", json!({ "newName": "less" }));
    assert_eq!(edit["changes"][editor.url("spec.diad")].as_array().expect("edits").len(), 2);
    for (before, name, why) in [
        ("= ConvAuto", "Other", "standard library"),
        ("part pai", "let", "can't be a name"),
        ("part pai", "a b", "can't be a name"),
    ] {
        let place = json!({ "uri": editor.url("spec.diad") });
        let params = json!({ "textDocument": place, "position": position(SPEC, before), "newName": name });
        let refused = editor.try_ask("textDocument/rename", params).expect_err("it must be refused");
        assert!(refused.contains(why), "{refused}");
    }
    editor.end();
}

#[test]
fn completion_knows_where_it_is_also_in_a_broken_text() {
    let mut editor = opened();
    editor.wrong("spec.diad");
    let mut offered = |from: &str, to: &str, before: &str| {
        let text = SPEC.replacen(from, to, 1);
        editor.change("spec.diad", &text);
        labels(&editor.about("textDocument/completion", "spec.diad", &text, before, json!({})))
    };
    let has = |labels: &[String], words: &[&str]| {
        words.iter().for_each(|word| assert!(labels.iter().any(|label| label == word), "no `{word}` in {labels:?}"));
    };
    has(&offered("ae.encode(image)", "ae.", "let latent = ae."), &["encode", "decode", "widths"]);
    has(&offered("ae.encode(image)", "", "let latent = "), &["image", "pair", "back", "conv", "mse", "size", "if"]);
    has(&offered("Pair(3, wide: 4)", "Pair(3, ", "Pair(3, "), &["wide:", "out:", "size"]);
    has(&offered("size = size }", "\n    ", "data { \n    "), &["filter", "mean", "size"]);
    has(&offered("use std::autoencoder::{ConvAutoencoder}", "use std::", "use std::"), &["unet", "diffusion"]);
    has(&offered("{ConvAutoencoder}", "{", "use std::autoencoder::{"), &["KlAutoencoder", "ConvAutoencoder"]);
    assert!(offered("// a side", "// a", "// a").is_empty());
    editor.end();
}

#[test]
fn shapes_symbols_layout_and_remedies_are_given() {
    let mut editor = opened();
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let file = json!({ "uri": editor.url("spec.diad") });
    let hints = editor.ask("textDocument/inlayHint", json!({ "textDocument": file, "range": whole }));
    assert_eq!(labels(&hints), [": [B, 8, 8, 8]", ": [B, 3, 32, 32]"]);
    let symbols = editor.ask("textDocument/documentSymbol", json!({ "textDocument": file }));
    let inner: Vec<&str> = symbols[0]["children"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(|symbol| symbol["name"].as_str())
        .collect();
    assert_eq!(inner, ["size", "data", "pair", "ae", "back", "both"]);
    let found = editor.ask("workspace/symbol", json!({ "query": "halv" }));
    assert_eq!(found.as_array().expect("a list").len(), 1, "{found}");

    editor.change("spec.diad", &SPEC.replace("param size:", "param   size :"));
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let edits = editor.ask("textDocument/formatting", json!({ "textDocument": file, "options": options }));
    assert_eq!(edits[0]["newText"].as_str().map(|text| text.contains("param size: int")), Some(true));

    let broken = SPEC.replace("mse(back", "msee(back");
    editor.change("spec.diad", &broken);
    let place = position(&broken, "{ mse");
    let range = json!({ "start": place, "end": place });
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({ "textDocument": file, "range": range, "context": { "diagnostics": [] } }),
    );
    assert_eq!(actions[0]["title"], json!("Write `mse`"));
    assert_eq!(actions[0]["edit"]["changes"][editor.url("spec.diad")][0]["newText"], json!("mse"));
    editor.end();
}

#[test]
fn a_warning_stays_beside_a_wrong_shape_and_is_mended_with_a_click() {
    let mut editor = opened();
    let wrong = SPEC.replace("{Pair}", "{Pair, Pair as Twin}").replace("ae.decode(latent)", "latent");
    editor.change("spec.diad", &wrong);
    assert_eq!(editor.wrong("spec.diad"), ["shape-mismatch", "unused-name"]);
    let place = position(&wrong, "Pair as T");
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({
            "textDocument": { "uri": editor.url("spec.diad") },
            "range": { "start": place, "end": place },
            "context": { "diagnostics": [] },
        }),
    );
    assert_eq!(actions.as_array().map(Vec::len), Some(1), "{actions}");
    let edit = &actions[0]["edit"]["changes"][editor.url("spec.diad")][0];
    assert_eq!((&edit["newText"], &actions[0]["isPreferred"]), (&json!(""), &json!(true)));
    assert_eq!(edit["range"]["start"], position(&wrong, "{Pair"));
    assert_eq!(edit["range"]["end"], position(&wrong, "as Twin"));
    editor.end();
}

#[test]
fn what_was_known_stays_while_a_text_is_broken() {
    let mut editor = opened();
    editor.wrong("spec.diad");
    let broken = SPEC.replace("data {", "data }{ \n\n");
    editor.change("spec.diad", &broken);
    assert_eq!(editor.wrong("spec.diad").len(), 1);
    let answer = editor.about("textDocument/hover", "spec.diad", &broken, "ae.decode(lat", json!({}));
    assert!(answer["contents"]["value"].as_str().expect("it is shown").contains("[B, 8, 8, 8]"), "{answer}");
    editor.end();
}

#[test]
fn what_no_editor_should_say_is_refused_and_the_server_stays() {
    let mut editor = opened();
    let refused = editor.try_ask("textDocument/unheardOf", json!({})).expect_err("it is not known");
    assert!(refused.contains("not known"));
    editor.try_ask("textDocument/hover", json!({ "textDocument": 3 })).expect_err("that is no question");
    let missing =
        json!({ "textDocument": { "uri": "file:///no/such.diad" }, "position": { "line": 3, "character": 9 } });
    assert_eq!(editor.ask("textDocument/hover", missing), Value::Null);
    editor.tell("textDocument/didChange", json!({ "nothing": true }));
    let text = "model M { part a = ".to_owned() + &"(".repeat(5000);
    editor.open("deep.diad", &text);
    assert_eq!(editor.wrong("deep.diad"), ["too-nested"]);
    editor.tell(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": "untitled:Untitled-1", "languageId": "diad", "version": 1, "text": "model {" } }),
    );
    assert!(editor.wrong("spec.diad").is_empty());
    editor.end();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_ends_the_server(cuts in prop::collection::vec((any::<Index>(), any::<Index>(), "[ -~]{0,3}"), 1..6)) {
        let mut editor = opened();
        let mut text = SPEC.to_owned();
        for (from, length, new) in cuts {
            let from = from.index(text.len());
            let to = (from + length.index(20)).min(text.len());
            text.replace_range(from..to, &new);
            editor.change("spec.diad", &text);
            editor.wrong("spec.diad");
            let line = from % 25;
            let params = json!({
                "textDocument": { "uri": editor.url("spec.diad") },
                "position": { "line": line, "character": 12 },
                "newName": "other",
                "context": { "includeDeclaration": true },
            });
            for method in ["hover", "definition", "references", "completion", "prepareRename", "rename"] {
                let refused = editor.try_ask(&format!("textDocument/{method}"), params.clone());
                prop_assert!(refused != Err("diadc made a mistake".to_owned()), "{method} in\n{text}");
            }
        }
        editor.end();
    }
}
