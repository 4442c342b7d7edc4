//! Where the text of a spec lies: among the files of the user, or within the program.

use std::io;
use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::parse::ast::UseFrom;
use crate::source::{Disk, Files};

/// The standard library and the specs that come with the program.
static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../specs");

/// The folder of the specs of systems of the field, which are found by their names alone.
const SYSTEMS: &str = "systems";

/// Where the text of a spec lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// A file of the user's, which is read through [`Files`].
    File(PathBuf),
    /// A file that comes with the program, by its path below `specs/`.
    Embedded(PathBuf),
}

impl Location {
    /// The file that a user means by a word: a path, or else the name of a spec that comes with the program.
    #[must_use]
    pub fn of(word: &str) -> Location {
        let path = PathBuf::from(word);
        if Disk.has(&path) {
            return Location::File(path);
        }
        let inside = path.strip_prefix("specs").unwrap_or(&path).to_path_buf();
        [inside.clone(), inside.with_extension("diad"), Path::new(SYSTEMS).join(&inside).with_extension("diad")]
            .into_iter()
            .find(|candidate| EMBEDDED.get_file(candidate).is_some())
            .map_or(Location::File(path), Location::Embedded)
    }

    /// The name that users see.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Location::File(path) => path.display().to_string(),
            Location::Embedded(path) => match path.strip_prefix("std") {
                Ok(module) => format!("std::{}", module.with_extension("").display()),
                Err(_) => format!("specs/{}", path.display()),
            },
        }
    }

    /// Reads the text.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn read(&self, files: &dyn Files) -> io::Result<String> {
        match self {
            Location::File(path) => files.read(path),
            Location::Embedded(path) => {
                let own = || EMBEDDED.get_file(path).and_then(|file| file.contents_utf8()).map(str::to_owned);
                files.in_place_of(path).or_else(own).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }

    /// The file of a module of the standard library.
    pub(super) fn module(name: &str) -> Location {
        Location::Embedded(Path::new("std").join(name).with_extension("diad"))
    }

    /// The file that `from` means when it is written in this one.
    #[must_use]
    pub fn relative(&self, from: &UseFrom) -> Location {
        match (from, self) {
            (UseFrom::Std(module), _) => Location::module(module),
            (UseFrom::File(path), Location::File(here)) => {
                Location::File(normalized(&here.parent().unwrap_or(Path::new("")).join(path)))
            }
            (UseFrom::File(path), Location::Embedded(here)) => {
                Location::Embedded(normalized(&here.parent().unwrap_or(Path::new("")).join(path)))
            }
        }
    }
}

/// Names of the specs that come with the program.
#[must_use]
pub fn embedded_specs() -> Vec<String> {
    let systems = EMBEDDED.get_dir(SYSTEMS).into_iter().flat_map(Dir::files);
    let specs = EMBEDDED.files().chain(systems).map(include_dir::File::path);
    let specs = specs.filter(|path| path.with_extension("diad") == *path);
    specs.filter_map(|path| Some(path.file_stem()?.display().to_string())).collect()
}

/// Paths without `.` and, where possible, without `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(result.components().next_back(), Some(Component::Normal(_))) => {
                result.pop();
            }
            Component::ParentDir | Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                result.push(component);
            }
        }
    }
    result
}

/// The modules of the standard library that define a top-level name.
pub(super) fn modules_with(name: &str) -> Vec<String> {
    std_items().into_iter().filter(|(item, _)| item == name).map(|(_, module)| module).collect()
}

/// The enums of the standard library that have a case, each with its module.
pub(super) fn enums_with(case: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for module in std_modules() {
        let text = Location::module(&module).read(&Disk).unwrap_or_default();
        for (name, rest) in text.split("\nenum ").skip(1).filter_map(|text| text.split_once('{')) {
            let lines = rest.split('}').next().unwrap_or_default().lines();
            let mut words = lines.flat_map(|line| line.split("//").next().unwrap_or_default().split([',', ' ']));
            if words.any(|word| word == case) {
                found.push((name.trim().to_owned(), module.clone()));
            }
        }
    }
    found
}

/// The top-level names of the standard library, each with its module, without those that need no `use`.
pub(super) fn std_items() -> Vec<(String, String)> {
    let item = |line: &str| {
        let (_, rest) = line.split_once(' ').filter(|(word, _)| matches!(*word, "block" | "fn" | "let" | "enum"))?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_owned())
    };
    let mut items = Vec::new();
    for module in std_modules().into_iter().filter(|module| module != "prelude") {
        let text = Location::module(&module).read(&Disk).unwrap_or_default();
        items.extend(text.lines().filter_map(item).map(|name| (name, module.clone())));
    }
    items
}

/// Names of the modules of the standard library.
#[must_use]
pub fn std_modules() -> Vec<String> {
    let std = EMBEDDED.get_dir("std").map(|dir| dir.files().collect::<Vec<_>>()).unwrap_or_default();
    std.iter().filter_map(|file| file.path().file_stem()).map(|stem| stem.to_string_lossy().into_owned()).collect()
}
