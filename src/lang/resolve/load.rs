//! Reads the file of an experiment and, one after the other, all files that it uses.

use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, include_dir};

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{Ast, ItemKind, UseFrom};

use super::library::Library;
use super::{File, error};

/// The standard library and the specs that come with the program.
static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../specs");

/// Where the text of a spec lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// A file on disk.
    File(PathBuf),
    /// A file that comes with the program, by its path below `specs/`.
    Embedded(PathBuf),
}

impl Location {
    /// The file that a user means by a word: a path, or else the name of a spec that comes with the program.
    #[must_use]
    pub fn of(word: &str) -> Location {
        let path = PathBuf::from(word);
        if path.exists() {
            return Location::File(path);
        }
        let inside = path.strip_prefix("specs").unwrap_or(&path).to_path_buf();
        [inside.clone(), inside.with_extension("diad")]
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
    pub fn read(&self) -> Result<String, String> {
        match self {
            Location::File(path) => match std::fs::read(path) {
                Ok(bytes) => String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("there is no such file".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            Location::Embedded(path) => EMBEDDED
                .get_file(path)
                .and_then(|file| file.contents_utf8())
                .map(str::to_owned)
                .ok_or_else(|| "there is no such file".to_owned()),
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
    let specs = EMBEDDED.files().map(include_dir::File::path).filter(|path| path.with_extension("diad") == *path);
    specs.map(|path| path.with_extension("").display().to_string()).collect()
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

/// Names of the modules of the standard library.
#[must_use]
pub fn std_modules() -> Vec<String> {
    let std = EMBEDDED.get_dir("std").map(|dir| dir.files().collect::<Vec<_>>()).unwrap_or_default();
    std.iter().filter_map(|file| file.path().file_stem()).map(|stem| stem.to_string_lossy().into_owned()).collect()
}

/// Loads `root`, what it uses, and the prelude, with what is wrong with them. The root is the first file, the prelude the
/// last. Where the syntax is wrong a file has what can be read of it.
///
/// # Errors
/// If the root can't be read.
pub(super) fn load(root: &Location, library: &mut Library) -> Result<(Vec<File>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let prelude = Location::Embedded("std/prelude.diad".into());
    library.begin();
    library.prepare([root.clone(), prelude.clone()]);
    let mut loader =
        Loader { library, files: Vec::new(), known: Vec::new(), open: Vec::new(), diagnostics: Vec::new() };
    if let Err(why) = loader.file(root) {
        let id = loader.library.sources_mut().add_file(root.name(), "");
        let span = Span { source: id, start: 0, end: 0 };
        let mut diagnostic =
            Diagnostic::new(Code::UnreadableFile, format!("`{}` can't be read: {why}", root.name()), span);
        diagnostic = diagnostic.help(format!(
            "give the path of a `.diad` file, or one that comes with diadc: {}",
            embedded_specs().join(", ")
        ));
        return Err(vec![diagnostic]);
    }
    loader.file(&prelude).expect("the prelude comes with the program");
    let files =
        loader.files.into_iter().map(|file| file.expect("each file was put there when all it uses had been read"));
    Ok((files.collect(), loader.diagnostics))
}

struct Loader<'a> {
    library: &'a mut Library,
    /// None while what it uses is being read.
    files: Vec<Option<File>>,
    known: Vec<Location>,
    open: Vec<Location>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    /// The number of a file, which is loaded if it is not yet.
    fn file(&mut self, location: &Location) -> Result<usize, String> {
        if let Some(index) = self.known.iter().position(|known| known == location) {
            return Ok(index);
        }
        let (source, ast, wrong) = self.library.read(location)?;
        self.diagnostics.extend(wrong);
        let index = self.files.len();
        self.files.push(None);
        self.known.push(location.clone());
        self.open.push(location.clone());
        let uses = self.uses(location, &ast);
        self.open.pop();
        self.files[index] = Some(File { source, ast, uses });
        Ok(index)
    }

    fn uses(&mut self, here: &Location, ast: &Ast) -> Vec<Option<usize>> {
        let mut uses = Vec::new();
        self.library.prepare(ast.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Use(item) => Some(here.relative(&item.from.node)),
            _ => None,
        }));
        for item in &ast.items {
            let ItemKind::Use(item) = &item.kind else { continue };
            let (from, span) = (&item.from.node, item.from.span);
            let location = here.relative(from);
            if self.open.contains(&location) {
                self.diagnostics.push(error::import_cycle(&location.name(), span));
                uses.push(None);
                continue;
            }
            match self.file(&location) {
                Ok(index) => uses.push(Some(index)),
                Err(why) => {
                    self.diagnostics.push(match from {
                        UseFrom::Std(module) => {
                            error::unknown_module(module, span, std_modules().iter().map(String::as_str))
                        }
                        UseFrom::File(path) => error::unreadable_file(path, span, &why),
                    });
                    uses.push(None);
                }
            }
        }
        uses
    }
}
