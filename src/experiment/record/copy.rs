//! The copy of a spec that a run keeps: from it, the run can be continued and its weights used wherever the directory is,
//! whatever has become of the spec since.
//!
//! The files of the user lie in `spec/` as they lay to each other, so that `use` finds them. The modules of the standard
//! library lie in `library/` and take the place of those of the program.

use std::path::{Component, Path, PathBuf};

use crate::compile::Compiled;
use crate::source::{Disk, Files, Source};

/// The folder of the files of the user, and that of the standard library.
const FILES: &str = "spec";
const LIBRARY: &str = "library";

/// All texts of a spec and where they lie in the directory of a run.
pub(in crate::experiment) struct Copy<'a> {
    /// The file that the user named.
    pub(in crate::experiment) root: PathBuf,
    /// All files and their texts.
    pub(in crate::experiment) files: Vec<(PathBuf, &'a str)>,
}

/// Where the texts of a spec lie in a copy.
pub(in crate::experiment) fn copy(compiled: &Compiled) -> Copy<'_> {
    let root = compiled.spec.modules.first().map(|module| compiled.sources.get(module.source));
    let places: Vec<(&Source, Place)> =
        compiled.sources.iter().filter_map(|source| Some((source, Place::of(source)?))).collect();
    let own = places.iter().filter_map(|(_, place)| if let Place::Own(path) = place { path.parent() } else { None });
    let shared = own.map(Path::to_path_buf).reduce(|a, b| common(&a, &b)).unwrap_or_default();
    let at = |place: &Place| match place {
        Place::Own(path) => Path::new(FILES).join(path.strip_prefix(&shared).unwrap_or(path)),
        Place::Library(path) => Path::new(LIBRARY).join(path),
    };
    let root = places.iter().find(|(source, _)| root.is_some_and(|root| std::ptr::eq(root, *source)));
    Copy {
        root: root.map(|(_, place)| at(place)).unwrap_or_default(),
        files: places.iter().map(|(source, place)| (at(place), source.text.as_str())).collect(),
    }
}

/// Whose a text is, and where it lies.
enum Place {
    Own(PathBuf),
    Library(PathBuf),
}

impl Place {
    /// None for a setting from outside.
    fn of(source: &Source) -> Option<Place> {
        if source.is_file {
            let path = std::path::absolute(&source.name).unwrap_or_else(|_| PathBuf::from(&source.name));
            return Some(Place::Own(without_dots(&path)));
        }
        if let Some(module) = source.name.strip_prefix("std::") {
            return Some(Place::Library(Path::new("std").join(module).with_extension("diad")));
        }
        source.name.strip_prefix("specs/").map(|path| Place::Own(PathBuf::from(path)))
    }
}

fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, component| {
        match component {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => path.push(component),
        }
        path
    })
}

fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(component, _)| component).collect()
}

/// The files on disk, and the standard library as a run has kept it.
pub(in crate::experiment) struct Copied<'a> {
    /// The directory of the run.
    pub(in crate::experiment) directory: &'a Path,
}

impl Files for Copied<'_> {
    fn read(&self, path: &Path) -> std::io::Result<String> {
        Disk.read(path)
    }

    fn in_place_of(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(self.directory.join(LIBRARY).join(path)).ok()
    }
}
