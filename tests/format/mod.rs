//! The formatter: specs stay as they are, spoilt ones come back, nothing is lost, and a second time changes nothing.

use diadc_lang::format::format;
use diadc_lang::parse::parse;
use diadc_lang::parse::tree::{Tree, tree};
use diadc_lang::source::SourceMap;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::language::files;

/// All files of the language in this repository.
fn specs() -> Vec<(String, String)> {
    let folders = ["specs", "specs/std", "specs/systems", "specs/sweeps", "examples", "tests/language/wrong"];
    let paths = folders.iter().flat_map(|folder| files(folder, "diad"));
    paths.map(|path| (path.clone(), std::fs::read_to_string(path).expect("the spec can be read"))).collect()
}

/// The files that are written as all are to be.
fn models() -> Vec<(String, String)> {
    specs().into_iter().filter(|(path, _)| !path.contains("tests")).collect()
}

/// The meaning of a text: its tree without places.
fn meaning(text: &str) -> Option<String> {
    let mut sources = SourceMap::default();
    let id = sources.add("text", text);
    let shown = format!("{:?}", parse(id, &sources).ok()?);
    let mut pieces = shown.split("Span {");
    let mut meaning = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        meaning += piece.split_once('}').map_or("", |(_, behind)| behind);
    }
    Some(meaning)
}

/// All comments of a text, in their order, each with the word before it.
fn comments(text: &str) -> Vec<(String, String)> {
    let Tree { tokens, .. } = tree(text).expect("the text is right");
    let mut comments = Vec::new();
    let mut before = String::new();
    for token in tokens {
        for comment in &token.comments {
            comments.push((before.clone(), comment.text.clone()));
        }
        // Commas before the end of a bracket come and go.
        if token.text != "," {
            before = token.text;
        }
    }
    comments
}

/// Formats a text and checks all that must hold whatever it is.
fn formatted(text: &str) -> Option<String> {
    let Some(new) = format(text) else {
        assert!(meaning(text).is_none(), "a right text has no layout:\n{text}");
        return None;
    };
    assert_eq!(format(&new).as_deref(), Some(&*new), "a second time changes more:\n{text}\nto\n{new}");
    assert_eq!(meaning(&new), meaning(text), "the meaning changed:\n{text}\nto\n{new}");
    assert_eq!(comments(&new), comments(text), "a comment went elsewhere:\n{text}\nto\n{new}");
    for line in new.lines() {
        assert_eq!(line, line.trim_end(), "a line ends with spaces:\n{new}");
    }
    Some(new)
}

/// So many cases, unless the environment asks for another number of them.
fn cases(few: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(few);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// One way to spoil the spaces of a text without changing what it says.
#[derive(Clone, Debug)]
enum Slip {
    /// The spaces at a place become so many.
    Spaces(Index, usize),
    /// A line is indented by so much.
    Indented(Index, usize),
    /// A blank line more.
    Blank(Index),
    /// Spaces at the end of a line.
    Trailing(Index, usize),
}

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![
        4 => (any::<Index>(), 1..9_usize).prop_map(|(at, count)| Slip::Spaces(at, count)),
        2 => (any::<Index>(), 0..30_usize).prop_map(|(at, count)| Slip::Indented(at, count)),
        1 => any::<Index>().prop_map(Slip::Blank),
        1 => (any::<Index>(), 1..4_usize).prop_map(|(at, count)| Slip::Trailing(at, count)),
    ]
}

fn spoilt(text: &str, slips: &[Slip]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for slip in slips {
        match slip {
            Slip::Spaces(at, count) => {
                let line = at.get(&lines).clone();
                let place = lines.iter().position(|other| *other == line).expect("it is one of them");
                lines[place] = respaced(&line, *at, *count);
            }
            Slip::Indented(at, count) => {
                let place = at.index(lines.len());
                lines[place] = " ".repeat(*count) + lines[place].trim_start();
            }
            Slip::Blank(at) => {
                let blanks: Vec<usize> = (0..lines.len()).filter(|&i| lines[i].is_empty()).collect();
                if !blanks.is_empty() {
                    lines.insert(*at.get(&blanks), String::new());
                }
            }
            Slip::Trailing(at, count) => {
                let place = at.index(lines.len());
                lines[place].push_str(&" ".repeat(*count));
            }
        }
    }
    lines.join("\n")
}

/// A line with one run of spaces changed that is neither in a string nor in a comment.
fn respaced(line: &str, at: Index, count: usize) -> String {
    let indent = line.len() - line.trim_start().len();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut in_string = false;
    for (i, sign) in line.char_indices() {
        if !in_string && line[i..].starts_with("//") {
            break;
        }
        in_string ^= sign == '"';
        if sign == ' ' && !in_string && i >= indent {
            match runs.last_mut() {
                Some((_, end)) if *end == i => *end += 1,
                _ => runs.push((i, i + 1)),
            }
        }
    }
    if runs.is_empty() {
        return line.to_owned();
    }
    let (start, end) = *at.get(&runs);
    format!("{}{}{}", &line[..start], " ".repeat(count), &line[end..])
}

