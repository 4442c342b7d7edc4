//! The layout of `VisA`, as published and as its authors' script rearranges it.
//!
//! As published, `split_csv/1cls.csv` says which images are for training. Where that list is missing, the split is by
//! order: of the normal images of a class, sorted by name, the first nine tenths are trained on and the rest tested. The
//! published split has the same proportions but was drawn at random, so **results without the list are not
//! comparable to published ones**. Masks hold small class indices: a pixel is anomalous where its mask is above 0.

use std::path::Path;

use super::{ClassFiles, ImageFile, assemble, class_directories, mvtec, split_list};
use crate::dataset::Dataset;
use crate::dataset::error::DatasetError;
use crate::dataset::image_file::MaskRule;
use crate::dataset::listing::{self, Entry};
use crate::dataset::request::choose;
use crate::dataset::sample::MaskFile;

pub(super) const LAYOUT: &str = concat!(
    "  ROOT/split_csv/1cls.csv (object,split,label,image,mask)\n",
    "  ROOT/CLASS/Data/Images/{Normal,Anomaly}/000.JPG and ROOT/CLASS/Data/Masks/Anomaly/000.png, anomalous where above 0\n",
    "  or, rearranged, ROOT/CLASS/{train/good,test/good,test/bad,ground_truth/bad}",
);

/// The only kind of defect the list and the folders tell.
pub(super) const DEFECT: &str = "anomaly";

/// Opens a folder in either layout of `VisA`; the list decides if it is there, then the folders `Data`, then `train`.
pub(in crate::dataset) fn open(root: &Path, wanted: Option<&[String]>) -> Result<Dataset, DatasetError> {
    listing::require_directory(root, LAYOUT)?;
    let list = root.join("split_csv").join("1cls.csv");
    if list.is_file() {
        return assemble("visa", split_list::classes(root, &list, wanted)?);
    }
    match class_directories(root, LAYOUT, is_class) {
        Ok(found) => {
            let chosen = choose(found.iter().map(|(name, _)| name.clone()).collect(), wanted)?;
            let classes: Result<Vec<ClassFiles>, DatasetError> = found
                .into_iter()
                .filter(|(name, _)| chosen.contains(name))
                .map(|(name, directory)| class(name, &directory))
                .collect();
            assemble("visa", classes?)
        }
        Err(DatasetError::NoClasses { .. }) if rearranged(root)? => {
            mvtec::open_as("visa", root, wanted, MaskRule::NonZero)
        }
        Err(error) => Err(error),
    }
}

fn is_class(directory: &Path) -> bool {
    directory.join("Data").join("Images").is_dir()
}

/// Whether the root is, or holds, a class in the layout of `MVTec` AD.
fn rearranged(root: &Path) -> Result<bool, DatasetError> {
    let below = listing::entries(root)?;
    Ok(mvtec::is_class(root) || below.iter().any(|entry| mvtec::is_class(&entry.path)))
}

fn class(name: String, directory: &Path) -> Result<ClassFiles, DatasetError> {
    let images_at = directory.join("Data").join("Images");
    let normal_at = images_at.join("Normal");
    let anomaly_at = images_at.join("Anomaly");
    listing::require_directory(&normal_at, LAYOUT)?;
    listing::require_directory(&anomaly_at, LAYOUT)?;
    let mut train = listing::images(&normal_at)?;
    let held_out = train.split_off(train.len() * 9 / 10);
    let normal = |entry: Entry| ImageFile {
        id: format!("{name}/Data/Images/Normal/{}", entry.name),
        path: entry.path,
        defect: None,
    };
    let train = train.into_iter().map(normal).collect();
    let mut test: Vec<ImageFile> = held_out.into_iter().map(normal).collect();
    for image in listing::images(&anomaly_at)? {
        test.push(defective(&name, directory, image)?);
    }
    Ok(ClassFiles { name, train, test, train_at: normal_at, test_at: images_at })
}

fn defective(class: &str, directory: &Path, image: Entry) -> Result<ImageFile, DatasetError> {
    let mask_name = Path::new(&image.name).with_extension("png");
    let mask = directory.join("Data").join("Masks").join("Anomaly").join(mask_name);
    if !mask.is_file() {
        return Err(DatasetError::MaskMissing { image: image.path, expected: mask });
    }
    Ok(ImageFile {
        id: format!("{class}/Data/Images/Anomaly/{}", image.name),
        path: image.path,
        defect: Some((DEFECT.to_owned(), MaskFile { path: mask, rule: MaskRule::NonZero })),
    })
}
