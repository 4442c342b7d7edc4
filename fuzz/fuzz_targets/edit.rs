//! Specs of this repository with some words changed, so that most of them get past the parser.
//!
//! The first two bytes choose a spec. Then each edit is five: what is done, where (two), and another place (two), in that
//! spec or among the words of all specs.
#![no_main]

mod compiles;

use std::path::Path;
use std::sync::LazyLock;

use compiles::compiles;
use diadc::parse::tree::tree;
use libfuzzer_sys::fuzz_target;

/// Longer ones only take time.
const LONGEST: usize = 4000;
/// Numbers at which something changes.
const NUMBERS: &[&str] = &["0", "1", "2", "7", "-1", "0.5", "1e300", "65536", "4294967296", "9223372036854775807"];

/// The words of each spec.
static SPECS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["specs", "specs/std", "examples", "tests/golden", "tests/language/wrong", "tests/lint/fine"];
    let folders = folders.iter().chain(&["tests/lint/flagged"]).map(|folder| root.join(folder));
    let mut paths: Vec<_> = folders
        .flat_map(|folder| std::fs::read_dir(folder).expect("it is a folder of the repository"))
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "diad"))
        .collect();
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).expect("it can be read"));
    let words = |text: String| Some(tree(&text)?.tokens.into_iter().map(|token| spaced(token.text)).collect());
    texts.filter(|text| text.len() < LONGEST).filter_map(words).collect()
});

/// The words of all specs, each once.
static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<String> = SPECS.iter().flatten().cloned().chain(NUMBERS.iter().map(|&n| spaced(n))).collect();
    words.sort();
    words.dedup();
    words
});

/// A word so that it can stand beside any other: the bracket of a call stands directly behind a name.
fn spaced(word: impl Into<String>) -> String {
    let word = word.into();
    match word.as_str() {
        "(" | "[" | "." | "::" => word,
        _ if word.starts_with("//") => format!("\n{word}\n"),
        _ => format!(" {word}"),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&[low, high], edits)) = bytes.split_first_chunk() else { return };
    let mut words = SPECS[usize::from(u16::from_le_bytes([low, high])) % SPECS.len()].clone();
    for &[what, a, b, c, d] in edits.as_chunks().0 {
        let [here, there] = [[a, b], [c, d]].map(|pair| usize::from(u16::from_le_bytes(pair)));
        let at = here % words.len();
        match what % 6 {
            0 | 1 => words[at] = WORDS[there % WORDS.len()].clone(),
            2 => words[at] = words[there % words.len()].clone(),
            3 => words.insert(at, WORDS[there % WORDS.len()].clone()),
            4 if words.len() > 1 => drop(words.remove(at)),
            _ => {
                let end = words.len().min(at + there % 32);
                let again = words[at..end].to_vec();
                words.splice(end..end, again);
            }
        }
    }
    if words.len() < LONGEST {
        compiles(&words.concat());
    }
});
