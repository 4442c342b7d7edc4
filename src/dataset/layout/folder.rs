//! A plain tree: a folder of normal images, one of defective ones if there are any, and perhaps one of masks.
//!
//! Each may have one of several names, see [`EXPECTED`], whatever their case. Where `normal_test` is missing, one in five of the
//! normal images is tested, and one at least if there are two: the last in the order that the split of `VisA` uses. Defective
//! images lie in their folder or one folder further down, by kind; masks lie likewise, named as their images, with `_mask` or without. Without a folder
//! of masks it is not known which pixels are defective, and there are no pixel metrics. A pixel is anomalous where its mask is
//! above 0.

use std::collections::BTreeSet;
use std::path::Path;

use super::tree::{MasksFound, masks_by_image};
use super::{ClassFiles, Found, ImageFile, Layout, Masks, class_directories, shuffle, stem};
use crate::dataset::error::DatasetError;
use crate::dataset::listing::{self, Entry, Problems};
use crate::dataset::mask::MaskRule;
use crate::dataset::request::{Unmarked, choose};

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "folder", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/normal/000.png (or good, ok) and, if there is one, ROOT/normal_test/000.png (or good_test, ok_test)\n",
    "  ROOT/defective/000.png or ROOT/defective/KIND/000.png (or abnormal, anomalous, anomaly, bad, ng), if there are any\n",
    "  ROOT/masks/000.png or ROOT/masks/KIND/000.png (or mask, ground_truth), if there are masks, anomalous where above 0\n",
    "  or several such folders, one per class: ROOT/CLASS/normal ..",
);

const NORMAL: [&str; 3] = ["normal", "good", "ok"];
const TESTED: [&str; 3] = ["normal_test", "good_test", "ok_test"];
const DEFECTIVE: [&str; 6] = ["defective", "abnormal", "anomalous", "anomaly", "bad", "ng"];
const MASKS: [&str; 3] = ["masks", "mask", "ground_truth"];

/// The seed of the order from which tested images are taken.
const SEED: u32 = 998;

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    let is_class = |directory: &Path| has_normal(directory) && !is_phase(directory);
    let found = class_directories(root, EXPECTED, is_class, problems)?;
    let chosen = choose(found.iter().map(|(name, _)| name.clone()).collect(), wanted)?;
    let wanted = found.into_iter().filter(|(name, _)| chosen.contains(name));
    wanted.map(|(name, directory)| class(name, &directory, problems)).collect()
}

pub(super) fn recognises(root: &Path) -> bool {
    let below = listing::entries(root, &mut Problems::new());
    is_class(root) || below.iter().any(|entry| entry.is_directory && is_class(&entry.path))
}

fn is_class(directory: &Path) -> bool {
    has_normal(directory)
        && !is_phase(directory)
        && named(directory, &DEFECTIVE).is_ok_and(|defective| defective.is_some())
}

/// Whether a folder is one of `train` and `test`, which lie side by side in other layouts.
fn is_phase(directory: &Path) -> bool {
    let phases = ["train", "test"].map(|phase| directory.with_file_name(phase));
    phases.iter().any(|phase| phase == directory) && phases.iter().all(|phase| has_normal(phase))
}

fn has_normal(directory: &Path) -> bool {
    named(directory, &NORMAL).is_ok_and(|normal| normal.is_some())
}

/// Whether a folder has others than those of normal images, of which one may be of defective images under another name.
fn holds_other_than_normal(directory: &Path, problems: &mut Problems) -> bool {
    let is_normal = |name: &str| NORMAL.iter().chain(&TESTED).any(|normal| *normal == name.to_lowercase());
    listing::directories(directory, problems).iter().any(|entry| !is_normal(&entry.name))
}

/// The folder that has one of these names.
fn named(directory: &Path, names: &[&str]) -> Result<Option<Entry>, DatasetError> {
    let entries = listing::entries(directory, &mut Problems::new()).into_iter();
    let mut found = entries.filter(|entry| entry.is_directory && names.contains(&entry.name.to_lowercase().as_str()));
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => Err(DatasetError::FolderAmbiguous { first: first.path, second: second.path }),
        (first, _) => Ok(first),
    }
}