/// A text with some line breaks more, some fewer, and some comments, where the grammar allows them.
fn torn(text: &str, places: &[(Index, u8)]) -> String {
    let Tree { tokens, .. } = tree(text).expect("the text is right");
    let mut at = 0;
    let mut gaps: Vec<(usize, usize)> = Vec::new();
    for token in tokens {
        let start = at + text[at..].find(&token.text).expect("tokens stand in their order");
        if text[at..start].trim().is_empty() && start > at && !token.text.is_empty() {
            gaps.push((at, start));
        }
        at = start + token.text.len();
    }
    let mut chosen: Vec<((usize, usize), u8)> = places.iter().map(|(at, how)| (*at.get(&gaps), *how)).collect();
    chosen.sort_unstable();
    chosen.dedup_by_key(|(gap, _)| *gap);
    let mut torn = text.to_owned();
    for ((start, end), how) in chosen.into_iter().rev() {
        let behind_doc = text[..start].lines().last().is_some_and(|line| line.trim_start().starts_with("//"));
        let gap = match how {
            0 if !behind_doc => " ".to_owned(),
            1 if !behind_doc => " // why\n".to_owned(),
            2 => "\n// what\n\n// how\n".to_owned(),
            _ => "\n".to_owned(),
        };
        torn.replace_range(start..end, &gap);
    }
    torn
}

#[test]
fn words_that_belong_together_stand_one_space_apart() {
    let formatted = format("model M {\n    fit a(image)   from   held_out{ b(image) }\n}\n").expect("it is right");
    assert!(formatted.contains("fit a(image) from held_out { b(image) }"), "{formatted}");
}

#[test]
fn the_specs_of_this_repository_are_laid_out() {
    for (path, text) in models() {
        let new = formatted(&text).unwrap_or_else(|| panic!("{path} is wrong"));
        assert_eq!(new, text, "{path} is not laid out; run `diadc fmt specs examples`");
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_spec_whose_spaces_were_spoilt_comes_back(at in any::<Index>(), slips in prop::collection::vec(slip(), 1..40)) {
        let models = models();
        let (path, text) = at.get(&models);
        let spoilt = spoilt(text, &slips);
        prop_assert_eq!(&formatted(&spoilt).expect("spaces break nothing"), text, "{} came back changed from\n{}", path, spoilt);
    }

    #[test]
    fn line_breaks_and_comments_anywhere_change_nothing_else(
        at in any::<Index>(),
        places in prop::collection::vec((any::<Index>(), 0..4_u8), 1..30),
    ) {
        let specs: Vec<_> = specs().into_iter().filter(|(_, text)| tree(text).is_some()).collect();
        let (path, text) = at.get(&specs);
        let torn = torn(text, &places);
        prop_assert!(formatted(&torn).is_some(), "{path} was torn apart:\n{torn}");
    }

    #[test]
    fn any_text_is_laid_out_or_left_alone(text in "[a-z{}()|>@=:,.+\\-\"\n /]{0,60}") {
        formatted(&text);
    }
}

#[test]
fn a_text_on_one_line_gets_lines() {
    let text = "use std::unet::{UNet} model M { param size:int in 1..=4=3 data{size=size mean=0.5} \
                fn f(x:[B,3,size]){let (a,b)=split(x,2) var h=a h=h+b h|>relu}}";
    insta::assert_snapshot!(formatted(text).expect("it is right"));
}

#[test]
fn long_lines_are_broken_at_what_lies_least_deep() {
    let text = include_str!("long.diad");
    insta::assert_snapshot!(formatted(text).expect("it is right"));
}

#[test]
fn comments_stay_where_they_are() {
    let text = include_str!("comments.diad");
    insta::assert_snapshot!(formatted(text).expect("it is right"));
}

#[test]
fn a_bracket_around_one_thing_gets_no_comma_on_lines_of_its_own() {
    let name = "x".repeat(70);
    for inner in [format!("{name}() |> {name}(3)"), "\n// Why.\n1 + 2\n".to_owned()] {
        let new = formatted(&format!("model M {{ let a = 1 + ({inner}) }}")).expect("it is right");
        assert!(!new.contains(','), "{new}");
    }
}

#[test]
fn brackets_within_brackets_have_no_layout() {
    assert_eq!(format(&format!("let a = {}1{}", "(".repeat(100_000), ")".repeat(100_000))), None);
}
