//! The house rules that a machine can check: which room uses which, which crate comes in by which door, and what no
//! file holds.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates by their folders; what lies in a folder below belongs to the deepest of them.
const CRATES: &[&str] = &["", "core/", "lang/", "execute/", "execute/cpu/", "execute/cuda/", "serve/"];

/// A file of the source: its path below `src`, the whole text, and the code without comments and tests.
struct File {
    path: String,
    text: String,
    code: String,
}

impl File {
    /// The folder of its crate.
    fn home(&self) -> &'static str {
        let homes = CRATES.iter().copied().filter(|home| self.path.starts_with(home));
        homes.max_by_key(|home| home.len()).expect("the empty folder holds all")
    }

    fn room(&self) -> &str {
        self.path[self.home().len()..].split(['/', '.']).next().expect("a path has a first part")
    }

    /// The lines of its code that hold a word as a whole, with their numbers.
    fn lines_with(&self, word: &str) -> Vec<String> {
        let lines = self.code.lines().enumerate().filter(|(_, line)| has_word(line, word));
        lines.map(|(i, line)| format!("src/{}:{}: {}", self.path, i + 1, line.trim())).collect()
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_inner) && (!word.ends_with(is_inner) || !line[at + word.len()..].starts_with(is_inner))
    })
}

/// The text without line comments and without what stands behind `#[cfg(test)]`; line numbers stay.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| {
        let comment = line.match_indices("//").map(|(at, _)| at).find(|&at| line[..at].matches('"').count() % 2 == 0);
        comment.map_or(line, |at| &line[..at])
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(root).expect("the package lies in the repository");
    let mut paths = Vec::new();
    collect(Path::new("src"), &mut paths);
    paths.sort();
    let files = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("sources are text");
        let path = path.strip_prefix("src").expect("it lies there").to_str().expect("names are UTF-8").to_owned();
        File { path, code: code(&text), text }
    });
    files.collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("tests run in the root of the package") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn a_room_uses_only_those_above_its_own() {
    let files = sources();
    let mut found = Vec::new();
    for home in CRATES {
        let map = fs::read_to_string(format!("src/{home}lib.rs")).expect("the map lies there");
        let rooms: Vec<&str> =
            map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
        let place = |room: &str| rooms.iter().position(|known| *known == room);
        for file in files.iter().filter(|file| file.home() == *home) {
            // Rooms that are not for others are files that know each other.
            let Some(own) = place(file.room()) else { continue };
            for (i, line) in file.code.lines().enumerate() {
                for used in line.split("crate::").skip(1) {
                    let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    // A list of rooms in braces would hide them from this test.
                    if used.is_empty() || place(&used).is_some_and(|used| used > own) {
                        found.push(format!("src/{}:{}: {}", file.path, i + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert_none("a room uses one below it in the list of its crate", &found);
}

#[test]
fn each_foreign_crate_comes_in_by_its_door() {
    const DOORS: &[(&[&str], &[&str])] = &[
        (&["pest", "pest_derive"], &["lang/parse/"]),
        (&["petgraph"], &["core/graph/"]),
        (&["annotate_snippets"], &["lang/diagnostic/render.rs"]),
        (&["clap", "indicatif", "println!", "eprintln!", "print!", "eprint!"], &["cli/"]),
        (&["burn", "burn_flex", "cubecl", "gemm"], &["execute/"]),
        (&["lsp_server", "lsp_types"], &["serve/"]),
        (&["mimalloc", "libc"], &["allocator.rs"]),
    ];
    let mut found = Vec::new();
    for file in sources() {
        for (names, doors) in DOORS {
            if doors.iter().any(|door| file.path.starts_with(door)) {
                continue;
            }
            for name in *names {
                let used = if name.ends_with('!') { (*name).to_owned() } else { format!("{name}::") };
                found.extend(file.lines_with(&used));
            }
        }
    }
    assert_none("a crate is used outside of its room", &found);
}

#[test]
fn each_file_says_what_it_is_and_is_not_too_long() {
    let mut found = Vec::new();
    for file in sources() {
        if !file.text.starts_with("//! ") {
            found.push(format!("src/{} does not begin with `//!`", file.path));
        }
        let length = file.code.lines().count();
        if length > 600 {
            found.push(format!("src/{} has {length} lines without its tests, 600 are the most", file.path));
        }
        let stem = Path::new(&file.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if matches!(stem, "utils" | "util" | "helpers" | "common" | "manager" | "misc") {
            found.push(format!("src/{} has a name that says nothing", file.path));
        }
    }
    assert_none("files", &found);
}

#[test]
fn nothing_is_left_for_later() {
    let mut found = Vec::new();
    for file in sources() {
        for word in ["todo!", "dbg!", "unimplemented!"] {
            found.extend(file.lines_with(word));
        }
    }
    assert_none("unfinished", &found);
}

#[test]
fn the_compiler_knows_no_architecture() {
    const NAMES: &[&str] =
        &["unet", "resnet", "ddim", "ddpm", "sff", "vgg", "efficientnet", "vit", "dinov2", "patchcore", "padim"];
    let mut found = Vec::new();
    for file in sources() {
        for (i, line) in file.code.lines().enumerate() {
            let lower = line.to_lowercase();
            // What the language and its files are called, the spec that examples of commands name, and the protocol.
            let other = ["specs/diad.diad", ".diad", "diad.pest", "(\"diad\")", "exact,diad", "run diad ", "```diad"]
                .iter()
                .fold(lower.clone(), |line, name| line.replace(name, ""));
            let named = NAMES.iter().any(|name| has_word(&lower, name))
                || (has_word(&other, "diad") && file.path != "lang/measure/protocol.rs");
            // Gradients are clipped as well, so only the name as it is written counts.
            if named || ["CLIP", "Clip"].iter().any(|name| has_word(line, name)) {
                found.push(format!("src/{}:{}: {}", file.path, i + 1, line.trim()));
            }
        }
    }
    assert_none("the name of an architecture", &found);
}
