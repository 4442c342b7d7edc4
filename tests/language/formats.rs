//! Diagnostics for programs: JSON, SARIF and the workflow commands of GitHub.

use diadc_lang::compile::Failed;
use diadc_lang::diagnostic::{github, json, sarif};
use diadc_lang::source::SourceMap;

use diadc_lang::diagnostic::Diagnostic;
use diadc_lang::parse::parse;

use super::Spec;

/// A mistake whose first line has a letter of two bytes before the place, in a spec that lies in a file.
fn failed() -> Failed {
    let items = "block Net() { fn (x) { /* \u{e9} */ x |> rellu } }".replace("/* \u{e9} */", "let a = \"\u{e9}\" ");
    match Spec::with(&items, "part net = Net()\nfn f(x: [B, 3, 8, 8]) { net(x) }").result() {
        Ok(_) => panic!("there is a mistake"),
        Err(failed) => *failed,
    }
}

/// A mistake in the standard library, which a call in the user's file led to.
fn inside_the_library() -> Failed {
    let spec = Spec::with("use std::resnet::{ResNet}", "part psi = ResNet(20)\nfn f(x: [B, 3, 64, 64]) { psi(x) }");
    match spec.result() {
        Ok(_) => panic!("there is a mistake"),
        Err(failed) => *failed,
    }
}

#[test]
fn json_tells_places_in_characters_and_bytes() {
    let failed = failed();
    let told = json(&failed.diagnostics, &failed.sources);
    let mistake = &told[0];
    assert_eq!(mistake["code"], "unknown-name");
    assert_eq!(mistake["severity"], "error");
    assert_eq!(mistake["help"], "did you mean `relu`?");
    let label = &mistake["labels"][0];
    let column = label["column"].as_u64().expect("a column is a number");
    assert_eq!(label["line"], 1);
    assert_eq!(label["end_column"], column + 5);
    assert_eq!(label["start"], column, "one letter before it has two bytes");
    assert!(label["file"].as_str().is_some_and(|file| file.ends_with("spec.diad")));
}

#[test]
fn json_has_the_edits_that_correct_a_mistake() {
    let failed = failed();
    let told = json(&failed.diagnostics, &failed.sources);
    let fix = &told[0]["fixes"][0];
    assert_eq!((&fix["title"], &fix["new"]), (&"Write `relu`".into(), &"relu".into()));
    let place = |of: &serde_json::Value| ["file", "start", "end"].map(|key| of[key].clone());
    assert_eq!(place(fix), place(&told[0]["labels"][0]));
}

#[test]
fn sarif_has_a_rule_for_each_code_and_places_in_files_only() {
    let failed = inside_the_library();
    let log = sarif(&failed.diagnostics, &failed.sources);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let (rules, results) = (&run["tool"]["driver"]["rules"], &run["results"]);
    for result in results.as_array().expect("results are a list") {
        let index = result["ruleIndex"].as_u64().expect("an index is a number") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(rules[index]["help"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str();
        assert!(uri.is_some_and(|uri| uri.starts_with("file:///") && uri.ends_with("spec.diad")), "{uri:?}");
    }
}

/// The schema of SARIF takes no list of related places in which one occurs twice.
#[test]
fn sarif_tells_each_related_place_once() {
    let mut failed = failed();
    let diagnostic = &mut failed.diagnostics[0];
    diagnostic.trace = vec![diagnostic.labels[0].clone(); 2];
    let log = sarif(&failed.diagnostics, &failed.sources);
    let related = log["runs"][0]["results"][0]["relatedLocations"].as_array().expect("there is a trace");
    assert!((1..related.len()).all(|i| !related[..i].contains(&related[i])), "{related:?}");
}

#[test]
fn a_workflow_command_stands_on_one_line_with_its_signs_escaped() {
    let mut sources = SourceMap::default();
    let id = sources.add_file("a,b:c%.diad", "model M {\n    let a = \n}\n");
    let Err(diagnostics) = parse(id, &sources) else { panic!("there is a mistake") };
    let more: Vec<Diagnostic> = diagnostics.into_iter().map(|told| told.note("100 %,\nmore: here")).collect();
    let told = github(&more, &sources);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("::error file=a%2Cb%3Ac%25.diad,line=3,col=1,endLine=3,"), "{told}");
    assert!(told.trim_end().ends_with("%0A100 %25,%0Amore: here"), "{told}");
}

#[test]
fn a_mistake_in_the_library_is_put_at_the_call_that_led_there() {
    let failed = inside_the_library();
    let told = github(&failed.diagnostics, &failed.sources);
    assert!(told.contains("spec.diad,line=4,"), "{told}");
    assert!(told.contains("std::"), "{told}");
}
