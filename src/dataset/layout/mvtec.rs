//! The layout of `MVTec` AD, shared by many sets made later, and by `VisA` as its authors' script rearranges it.
//!
//! A folder in the root is a class when it holds `train` or `test`; other folders and loose files in the root are passed
//! over. A root that is itself such a folder is one class. A mask is named as its image, with `_mask` or without; masks
//! of images that are not there are passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ClassFiles, ImageFile, assemble, class_directories};
use crate::dataset::Dataset;
use crate::dataset::error::DatasetError;
use crate::dataset::image_file::MaskRule;
use crate::dataset::listing::{self, Entry};
use crate::dataset::request::choose;
use crate::dataset::sample::MaskFile;

pub(super) const LAYOUT: &str = concat!(
    "  ROOT/CLASS/train/good/000.png\n",
    "  ROOT/CLASS/test/good/000.png and ROOT/CLASS/test/DEFECT/000.png\n",
    "  ROOT/CLASS/ground_truth/DEFECT/000_mask.png (or 000.png), anomalous where above 127",
);

const GOOD: &str = "good";

/// Opens a folder in the layout of `MVTec` AD. A pixel is anomalous where its mask is above 127.
pub(in crate::dataset) fn open(root: &Path, wanted: Option<&[String]>) -> Result<Dataset, DatasetError> {
    assemble("mvtec", classes(root, wanted, MaskRule::UpperHalf)?)
}

/// Opens a folder in this layout under another name and with another reading of masks.
pub(super) fn open_as(
    name: &str,
    root: &Path,
    wanted: Option<&[String]>,
    rule: MaskRule,
) -> Result<Dataset, DatasetError> {
    assemble(name, classes(root, wanted, rule)?)
}

/// Whether a folder looks like a class of this layout.
pub(super) fn is_class(directory: &Path) -> bool {
    directory.join("train").is_dir() || directory.join("test").is_dir()
}

fn classes(root: &Path, wanted: Option<&[String]>, rule: MaskRule) -> Result<Vec<ClassFiles>, DatasetError> {
    let found = class_directories(root, LAYOUT, is_class)?;
    let chosen = choose(found.iter().map(|(name, _)| name.clone()).collect(), wanted)?;
    found
        .into_iter()
        .filter(|(name, _)| chosen.contains(name))
        .map(|(name, directory)| class(name, &directory, rule))
        .collect()
}

fn class(name: String, directory: &Path, rule: MaskRule) -> Result<ClassFiles, DatasetError> {
    let train_at = directory.join("train").join(GOOD);
    let test_at = directory.join("test");
    listing::require_directory(&train_at, LAYOUT)?;
    listing::require_directory(&test_at, LAYOUT)?;
    if let Some(other) = listing::directories(&directory.join("train"))?.into_iter().find(|entry| entry.name != GOOD) {
        return Err(DatasetError::Unexpected { path: other.path, reason: "only `train/good` is trained on" });
    }
    let train = good_images(&train_at, &format!("{name}/train/{GOOD}"))?;
    let mut test = Vec::new();
    for kind in listing::directories(&test_at)? {
        let prefix = format!("{name}/test/{}", kind.name);
        if kind.name == GOOD {
            test.extend(good_images(&kind.path, &prefix)?);
        } else {
            let masks = directory.join("ground_truth").join(&kind.name);
            test.extend(defective_images(&kind, &prefix, &masks, rule)?);
        }
    }
    Ok(ClassFiles { name, train, test, train_at, test_at })
}

fn good_images(directory: &Path, prefix: &str) -> Result<Vec<ImageFile>, DatasetError> {
    let images = listing::images(directory)?;
    Ok(images
        .into_iter()
        .map(|image| ImageFile { id: format!("{prefix}/{}", image.name), path: image.path, defect: None })
        .collect())
}

fn defective_images(
    kind: &Entry,
    prefix: &str,
    masks_at: &Path,
    rule: MaskRule,
) -> Result<Vec<ImageFile>, DatasetError> {
    let images = listing::images(&kind.path)?;
    let masks = if masks_at.is_dir() { masks_by_image(masks_at)? } else { BTreeMap::new() };
    images
        .into_iter()
        .map(|image| {
            let stem = stem(&image.name);
            let Some(path) = masks.get(stem).cloned() else {
                let expected = masks_at.join(format!("{stem}_mask.png"));
                return Err(DatasetError::MaskMissing { image: image.path, expected });
            };
            Ok(ImageFile {
                id: format!("{prefix}/{}", image.name),
                path: image.path,
                defect: Some((kind.name.clone(), MaskFile { path, rule })),
            })
        })
        .collect()
}

/// The masks in a folder by the name, without ending, of the image each belongs to.
fn masks_by_image(directory: &Path) -> Result<BTreeMap<String, PathBuf>, DatasetError> {
    let mut masks = BTreeMap::new();
    for mask in listing::images(directory)? {
        let stem = stem(&mask.name);
        let image = stem.strip_suffix("_mask").unwrap_or(stem).to_owned();
        if let Some(first) = masks.insert(image, mask.path.clone()) {
            return Err(DatasetError::MaskAmbiguous { first, second: mask.path });
        }
    }
    Ok(masks)
}

/// The name of a file without its ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
