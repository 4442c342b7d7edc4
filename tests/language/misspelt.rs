//! Every keyword, `param`, named argument, setting and field of the specs that come with diadc, misspelt by one letter,
//! is an error at that place that names the right word.

use diadc_lang::compile::analyse;
use diadc_lang::diagnostic::Diagnostic;
use diadc_lang::parse::keyword::{Begins, Keyword};
use diadc_lang::parse::section::Section;
use diadc_lang::resolve::{Library, Location, embedded_specs};
use diadc_lang::source::Memory;

use super::Spec;

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
            // Parameters of functions and blocks may have the names of `param`s.
            let is_parameter = open.last() == Some(&Open::Parameters) && matches!(before, "(" | ",");
            let kind = if before == "." && !is_set {
                Some("field")
            } else if is_keyword {
                Some("keyword")
            } else if is_named && open.last() == Some(&Open::Arguments) && matches!(before, "(" | ",") {
                Some("argument")
            } else if is_set && open.last() == Some(&Open::Settings) {
                Some("setting")
            } else if params.contains(&word)
                && !is_parameter
                && !is_named
                && !is_set
                && !matches!(before, "param" | "let")
            {
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
    // What is another word of the language, as `fn` for `fan`, is no misspelt one.
    let is_other = |other: &String| other != word && Keyword::named(other).is_none();
    [dropped, swapped, doubled].into_iter().filter(is_other).collect()
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
    for (name, location, text) in texts {
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

/// The codes and places, in words, of what is wrong with a model of two blocks and this function.
fn wrong(body: &str) -> Vec<String> {
    let items = "block Net(width: int) { fn (x, scale = 1) { x * scale * width } fn half(x, by: int) { x / by } }\n\
                 fn g(x, low, high = 3) { x * low * high }\n";
    let members = format!("param small = false\npart net = Net(2)\nfn f(x: [B, 3, 8, 8]) {{ {body} }}");
    match Spec::with(items, &members).result() {
        Ok(_) => Vec::new(),
        Err(failed) => {
            let told = |told: &Diagnostic| format!("{} `{}`", told.code, failed.sources.slice(told.span()));
            failed.diagnostics.iter().map(told).collect()
        }
    }
}

#[test]
fn a_name_that_nothing_has_is_an_error_in_a_branch_that_is_not_taken() {
    for (never, told) in [
        ("softmax(x, axsi: 1)", "unknown-argument `axsi`"),
        ("x |> softmax(axsi: 1)", "unknown-argument `axsi`"),
        ("g(x, lwo: 1)", "unknown-argument `lwo`"),
        ("x |> g(1, hihg: 2)", "unknown-argument `hihg`"),
        ("net(x, sacle: 2)", "unknown-argument `sacle`"),
        ("x |> net(sacle: 2)", "unknown-argument `sacle`"),
        ("net.half(x, yb: 2)", "unknown-argument `yb`"),
        ("net.hafl(x, by: 2)", "unknown-field `hafl`"),
        ("x |> Net(widht: 2) @ \"a\"", "unknown-argument `widht`"),
        ("Net(widht: 2)(x) @ \"a\"", "unknown-argument `widht`"),
        ("for i in 0..3 { let y = sum(x, kep: true) y * i }.last", "unknown-argument `kep`"),
        ("f(y: x)", "unknown-argument `y`"),
        ("relluu(x)", "unknown-name `relluu`"),
    ] {
        for body in [format!("if small {{ {never} }} else {{ x }}"), format!("if not small {{ x }} else {{ {never} }}")]
        {
            assert_eq!(wrong(&body), [told], "{body}");
        }
    }
}

#[test]
fn what_only_values_can_tell_is_no_error_in_a_branch_that_is_not_taken() {
    for never in [
        // A local value hides what has the name elsewhere.
        "let softmax = |x, axsi| x softmax(x, 1)",
        "let g = net g(x, scale: 2)",
        "let net = {hafl: 3} x * net.hafl",
        "for net in [{low: 1}] { x * net.low }.last",
        "let pick = if small { net } else { relu } pick(x, scale: 2)",
        "[1, 2].first * x",
        // Only these settings give it another shape.
        "reshape(x, [B, 7, 7])",
        "fail(\"only for large images\")",
    ] {
        assert_eq!(wrong(&format!("if small {{ {never} }} else {{ x }}")), [""; 0], "{never}");
    }
}

#[test]
fn what_a_member_of_a_base_calls_may_be_replaced_by_one_with_other_parameters() {
    let base = "block Base() { fn h(x, by: int) { x * by } fn unused(x) { h(x, by: 2) } fn (x) { x } }";
    let mine = "block Mine from Base { fn h(x) { x } }";
    let spec = Spec::with(&format!("{base}\n{mine}"), "part net = Mine()\nfn f(x: [B, 3, 8, 8]) { net(x) }");
    assert!(spec.result().is_ok());
}

#[test]
fn a_misspelt_keyword_is_told_alone() {
    for body in [
        "if small { x } esle { -x }",
        "let y = if small { -x } esle { x } resize(y, 4)",
        "if small { x } esle if not small { -x } else { x }",
        "if small { {a: x} } esle { {a: -x} }",
        "fro i in 0..3 { x * i }",
        "let y = fro i, n in [4, 5] { x * i * n } y.last",
        "lopo z = x over t in [1, 2] { z + t }",
        "lte y = relu(x) y + y",
        "let b = small adn small if b { x } else { -x }",
        "foreach i in 0..3 { x * i }",
        "if small { x } elif not small { -x } else { x }",
    ] {
        let told = wrong(body);
        assert_eq!(told.len(), 1, "{body}: {told:?}");
    }
}
