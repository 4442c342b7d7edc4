//! Trees of phases and kinds: `CLASS/train/good`, `CLASS/test/good`, `CLASS/test/DEFECT`, and masks in one of two
//! places.
//!
//! Several data sets have this form and differ in a few names, which a [`Tree`] states. A folder in the root is a class
//! when it holds `train` or `test`; other folders and loose files in the root are passed over. A root that is itself
//! such a folder is one class. A mask is named as its image, with `_mask` or without; or a folder of that name holds
//! several, which count together. Masks of images that are not there are passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{ClassFiles, Found, ImageFile, Masks, class_directories, stem};
use crate::dataset::error::DatasetError;
use crate::dataset::listing::{self, Entry, Problems};
use crate::dataset::mask::MaskRule;
use crate::dataset::request::choose;

/// The names in which such data sets differ.
pub(super) struct Tree {
    /// The folder of images without defects.
    pub(super) good: &'static str,
    /// The folder of images that are neither trained on nor tested.
    pub(super) validation: Option<&'static str>,
    /// The folder within each kind in which the images lie, if not in the kind itself.
    pub(super) images: Option<&'static str>,
    /// Where the masks lie.
    pub(super) masks: MaskPlace,
    /// What their values mean.
    pub(super) rule: MaskRule,
    /// What should be there, in words.
    pub(super) layout: &'static str,
}

/// Where the masks of a kind of defect lie.
pub(super) enum MaskPlace {
    /// In `CLASS/ground_truth/DEFECT`.
    Apart,
    /// In `CLASS/ground_truth/DEFECT`, several of an image in a folder of its name.
    InFolders,
    /// In a folder of this name in `CLASS/test/DEFECT`.
    Beside(&'static str),
}

/// Whether a folder is a class: it holds training or test images.
pub(super) fn is_class(directory: &Path) -> bool {
    directory.join("train").is_dir() || directory.join("test").is_dir()
}

impl Tree {
    /// Finds the images of the wanted classes.
    pub(super) fn scan(&self, root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
        let found = class_directories(root, self.layout, is_class, problems)?;
        let chosen = choose(found.iter().map(|(name, _)| name.clone()).collect(), wanted)?;
        let wanted = found.into_iter().filter(|(name, _)| chosen.contains(name));
        wanted.map(|(name, directory)| self.class(name, &directory, problems)).collect()
    }

    fn class(&self, name: String, directory: &Path, problems: &mut Problems) -> Result<ClassFiles, DatasetError> {
        let train_at = self.images_of(&directory.join("train").join(self.good));
        let test_at = directory.join("test");
        listing::require_directory(&train_at, self.layout)?;
        listing::require_directory(&test_at, self.layout)?;
        let mut class = ClassFiles::new(name, train_at, test_at.clone());
        class.train = self.only_good(&class.name, directory, "train", problems);
        if let Some(validation) = self.validation.filter(|phase| directory.join(phase).is_dir()) {
            class.validation = self.kinds(&class.name, directory, validation, problems);
        }
        class.test = self.kinds(&class.name, directory, "test", problems);
        Ok(class)
    }

    /// The images of a kind, as the layout nests them.
    fn images_of(&self, kind: &Path) -> PathBuf {
        self.images.map_or_else(|| kind.to_path_buf(), |inner| kind.join(inner))
    }

    fn id(&self, class: &str, phase: &str, kind: &str, name: &str) -> String {
        match self.images {
            Some(inner) => format!("{class}/{phase}/{kind}/{inner}/{name}"),
            None => format!("{class}/{phase}/{kind}/{name}"),
        }
    }

    fn only_good(&self, class: &str, directory: &Path, phase: &str, problems: &mut Problems) -> Vec<ImageFile> {
        for other in listing::directories(&directory.join(phase), problems) {
            if other.name != self.good {
                problems.push(DatasetError::Unexpected {
                    path: other.path,
                    reason: "only images without defects are trained on, those in `train/good`, or `train/ok`",
                });
            }
        }
        self.good_images(class, phase, &directory.join(phase).join(self.good), problems)
    }

