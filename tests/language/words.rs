//! Lists of words that other programs keep are those of the language: of the editor's highlighting, of the fuzzer, and
//! of the guide.

use std::collections::BTreeSet;

use diadc_lang::diagnostic::Code;
use diadc_lang::parse::keyword::Keyword;
use diadc_lang::parse::section::{Holds, Names, Section};
use diadc_lang::resolve::builtin::{GENERIC_TYPES, TYPES};
use serde_json::Value;

use super::Spec;

const HIGHLIGHTING: &str = include_str!("../../editors/vscode/syntaxes/diad.tmLanguage.json");
const FUZZER: &str = include_str!("../../fuzz/diad.dict");
const GUIDE: &str = include_str!("../../grammar/README.md");

/// The words that a pattern of the highlighting lists between brackets, as in `\b(if|else)\b`.
fn listed(pattern: &str) -> impl Iterator<Item = &str> {
    let groups = pattern.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(group, _)| group);
    let is_list = |group: &&str| group.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '|');
    groups.filter(is_list).flat_map(|group| group.split('|')).filter(|word| !word.is_empty())
}

/// The words that the highlighting knows as types, and all others.
fn highlighted() -> (BTreeSet<String>, BTreeSet<String>) {
    let grammar: Value = serde_json::from_str(HIGHLIGHTING).expect("it is JSON");
    let (mut types, mut others) = (BTreeSet::new(), BTreeSet::new());
    for group in ["definitions", "words"] {
        for pattern in grammar["repository"][group]["patterns"].as_array().expect("a list") {
            let words = listed(pattern["match"].as_str().expect("each has a pattern")).map(str::to_owned);
            if pattern["name"].as_str().is_some_and(|name| name.starts_with("support.type")) {
                types.extend(words);
            } else {
                others.extend(words);
            }
        }
    }
    (types, others)
}

#[test]
fn the_highlighting_knows_every_keyword_and_every_type_and_no_other_word() {
    let (types, keywords) = highlighted();
    assert_eq!(keywords, Keyword::all().map(|keyword| keyword.word.to_owned()).collect());
    assert_eq!(types, TYPES.iter().chain(GENERIC_TYPES).map(|word| (*word).to_owned()).collect());
}

#[test]
fn the_fuzzer_knows_every_keyword() {
    for Keyword { word, .. } in Keyword::all() {
        assert!(FUZZER.lines().any(|line| line == format!("\"{word} \"")), "`{word}`");
    }
}

#[test]
fn the_guide_explains_every_section_and_every_setting() {
    let words: Vec<&str> = GUIDE.split_whitespace().map(|word| word.trim_matches('`')).collect();
    for section in Section::ALL {
        let word = section.word();
        assert!(GUIDE.contains(&format!("`{word}")), "the guide does not speak of `{word}`");
        for known in section.settings() {
            let name = known.name;
            let is_set = words.windows(2).any(|pair| pair == [name, "="]);
            assert!(is_set || GUIDE.contains(&format!("`{name}`")), "the guide does not speak of `{name}` of `{word}`");
            assert!(known.doc.ends_with('.'), "{name}: {}", known.doc);
        }
    }
}

/// Whether the check refuses a setting because its section knows none of that name.
fn is_unknown(section: Section, name: &str) -> bool {
    let names = match section.row().names {
        Names::Nothing => "",
        Names::Objectives => "o",
        Names::Part => "net",
        Names::New => "texture",
    };
    let items = "block Net() { fn (x) { x |> conv(3) @ \"conv\" } }";
    let section = format!("{} {names} {{ {name} = none }}", section.word());
    let members = format!("part net = Net()\nobjective o(image) trains net {{ mse(net(image), image) }}\n{section}");
    let Err(failed) = Spec::with(items, &members).result() else { return false };
    failed.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::UnknownKey)
}

#[test]
fn the_check_knows_the_settings_of_each_section_and_no_others() {
    for section in Section::ALL {
        match section.row().holds {
            Holds::Function => {}
            Holds::Settings(settings) => {
                assert!(settings.iter().all(|known| !is_unknown(section, known.name)), "{}", section.word());
                assert!(is_unknown(section, "colour"), "{}", section.word());
            }
        }
    }
}
