//! Every keyword, `param`, named argument, setting and field of the specs that come with diadc, misspelt by one letter,
//! is an error at that place that names the right word.

use diadc_lang::compile::analyse;
use diadc_lang::diagnostic::Diagnostic;
use diadc_lang::parse::keyword::{Begins, Keyword};
use diadc_lang::parse::section::Section;
use diadc_lang::resolve::{Library, Location, embedded_specs};
use diadc_lang::source::Memory;

/// A word that can be misspelt, and where it stands.
struct Word {
    start: usize,
    text: String,
    kind: &'static str,
}

/// A bracket that is open.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    /// Parameters of a definition.
    Parameters,
    /// Arguments of a call.
    Arguments,
    /// Settings of a member.
    Settings,
    Other,
}

/// Whether a word begins a member where one can stand, and is a name elsewhere.
fn begins_member(word: &str) -> bool {
    let begins = |word: Keyword| word.begins(Begins::Member) || word.begins(Begins::Ahead);
    Keyword::named(word).is_some_and(|word| !word.is_reserved && begins(word))
}

/// The words of a text that are worth misspelling.
fn words(text: &str) -> Vec<Word> {
    let bytes = text.as_bytes();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let params: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("param "))
        .map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default())
        .collect();
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let (mut at, mut before, mut head): (usize, &str, Vec<&str>) = (0, "", Vec::new());
    while at < bytes.len() {
        let rest = &text[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if bytes[at] == b'"' {
            at += 2 + text[at + 1..].find('"').expect("strings are closed");
            (before, head) = ("\"", Vec::new());
        } else if bytes[at].is_ascii_alphabetic() || bytes[at] == b'_' {
            let length = rest.bytes().take_while(|byte| is_letter(*byte)).count();
            let word = &rest[..length];
            let after = rest[length..].trim_start();
            let is_first =
                text[..at].rsplit('\n').next().is_some_and(|line| line.trim().is_empty()) || begins_member(before);
            let is_named = after.starts_with(':') && !after.starts_with("::");
            let is_set = after.starts_with('=') && !after.starts_with("==");
            let is_keyword = match Keyword::named(word) {
                Some(Keyword { is_reserved: true, .. }) => true,
                // What begins a member is a name elsewhere.
                Some(_) if begins_member(word) => is_first && !is_set,
                // What stands in the head of an objective is one where it is set.
                Some(_) => !is_named && !is_set,
                None => false,
            };
            let kind = if before == "." && !is_set {
                Some("field")
            } else if is_keyword {
                Some("keyword")
            } else if is_named && open.last() == Some(&Open::Arguments) && matches!(before, "(" | ",") {
                Some("argument")
            } else if is_set && open.last() == Some(&Open::Settings) {
                Some("setting")
            } else if params.contains(&word) && before != "param" && !is_named && !is_set && before != "let" {
                Some("param")
            } else {
                None
            };
            found.extend(kind.map(|kind| Word { start: at, text: word.to_owned(), kind }));
            if is_first {
                head.clear();
            }
            head.push(word);
            before = word;
            at += length;
        } else if bytes[at].is_ascii_whitespace() {
            at += 1;
        } else {
            match bytes[at] {
                b'(' => {
                    let defines = ["fn", "block", "objective", "score"];
                    let is_definition = head.iter().rev().take(2).any(|word| defines.contains(word));
                    open.push(if is_definition { Open::Parameters } else { Open::Arguments });
                }
                b'{' => {
                    let section = head.first().and_then(|word| Section::named(word));
                    let sets = section.is_some_and(|section| !section.settings().is_empty());
                    open.push(if sets { Open::Settings } else { Open::Other });
                }
                b'[' => open.push(Open::Other),
                b')' | b'}' | b']' => {
                    open.pop();
                }
                _ => {}
            }
            if bytes[at] != b',' || open.is_empty() {
                head.retain(|_| bytes[at] == b'.' || bytes[at] == b',');
            }
            before = &text[at..=at];
            at += 1;
        }
    }
    found
}

/// The word with a letter less, two letters exchanged, and a letter twice.
fn misspelt(word: &str) -> Vec<String> {
    let middle = word.len() / 2;
    let dropped = format!("{}{}", &word[..middle], &word[middle + 1..]);
    let doubled = format!("{}{}", &word[..=middle], &word[middle..]);
    let mut letters = word.as_bytes().to_vec();
    letters.swap(middle - 1, middle);
    let swapped = String::from_utf8(letters).expect("words are of ASCII");
    [dropped, swapped, doubled].into_iter().filter(|other| other != word).collect()
}

/// What is wrong with a spec of the library.
fn mistakes(root: &Location, files: &Memory, library: &mut Library) -> Vec<Diagnostic> {
    analyse(root, &[], files, library, None).errors
}

fn write(files: &mut Memory, location: &Location, text: String) {
    if let Location::File(path) = location {
        files.write(path, text);
    }
}

fn says(diagnostic: &Diagnostic, word: &str) -> bool {
    let quoted = format!("`{word}`");
    diagnostic.help.iter().chain([&diagnostic.headline]).any(|text| text.contains(&quoted))
        || diagnostic.labels.iter().any(|label| label.text.contains(&quoted))
}

#[test]
fn every_word_misspelt_by_a_letter_is_an_error_there_that_names_the_right_one() {
    let mut files = Memory::default();
    let mut texts = Vec::new();
    for name in embedded_specs() {
        let embedded = Location::of(&name);
        let text = embedded.read(&files).expect("it comes with the program");
        let Location::Embedded(path) = embedded else { panic!("{name} comes with the program") };
        files.write(&path, &text);
        texts.push((name, Location::File(path), text));
    }
    let mut library = Library::default();
    let (mut count, mut wrong) = (0, Vec::new());
    // The small variant of a spec is in branches that nothing looks into unless it is asked for.
    let whole = texts.into_iter().filter(|(_, _, text)| !text.contains("param small"));
    for (name, location, text) in whole {
        assert_eq!(mistakes(&location, &files, &mut library), [], "{name}");
        for word in words(&text).into_iter().filter(|word| word.text.len() > 2) {
            for other in misspelt(&word.text) {
                count += 1;
                let changed = format!("{}{other}{}", &text[..word.start], &text[word.start + word.text.len()..]);
                write(&mut files, &location, changed);
                let found = mistakes(&location, &files, &mut library);
                let source = library.source(&location).expect("it was asked for");
                let is_there = |diagnostic: &Diagnostic| {
                    let span = diagnostic.span();
                    let (start, end) = (span.start as usize, span.end as usize);
                    span.source == source && start <= word.start + other.len() && end >= word.start
                };
                if !found.iter().any(|diagnostic| is_there(diagnostic) && says(diagnostic, &word.text)) {
                    let line = text[..word.start].matches('\n').count() + 1;
                    let heard: Vec<String> = found
                        .iter()
                        .take(2)
                        .map(|d| {
                            format!("{} at {}..{}: {} | {:?}", d.code, d.span().start, d.span().end, d.headline, d.help)
                        })
                        .collect();
                    wrong.push(format!(
                        "{name}:{line}: {} `{}` as `{other}` at {}: {heard:?}",
                        word.kind, word.text, word.start
                    ));
                }
            }
        }
        write(&mut files, &location, text);
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
