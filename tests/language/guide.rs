//! The guide in `grammar/README.md`: its examples compile, its tables are complete. So do the examples of other pages.
//!
//! A block marked `diad` is a whole file, which may leave the model out; one marked `diad,members` is what stands in a model.

use diadc_lang::diagnostic::Code;
use diadc_lang::parse::keyword::Keyword;
use diadc_lang::resolve::builtin::{Builtin, Default};

use super::Spec;

const GUIDE: &str = include_str!("../../grammar/README.md");

/// The code blocks of a page with this mark, each with its first line's number.
fn blocks(page: &str, mark: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(found) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            if found == mark {
                blocks.push((number + 2, text.join("\n")));
            }
        }
    }
    assert!(!blocks.is_empty(), "the page has no block `{mark}`");
    blocks
}

fn compiles(number: usize, spec: &Spec) {
    let Err(failed) = spec.result() else { return };
    panic!("the example on line {number} does not compile\n{}", super::shown(&failed));
}

#[test]
fn every_example_of_the_guide_compiles() {
    for (number, text) in blocks(GUIDE, "diad") {
        let has_model = text.lines().any(|line| line.starts_with("model "));
        compiles(number, &if has_model { Spec::new(&text) } else { Spec::with(&text, "") });
    }
    for (number, text) in blocks(GUIDE, "diad,members") {
        compiles(number, &Spec::model(&text));
    }
}

#[test]
fn the_examples_of_the_readme_and_of_contributing_compile() {
    for (number, text) in blocks(include_str!("../../README.md"), "diad") {
        // As the sentence after it says.
        compiles(number, &Spec::new(&format!("use std::autoencoder::{{ConvAutoencoder}}\n\n{text}")));
    }
    for (number, text) in blocks(include_str!("../../CONTRIBUTING.md"), "diad") {
        let members = "part excited = SqueezeExcite()\nfn f(x: [B, 16, 8, 8]) { excited(x) }";
        compiles(number, &Spec::with(&text, members));
    }
}

/// A builtin as the guide writes it.
fn signature(builtin: Builtin) -> String {
    let parameters = builtin.parameters().iter().map(|parameter| {
        let name = parameter.name;
        match parameter.default {
            Default::Required => name.to_owned(),
            Default::None => format!("{name} = none"),
            Default::Int(n) => format!("{name} = {n}"),
            Default::Float(x) if x != 0.0 && x.abs() < 1e-3 => format!("{name} = {x:e}"),
            Default::Float(x) => format!("{name} = {x:?}"),
            Default::Bool(x) => format!("{name} = {x}"),
            Default::Str(x) => format!("{name} = \"{x}\""),
        }
    });
    format!("{}({})", builtin.word(), parameters.collect::<Vec<_>>().join(", "))
}

#[test]
fn the_guide_lists_every_builtin_as_it_is() {
    for &builtin in Builtin::ALL {
        let row = format!("| `{}` | {} |", signature(builtin), builtin.doc());
        assert!(GUIDE.lines().any(|line| line == row), "the guide lacks the line\n{row}");
    }
}

#[test]
fn the_guide_names_every_module_and_every_word_that_can_not_be_a_name() {
    for path in super::files("specs/std", "diad") {
        let module = format!("`std::{}`", super::stem(&path));
        assert!(GUIDE.contains(&module), "the guide does not speak of {module}");
    }
    for Keyword { word, is_reserved, .. } in Keyword::all() {
        let is_refused = matches!(Spec::model(&format!("let {word} = 1")).result(), Err(failed) if failed.diagnostics[0].code == Code::Syntax);
        let words = GUIDE.split("These words can't be names: `").nth(1).and_then(|rest| rest.split('`').next());
        let listed = words.is_some_and(|words| words.split_whitespace().any(|listed| listed == word));
        assert_eq!((is_refused, listed), (is_reserved, is_reserved), "`{word}`");
    }
}
