//! Which module each path in a file means: `crate::a::B`, `super::a::B`, `self::a::{B, C}`, and what a module hands on
//! from one of its own. Comes in: the code of a file. Goes out: paths from the root of its crate.

use std::collections::{HashMap, HashSet};

use crate::source::File;

/// A path in the code of a file, from the root of the crate, and the line in which it stands.
pub(crate) struct Use {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
}

/// The modules of one crate, and the names that each of them hands on from modules within it.
pub(crate) struct Modules {
    known: HashSet<Vec<String>>,
    handed_on: HashMap<Vec<String>, Vec<String>>,
}

impl Modules {
    /// Those of all files of a crate.
    pub(crate) fn of<'a>(files: impl Iterator<Item = &'a File> + Clone) -> Modules {
        let known: HashSet<Vec<String>> = files.clone().map(File::module).collect();
        let mut handed_on = HashMap::new();
        for file in files {
            let module = file.module();
            for (at, _) in file.code.match_indices("use ") {
                let tree = &file.code[at + "use ".len()..];
                for path in paths(tree, &module).into_iter().filter(|path| path.len() > module.len() + 1) {
                    if known.contains(&path[..=module.len()]) {
                        let name = path.last().expect("it has more names than the module").clone();
                        handed_on.insert([module.as_slice(), &[name]].concat(), path);
                    }
                }
            }
        }
        Modules { known, handed_on }
    }

    /// The module in which that lies which a path means.
    pub(crate) fn home(&self, path: &[String]) -> Vec<String> {
        // A name may be handed on by several modules; each lies deeper than the one before.
        let mut path = path.to_vec();
        let step = |path: &[String]| {
            (1..=path.len()).find_map(|n| {
                // With more names after it, what is called as a module is one.
                let longer =
                    self.handed_on.get(&path[..n]).filter(|_| n == path.len() || !self.known.contains(&path[..n]));
                Some([longer?, &path[n..]].concat())
            })
        };
        while let Some(longer) = step(&path) {
            path = longer;
        }
        let end = (0..=path.len()).rev().find(|&n| self.known.contains(&path[..n]));
        path[..end.unwrap_or(0)].to_vec()
    }
}

/// All paths in a file that begin with `crate`, `super` or `self`.
pub(crate) fn uses(file: &File) -> Vec<Use> {
    let module = file.module();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = ["crate::", "super::", "self::"].iter().filter_map(|word| file.code[at..].find(word)).min() {
        let begin = at + next;
        let is_whole = !file.code[..begin].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        at = begin + "self::".len();
        if !is_whole {
            continue;
        }
        let line = file.code[..begin].matches('\n').count() + 1;
        found.extend(paths(&file.code[begin..], &module).into_iter().map(|path| Use { line, path }));
        // `super::super::` is one path.
        while file.code[at..].trim_start_matches(':').starts_with("super::") {
            at += file.code[at..].find("super::").expect("it was just seen") + "super::".len();
        }
    }
    found
}

/// The paths of a tree such as `a::{self, B, c::{D as E, F}}`, seen from a module.
fn paths(tree: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut base = module.to_vec();
    let mut rest = tree;
    loop {
        rest = rest.trim_start();
        if let Some(inner) = rest.strip_prefix('{') {
            return branches(inner).into_iter().flat_map(|branch| paths(branch, &base)).collect();
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        match &rest[..end] {
            "crate" => base.clear(),
            "super" => drop(base.pop()),
            "self" | "" => {}
            name => base.push(name.to_owned()),
        }
        match rest[end..].strip_prefix("::") {
            Some(more) => rest = more,
            None => return vec![base],
        }
    }
}

/// The parts between the commas of a list in braces, up to its closing brace.
fn branches(list: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0, 0, Vec::new());
    for (at, sign) in list.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                parts.push(list[begin..at].trim());
                begin = at + 1;
                if sign == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