    /// The images of all kinds of a phase, good and defective.
    fn kinds(&self, class: &str, directory: &Path, phase: &str, problems: &mut Problems) -> Vec<ImageFile> {
        let mut images = Vec::new();
        for kind in listing::directories(&directory.join(phase), problems) {
            if kind.name == self.good {
                images.extend(self.good_images(class, phase, &kind.path, problems));
                continue;
            }
            let masks_at = match self.masks {
                MaskPlace::Apart | MaskPlace::InFolders => directory.join("ground_truth").join(&kind.name),
                MaskPlace::Beside(name) => kind.path.join(name),
            };
            images.extend(self.defective_images(class, phase, &kind, &masks_at, problems));
        }
        images
    }

    fn good_images(&self, class: &str, phase: &str, kind: &Path, problems: &mut Problems) -> Vec<ImageFile> {
        let at = self.images_of(kind);
        let images = listing::images(&at, problems);
        images.into_iter().map(|it| ImageFile::good(self.id(class, phase, self.good, &it.name), it.path)).collect()
    }

    fn defective_images(
        &self,
        class: &str,
        phase: &str,
        kind: &Entry,
        masks_at: &Path,
        problems: &mut Problems,
    ) -> Vec<ImageFile> {
        let images = listing::images(&self.images_of(&kind.path), problems);
        let stems: BTreeSet<&str> = images.iter().map(|image| stem(&image.name)).collect();
        let masks = if masks_at.is_dir() { masks_by_image(masks_at, &stems, problems) } else { MasksFound::default() };
        problems.extend(masks.folders.into_iter().map(|folder| DatasetError::Unexpected {
            path: folder.path,
            reason: "a folder among masks has the name of an image and holds its masks",
        }));
        let defective = |image: &Entry| {
            let stem = stem(&image.name);
            let expected = masks_at.join(match self.masks {
                MaskPlace::Apart => format!("{stem}_mask.png"),
                MaskPlace::InFolders => format!("{stem}/000.png"),
                MaskPlace::Beside(_) => format!("{stem}.png"),
            });
            let masks = Masks::looked_for(masks.of_image.get(stem), self.rule, expected);
            let id = self.id(class, phase, &kind.name, &image.name);
            ImageFile::defective(id, image.path.clone(), kind.name.clone(), masks)
        };
        images.iter().map(defective).collect()
    }
}

/// The masks in a folder.
#[derive(Default)]
pub(super) struct MasksFound {
    /// By the name, without ending, of the image that they belong to.
    pub(super) of_image: BTreeMap<String, Vec<PathBuf>>,
    /// Folders that are named as no image.
    pub(super) folders: Vec<Entry>,
}

/// The masks in a folder, of images with these names without endings: files, and folders of several masks.
pub(super) fn masks_by_image(directory: &Path, images: &BTreeSet<&str>, problems: &mut Problems) -> MasksFound {
    let mut found = MasksFound::default();
    for entry in listing::entries_and_images(directory, problems) {
        let name = if entry.is_directory { entry.name.as_str() } else { stem(&entry.name) };
        let bare = name.strip_suffix("_mask").filter(|bare| !entry.is_directory || images.contains(bare));
        let image = bare.unwrap_or(name).to_owned();
        if entry.is_directory && !images.contains(image.as_str()) {
            found.folders.push(entry);
            continue;
        }
        let masks: Vec<PathBuf> = if entry.is_directory {
            listing::images(&entry.path, problems).into_iter().map(|mask| mask.path).collect()
        } else {
            vec![entry.path.clone()]
        };
        match found.of_image.get(&image) {
            Some(first) => {
                problems.push(DatasetError::MaskAmbiguous { first: first[0].clone(), second: entry.path });
            }
            None if masks.is_empty() => {}
            None => {
                found.of_image.insert(image, masks);
            }
        }
    }
    found
}
