//! The published directory layouts and lists, one per file, and what is checked of each alike.
//!
//! A layout turns a folder into one [`ClassFiles`] per wanted class, and lists what is wrong; [`assemble`] makes the
//! data set from them. No image is ignored in silence: one that has no place in the layout is a problem. [`LAYOUTS`]
//! lists all layouts.

mod ader;
mod btad;
mod folder;
mod list;
mod loco;
mod medical;
mod mpdd;
mod mvtec;
mod mvtec3d;
mod realiad;
mod shuffle;
mod tree;
mod uniad;
mod visa;
mod visa_list;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::DatasetError;
use super::listing::{self, Problems};
use super::mask::MaskRule;
use super::request::Unmarked;
use super::sample::{Marks, MaskFiles, Sample, Source};
use super::{Dataset, Request};

/// The classes found in a folder, or why it can't be this layout at all.
type Found = Result<Vec<ClassFiles>, DatasetError>;

/// One way in which a data set lies in a folder.
pub(super) struct Layout {
    /// The name of the data set.
    pub(super) name: &'static str,
    /// What the folder should hold, in words.
    pub(super) expected: &'static str,
    /// Parts of the paths of images that belong to the data set, though nothing reads them.
    pub(super) unread: &'static [&'static str],
    /// What a defective image counts as for which the data set names no mask.
    unmarked: Unmarked,
    /// Finds the images of the wanted classes.
    scan: fn(&Path, Option<&[String]>, &mut Problems) -> Found,
    /// Recognises by a few names whether a folder has this layout.
    recognises: fn(&Path) -> bool,
}

/// All layouts. Of two that recognise a folder the first is suggested.
pub(super) static LAYOUTS: [&Layout; 11] = [
    &mvtec::LAYOUT,
    &loco::LAYOUT,
    &visa::LAYOUT,
    &mvtec3d::LAYOUT,
    &medical::LAYOUT,
    &realiad::LAYOUT,
    &btad::LAYOUT,
    &mpdd::LAYOUT,
    &uniad::LAYOUT,
    &ader::LAYOUT,
    &folder::LAYOUT,
];

/// The images of one class, as a layout found them.
pub(super) struct ClassFiles {
    pub(super) name: String,
    pub(super) train: Vec<ImageFile>,
    pub(super) validation: Vec<ImageFile>,
    pub(super) test: Vec<ImageFile>,
    /// Where training and test images were looked for, for the message when there are none.
    train_at: PathBuf,
    test_at: PathBuf,
}

impl ClassFiles {
    fn new(name: String, train_at: PathBuf, test_at: PathBuf) -> Self {
        Self { name, train: Vec::new(), validation: Vec::new(), test: Vec::new(), train_at, test_at }
    }
}

/// One image as a layout found it.
pub(super) struct ImageFile {
    pub(super) id: String,
    pub(super) path: PathBuf,
    pub(super) defect: Option<Defect>,
    /// What is known of its pixels; until [`scan`] has settled that, nothing.
    marks: Marks,
}

/// The defect in an image.
pub(super) struct Defect {
    pub(super) kind: String,
    pub(super) masks: Masks,
}

/// The masks of a defective image.
pub(super) enum Masks {
    /// They are there.
    Found(MaskFiles),
    /// One should lie at this place.
    Missing(PathBuf),
    /// A list should name one here.
    Unlisted {
        /// The list.
        list: PathBuf,
        /// The place in it.
        at: String,
    },
    /// The data set names none.
    Unnamed,
}

impl Masks {
    /// The masks in these files, of which there is at least one.
    fn found(paths: Vec<PathBuf>, rule: MaskRule) -> Masks {
        Masks::Found(MaskFiles { paths, rule, may_be_empty: false })
    }

    /// Those of an image whose masks were looked for: the files, or the place where one is missing.
    fn looked_for(paths: Option<&Vec<PathBuf>>, rule: MaskRule, expected: PathBuf) -> Masks {
        paths.map_or(Masks::Missing(expected), |paths| Masks::found(paths.clone(), rule))
    }

    /// The files.
    pub(super) fn files(&self) -> &[PathBuf] {
        match self {
            Masks::Found(masks) => &masks.paths,
            Masks::Missing(_) | Masks::Unlisted { .. } | Masks::Unnamed => &[],
        }
    }
}

/// What a layout found in a folder, and what was wrong with it.
pub(super) struct Scan {
    pub(super) layout: &'static Layout,
    pub(super) classes: Vec<ClassFiles>,
    pub(super) problems: Problems,
}

/// Finds the images of a data set, and all that is wrong with their names and places. No image is opened.
///
/// # Errors
/// When the folder does not have this layout at all, so that its images are unknown.
pub(super) fn scan(layout: &'static Layout, root: &Path, request: &Request) -> Result<Scan, DatasetError> {
    let mut problems = Problems::new();
    let found = listing::require_directory(root, layout.expected)
        .and_then(|()| (layout.scan)(root, request.classes.as_deref(), &mut problems));
    let mut classes = found.map_err(|error| with_suggestion(error, layout, root))?;
    for file in classes.iter_mut().flat_map(|class| class.validation.iter_mut().chain(&mut class.test)) {
        problems.extend(file.settle(layout, request.unmarked));
    }
    for class in &classes {
        for (images, phase, at) in [(&class.train, "training", &class.train_at), (&class.test, "test", &class.test_at)]
        {
            if images.is_empty() {
                problems.push(DatasetError::EmptyClass { class: class.name.clone(), phase, path: at.clone() });
            }
        }
    }
    // The first problem is the one that is told when the data set is opened.
    if !problems.is_empty() {
        let first = with_suggestion(problems.remove(0), layout, root);
        problems.insert(0, first);
    }
    Ok(Scan { layout, classes, problems })
}

