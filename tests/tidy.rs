//! The house rules that a machine can check: which room uses which, which crate comes in by which door, and what no
//! file holds.

#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/uses.rs"]
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use source::{CRATES, has_word, sources};
use uses::{Modules, uses};

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
            // Rooms that are not for others are kept in order by the test of circles.
            let Some(own) = file.module().first().and_then(|room| place(room)) else { continue };
            let below = uses(file)
                .into_iter()
                .filter(|used| used.path.first().is_some_and(|room| place(room).is_some_and(|used| used > own)));
            found.extend(below.map(|used| file.line(used.line)));
        }
    }
    assert_none("a room uses one below it in the list of its crate", &found);
}

/// What uses what among the modules of one folder: for each pair, a line that says so.
type Arrows = BTreeMap<String, BTreeMap<String, String>>;

/// The modules that can be reached along arrows from one.
fn reached<'a>(arrows: &'a Arrows, from: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(next) = waiting.pop() {
        let to = arrows.get(next).into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        waiting.extend(to.filter(|to| reached.insert(*to)));
    }
    reached
}

#[test]
fn the_files_of_a_folder_form_no_circle() {
    let files = sources();
    let mut found = Vec::new();
    for home in CRATES {
        let own = files.iter().filter(|file| file.home() == *home);
        let modules = Modules::of(own.clone());
        let mut folders: BTreeMap<Vec<String>, Arrows> = BTreeMap::new();
        for file in own {
            let from = file.module();
            for used in uses(file) {
                let to = modules.home(&used.path);
                let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                // A folder and what lies in it belong together.
                if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
                    let arrows = folders.entry(from[..shared].to_vec()).or_default();
                    arrows.entry(a.clone()).or_default().entry(b.clone()).or_insert_with(|| file.line(used.line));
                }
            }
        }
        for arrows in folders.values() {
            for (from, to) in arrows {
                let back = to.iter().filter(|(to, _)| reached(arrows, to).contains(from.as_str()));
                found.extend(back.map(|(_, line)| line.clone()));
            }
        }
    }
    assert_none("files of a folder that use each other in a circle", &found);
}

#[test]
fn the_language_and_its_server_need_no_tensor_library() {
    // Leads to the root of the repository.
    let _ = sources();
    let lock = fs::read_to_string("Cargo.lock").expect("the lock file lies beside the workspace");
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let name = package.lines().find_map(|line| line.strip_prefix("name = \"")).expect("a package has a name");
        let listed = package.lines().filter_map(|line| line.strip_prefix(" \""));
        // A version follows where there are several.
        let listed = listed.filter_map(|line| line.split([' ', '"']).next());
        needs.entry(name.trim_end_matches('"')).or_default().extend(listed);
    }
    for package in ["diadc-core", "diadc-lang", "diadc-serve"] {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![package];
        while let Some(next) = waiting.pop() {
            waiting.extend(needs[next].iter().filter(|name| reached.insert(**name)));
        }
        assert!(!reached.is_empty(), "{package} is not in the lock file");
        let tensors: Vec<_> =
            reached.into_iter().filter(|name| name.contains("burn") || name.contains("cubecl")).collect();
        assert!(tensors.is_empty(), "{package} needs {tensors:?}");
    }
}

#[test]
fn each_foreign_crate_comes_in_by_its_door() {
    const DOORS: &[(&[&str], &[&str])] = &[
        (&["pest", "pest_derive"], &["lang/parse/"]),
        (&["petgraph"], &["core/graph/"]),
        (&["annotate_snippets"], &["lang/diagnostic/render.rs"]),
        (&["clap", "indicatif", "println!", "eprintln!", "print!", "eprint!"], &["cli/"]),
        (&["burn", "burn_flex", "cubecl", "cubek", "gemm"], &["execute/"]),
        (&["zip"], &["archive/"]),
        (&["lsp_server", "lsp_types"], &["serve/"]),
        (&["mimalloc", "libc"], &["allocator/"]),
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
fn the_language_reads_files_by_one_door() {
    let mut found = Vec::new();
    for file in sources().iter().filter(|file| file.home() == "lang/" && file.path != "lang/source/disk.rs") {
        for word in ["fs", "exists()", "is_file()", "is_dir()", "metadata()", "canonicalize()"] {
            found.extend(file.lines_with(word));
        }
    }
    assert_none("a file is looked at without the trait `Files`", &found);
}

#[test]
fn one_place_says_how_many_threads_compute() {
    let mut found = Vec::new();
    // Kernels share out work on the pool in which they run.
    for file in sources().iter().filter(|file| file.path != "device.rs" && !file.path.starts_with("execute/cpu/")) {
        for word in ["available_parallelism", "current_num_threads"] {
            found.extend(file.lines_with(word));
        }
    }
    assert_none("the number of threads is handed in, not asked for", &found);
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
fn contributing_names_files_that_are_there() {
    // Leads to the root of the repository.
    let _ = sources();
    let page = fs::read_to_string("CONTRIBUTING.md").expect("the page lies in the root");
    let spans = page.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2));
    // Words in capitals stand for a name.
    let is_path = |span: &&str| span.contains('/') && !span.contains(char::is_whitespace);
    let paths: Vec<&str> = spans.filter(is_path).filter(|span| !span.contains(char::is_uppercase)).collect();
    assert!(paths.len() > 20, "only {paths:?}");
    let missing = paths.into_iter().filter(|path| !Path::new(path).exists()).map(str::to_owned).collect::<Vec<_>>();
    assert_none("files that CONTRIBUTING.md names", &missing);
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
    const NAMES: &[&str] = &[
        "unet",
        "resnet",
        "ddim",
        "ddpm",
        "sff",
        "vgg",
        "efficientnet",
        "vit",
        "dinov2",
        "patchcore",
        "padim",
        "stfpm",
        "rd4ad",
        "mkd",
    ];
    let mut found = Vec::new();
    for file in sources() {
        for (i, line) in file.code.lines().enumerate() {
            let lower = line.to_lowercase();
            // What the language and its files are called, the spec that examples of commands name, and the protocol.
            let other = [
                "specs/diad.diad",
                ".diad",
                "diad.pest",
                "(\"diad\")",
                "exact,diad",
                "`diad` or `ader`",
                "run diad ",
                "```diad",
            ]
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
