//! What all lists of images have in common: how they are read, which paths they may name, and how their lines become
//! classes.
//!
//! A list is hostile input: it may be large, may not be text, and may not point at files outside of its root.
//! Separators of either kind are read, so that a list made on another system is the same list.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use super::{ClassFiles, ImageFile, Masks};
use crate::dataset::error::DatasetError;
use crate::dataset::image_file::{Kind, kind};
use crate::dataset::listing::Problems;
use crate::dataset::mask::MaskRule;
use crate::dataset::request::choose;
use crate::diagnostic::one_of;

/// A list longer than this is a mistake; the largest published one has 50 megabytes.
const LONGEST: u64 = 1 << 29;

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Train,
    Validation,
    Test,
}

/// An image as a line of a list describes it.
pub(super) struct Listed {
    /// The place in the list: `line 3`.
    pub(super) at: String,
    pub(super) class: String,
    pub(super) phase: Phase,
    pub(super) image: String,
    /// The kind of the defect and its mask; none for a good image.
    pub(super) defect: Option<(String, Option<String>)>,
}

/// A list, where its images lie, and what the values of its masks mean.
pub(super) struct List<'a> {
    pub(super) path: &'a Path,
    pub(super) root: &'a Path,
    pub(super) rule: MaskRule,
    /// Whether each defective image must have a mask.
    pub(super) marks_all: bool,
}

impl List<'_> {
    /// The text of the list.
    pub(super) fn text(&self) -> Result<String, DatasetError> {
        text(self.path)
    }

    /// What is wrong with a line.
    pub(super) fn wrong(&self, at: &str, reason: String) -> DatasetError {
        DatasetError::List { path: self.path.to_path_buf(), at: at.to_owned(), reason }
    }

    /// The classes of the lines; within a class the images come in the order of their paths, whatever that of the
    /// lines.
    ///
    /// Every line is checked, also those of classes that are not wanted; the files must exist for wanted classes only.
    pub(super) fn classes(
        &self,
        lines: Vec<Listed>,
        wanted: Option<&[String]>,
        problems: &mut Problems,
    ) -> Result<Vec<ClassFiles>, DatasetError> {
        let names: BTreeSet<String> = lines.iter().map(|line| line.class.clone()).collect();
        if names.is_empty() {
            let nothing = || self.wrong("the whole of it", "it lists no images".to_owned());
            return Err(problems.pop().unwrap_or_else(nothing));
        }
        let chosen = choose(names.into_iter().collect(), wanted)?;
        let at = || self.path.to_path_buf();
        let mut classes: BTreeMap<String, ClassFiles> =
            chosen.into_iter().map(|name| (name.clone(), ClassFiles::new(name, at(), at()))).collect();
        let mut seen = BTreeSet::new();
        for line in lines {
            let file = match self.image(&line) {
                Ok(file) => file,
                Err(reason) => {
                    problems.push(self.wrong(&line.at, reason));
                    continue;
                }
            };
            if !seen.insert(file.id.clone()) {
                problems.push(self.wrong(&line.at, format!("image `{}` is listed twice: remove one line", file.id)));
                continue;
            }
            let Some(class) = classes.get_mut(&line.class) else { continue };
            let masks = file.defect.as_ref().map_or(&[][..], |defect| defect.masks.files());
            if let Some(absent) = std::iter::once(&file.path).chain(masks).find(|path| !path.is_file()) {
                let what = if absent.exists() { "is not a file" } else { "does not exist" };
                let reason = format!("`{}` {what}: is the data set complete?", absent.display());
                problems.push(self.wrong(&line.at, reason));
                continue;
            }
            match line.phase {
                Phase::Train => class.train.push(file),
                Phase::Validation => class.validation.push(file),
                Phase::Test => class.test.push(file),
            }
        }
        let mut classes: Vec<ClassFiles> = classes.into_values().collect();
        for class in &mut classes {
            for images in [&mut class.train, &mut class.validation, &mut class.test] {
                images.sort_by(|a, b| a.id.cmp(&b.id));
            }
        }
        Ok(classes)
    }

    fn image(&self, line: &Listed) -> Result<ImageFile, String> {
        if line.class.is_empty() {
            return Err("the class is empty: expected its name".to_owned());
        }
        let (id, path) = inside(self.root, &line.image)?;
        if kind(&path) != Kind::Image {
            return Err(format!(
                "`{}` is not named as an image: expected .png, .jpg, .jpeg, .bmp, .tif, .tiff, .webp or .gif",
                line.image
            ));
        }
        let Some((kind, mask)) = &line.defect else { return Ok(ImageFile::good(id, path)) };
        if line.phase == Phase::Train {
            return Err("a defective image is listed for training: list it for testing".to_owned());
        }
        let mask = mask.as_ref().map(|mask| inside(self.root, mask)).transpose()?;
        let masks = match mask {
            Some((_, path)) => Masks::found(vec![path], self.rule),
            None if self.marks_all => Masks::Unlisted { list: self.path.to_path_buf(), at: line.at.clone() },
            None => Masks::Unnamed,
        };
        Ok(ImageFile::defective(id, path, kind.clone(), masks))
    }
}

/// The text of a file that is not too large and is UTF-8, without the byte order mark that some systems put before it.
pub(super) fn text(path: &Path) -> Result<String, DatasetError> {
    let unreadable = |source| DatasetError::read(path, source);
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let wrong = |reason: &str| DatasetError::List {
        path: path.to_path_buf(),
        at: "the whole of it".to_owned(),
        reason: reason.to_owned(),
    };
    if bytes.len() as u64 > LONGEST {
        return Err(wrong("it has more than 512 megabytes: is it a list?"));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8: save it as that"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A listed path below the root, and the same with `/` as its separator.
pub(super) fn inside(root: &Path, listed: &str) -> Result<(String, PathBuf), String> {
    let listed_here = listed.replace('\\', "/");
    let mut names = Vec::new();
    for part in Path::new(&listed_here).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => names.extend(name.to_str()),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                names.clear();
                break;
            }
        }
    }
    if names.is_empty() {
        return Err(format!("path `{listed}` is not below the root: expected such as `CLASS/train/good/000.png`"));
    }
    Ok((names.join("/"), names.iter().fold(root.to_path_buf(), |path, name| path.join(name))))
}

/// An object of JSON whose keys are all known.
pub(super) fn object<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let Value::Object(map) = value else { return Err(format!("expected an object with {}", known.join(", "))) };
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => {
            let help = one_of(key, known.iter().copied()).unwrap_or_default();
            Err(format!("there is no key `{key}` in such a list; {help}"))
        }
        None => Ok(map),
    }
}

/// A string of an object; none where it is absent, null or empty.
pub(super) fn string(map: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(other) => Err(format!("`{key}` is `{other}`: expected a string")),
    }
}

/// A string that must be there.
pub(super) fn required(map: &Map<String, Value>, key: &str) -> Result<String, String> {
    string(map, key)?.ok_or_else(|| format!("`{key}` is missing or empty"))
}

/// Whether an object says that its image has a defect: 0 or 1 under this key.
pub(super) fn is_defective(map: &Map<String, Value>, key: &str) -> Result<bool, String> {
    match map.get(key).and_then(Value::as_f64) {
        Some(0.0) => Ok(false),
        Some(1.0) => Ok(true),
        _ => {
            let found = map.get(key).map_or_else(|| "missing".to_owned(), |value| format!("`{value}`"));
            Err(format!("`{key}` is {found}: expected 0 for good or 1 for defective"))
        }
    }
}