/// Adds to an error which other layout the folder has, if it does not have the requested one.
fn with_suggestion(error: DatasetError, asked: &Layout, root: &Path) -> DatasetError {
    let is_about_classes = matches!(
        error,
        DatasetError::UnknownClass { .. } | DatasetError::DuplicateClass { .. } | DatasetError::NoClassWanted { .. }
    );
    if is_about_classes || (asked.recognises)(root) {
        return error;
    }
    match LAYOUTS.iter().find(|layout| layout.name != asked.name && (layout.recognises)(root)) {
        Some(other) => DatasetError::OtherLayout { error: Box::new(error), name: other.name },
        None => error,
    }
}

/// Numbers the classes and checks that each can be trained on and tested, and that the headers of all files are sound.
pub(super) fn assemble(scan: Scan) -> Result<Dataset, DatasetError> {
    if let Some(problem) = scan.problems.into_iter().next() {
        return Err(problem);
    }
    let mut dataset = Dataset { name: scan.layout.name.to_owned(), ..Dataset::default() };
    for (class, files) in scan.classes.into_iter().enumerate() {
        dataset.train.extend(files.train.into_iter().map(|file| file.sample(class)));
        dataset.validation.extend(files.validation.into_iter().map(|file| file.sample(class)));
        dataset.test.extend(files.test.into_iter().map(|file| file.sample(class)));
        dataset.classes.push(files.name);
    }
    let samples: Vec<&Sample> = dataset.train.iter().chain(&dataset.validation).chain(&dataset.test).collect();
    // Collected before the first error is looked for, so that the error shown is always the same one.
    let checked: Vec<Result<(), DatasetError>> = samples.par_iter().map(|sample| sample.check_headers()).collect();
    checked.into_iter().collect::<Result<(), DatasetError>>()?;
    Ok(dataset)
}

/// The classes of a folder, by name: folders in it that are told by `is_class`, or the folder itself if it is one.
fn class_directories(
    root: &Path,
    layout: &'static str,
    is_class: impl Fn(&Path) -> bool,
    problems: &mut Problems,
) -> Result<Vec<(String, PathBuf)>, DatasetError> {
    if is_class(root) {
        return Ok(vec![(listing::file_name(root)?, root.to_path_buf())]);
    }
    let found: Vec<(String, PathBuf)> = listing::entries(root, problems)
        .into_iter()
        .filter(|entry| entry.is_directory && is_class(&entry.path))
        .map(|entry| (entry.name, entry.path))
        .collect();
    if found.is_empty() {
        let path = root.to_path_buf();
        return Err(DatasetError::NoClasses { path, found: listing::contents(root), layout });
    }
    Ok(found)
}

/// Whether a folder, or one of the folders in it, holds `inner`.
fn holds(root: &Path, inner: &str) -> bool {
    let below = listing::entries(root, &mut Problems::new());
    root.join(inner).exists() || below.iter().any(|entry| entry.path.join(inner).exists())
}

/// The name of a file without its ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

impl ImageFile {
    fn good(id: String, path: PathBuf) -> Self {
        Self { id, path, defect: None, marks: Marks::Nothing }
    }

    fn defective(id: String, path: PathBuf, kind: String, masks: Masks) -> Self {
        Self { id, path, defect: Some(Defect { kind, masks }), marks: Marks::Unknown }
    }

    /// The image as a sample of the class with this number.
    pub(super) fn sample(self, class: usize) -> Sample {
        let defect = self.defect.map(|defect| defect.kind);
        Sample { id: self.id, class, defect, source: Source::File { image: self.path, marks: self.marks } }
    }

    /// Decides what a defective image without a mask counts as: the problem, if it is refused.
    fn settle(&mut self, layout: &Layout, wanted: Option<Unmarked>) -> Option<DatasetError> {
        let defect = self.defect.as_mut()?;
        self.marks = match (&mut defect.masks, wanted) {
            (Masks::Found(masks), wanted) => {
                masks.may_be_empty = wanted == Some(Unmarked::Empty);
                Marks::Masks(masks.clone())
            }
            (Masks::Missing(expected), None) => {
                return Some(DatasetError::MaskMissing { image: self.path.clone(), expected: expected.clone() });
            }
            (Masks::Unlisted { list, at }, None) => {
                return Some(DatasetError::MaskUnlisted {
                    image: self.path.clone(),
                    list: list.clone(),
                    at: at.clone(),
                });
            }
            (Masks::Missing(_) | Masks::Unlisted { .. }, Some(wanted)) => without_mask(wanted),
            (Masks::Unnamed, wanted) => without_mask(wanted.unwrap_or(layout.unmarked)),
        };
        None
    }
}

/// What is known of the pixels of a defective image without a mask.
fn without_mask(counts_as: Unmarked) -> Marks {
    match counts_as {
        Unmarked::Empty => Marks::Nothing,
        Unmarked::Unknown => Marks::Unknown,
    }
}