fn class(name: String, directory: &Path, problems: &mut Problems) -> Result<ClassFiles, DatasetError> {
    let at = |found: Option<&Entry>| found.map_or_else(|| directory.to_path_buf(), |entry| entry.path.clone());
    let (normal, defective) = (named(directory, &NORMAL)?, named(directory, &DEFECTIVE)?);
    let (tested, masks) = (named(directory, &TESTED)?, named(directory, &MASKS)?);
    if defective.is_none() && holds_other_than_normal(directory, problems) {
        let path = directory.to_path_buf();
        problems.push(DatasetError::NoDefective { path, found: listing::contents(directory) });
    }
    let mut class = ClassFiles::new(name, at(normal.as_ref()), at(defective.as_ref()));
    let good = |folder: &Entry, problems: &mut Problems| -> Vec<ImageFile> {
        let images = listing::images(&folder.path, problems);
        let id = |image: &Entry| format!("{}/{}/{}", class.name, folder.name, image.name);
        images.into_iter().map(|image| ImageFile::good(id(&image), image.path)).collect()
    };
    let mut train = normal.map_or_else(Vec::new, |folder| good(&folder, problems));
    let mut test = match tested {
        Some(folder) => good(&folder, problems),
        None => {
            shuffle::shuffle(&mut train, SEED);
            let tested = (train.len() / 5).max(usize::from(train.len() > 1));
            let held_out = train.split_off(train.len() - tested);
            train.sort_by(|a, b| a.id.cmp(&b.id));
            held_out
        }
    };
    if let Some(folder) = defective {
        let id = format!("{}/{}", class.name, folder.name);
        let masks_at = masks.map(|masks| masks.path);
        test.extend(defective_images(&folder, &id, masks_at.as_deref(), problems));
    }
    test.sort_by(|a, b| a.id.cmp(&b.id));
    (class.train, class.test) = (train, test);
    Ok(class)
}

/// The defective images of a folder, and of the folders in it, which then are the kinds.
fn defective_images(folder: &Entry, id: &str, masks_at: Option<&Path>, problems: &mut Problems) -> Vec<ImageFile> {
    let (kinds, images): (Vec<Entry>, Vec<Entry>) =
        listing::entries_and_images(&folder.path, problems).into_iter().partition(|entry| entry.is_directory);
    let mut found = of_kind("defective", id, images, masks_at, problems);
    for kind in kinds {
        let images = listing::images(&kind.path, problems);
        let masks_at = masks_at.map(|masks| masks.join(&kind.name));
        found.extend(of_kind(&kind.name, &format!("{id}/{}", kind.name), images, masks_at.as_deref(), problems));
    }
    found
}

fn of_kind(
    kind: &str,
    id: &str,
    images: Vec<Entry>,
    masks_at: Option<&Path>,
    problems: &mut Problems,
) -> Vec<ImageFile> {
    // Folders among the masks are those of kinds, listed with their own images.
    let stems: BTreeSet<&str> = images.iter().map(|image| stem(&image.name)).collect();
    let masks = match masks_at.filter(|masks_at| !images.is_empty() && masks_at.is_dir()) {
        Some(masks_at) => masks_by_image(masks_at, &stems, problems),
        None => MasksFound::default(),
    };
    let defective = |image: &Entry| {
        let stem = stem(&image.name);
        let masks = masks_at.map_or(Masks::Unnamed, |masks_at| {
            let expected = masks_at.join(format!("{stem}.png"));
            Masks::looked_for(masks.of_image.get(stem), MaskRule::AboveZero, expected)
        });
        ImageFile::defective(format!("{id}/{}", image.name), image.path.clone(), kind.to_owned(), masks)
    };
    images.iter().map(defective).collect()
}
