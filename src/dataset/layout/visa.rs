//! The layout of `VisA` (Zou et al., ECCV 2022), as published and as its authors' script rearranges it.
//!
//! As published, `split_csv/1cls.csv` of `amazon-science/spot-diff` says which images are for training; it is looked
//! for there, in the root, and as `visa.csv` in the root. Where it is missing, the split is drawn as it was drawn for
//! that list: of the normal images of a class, sorted by name, Python's shuffle with seed 998 trains on the first nine
//! tenths (rounded, halves to even) and tests the rest. The published list does not say how it was made; the rule was
//! found by trying seeds, and reproduces its lines exactly where they were compared: the beginning of `candle` and
//! `capsules`, and where `candle` and `pcb4` change from training to testing. The rule needs all published images; if
//! some are missing, it gives another split of the same kind.
//!
//! Masks hold small class indices: a pixel is anomalous where its mask is above 0.

use std::path::Path;

use super::list::List;
use super::{ClassFiles, Found, ImageFile, Layout, Masks, class_directories, holds, mvtec, shuffle, visa_list};
use crate::dataset::error::DatasetError;
use crate::dataset::listing::{self, Entry, Problems};
use crate::dataset::mask::MaskRule;
use crate::dataset::request::{Unmarked, choose};

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "visa", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/split_csv/1cls.csv (object,split,label,image,mask)\n",
    "  ROOT/CLASS/Data/Images/{Normal,Anomaly}/000.JPG and ROOT/CLASS/Data/Masks/Anomaly/000.png, anomalous where above 0\n",
    "  or, rearranged, ROOT/CLASS/{train/good,test/good,test/bad,ground_truth/bad}",
);

/// Places of the list, the published one first.
const LISTS: [&str; 3] = ["split_csv/1cls.csv", "1cls.csv", "visa.csv"];

/// The seed of the published split.
const SEED: u32 = 998;

/// Reads either layout; the list decides if it is there, then the folders `Data`, then `train`.
pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    if let Some(path) = LISTS.iter().map(|list| root.join(list)).find(|path| path.is_file()) {
        let list = List { path: &path, root, rule: MaskRule::AboveZero, marks_all: true };
        return visa_list::classes(&list, wanted, problems);
    }
    match class_directories(root, EXPECTED, is_class, problems) {
        Ok(found) => {
            let chosen = choose(found.iter().map(|(name, _)| name.clone()).collect(), wanted)?;
            let wanted = found.into_iter().filter(|(name, _)| chosen.contains(name));
            wanted.map(|(name, directory)| class(name, &directory, problems)).collect()
        }
        Err(DatasetError::NoClasses { .. }) if mvtec::recognises(root) => {
            mvtec::scan_by(MaskRule::AboveZero, root, wanted, problems)
        }
        Err(error) => Err(error),
    }
}

pub(super) fn recognises(root: &Path) -> bool {
    holds(root, "Data/Images") || LISTS.iter().any(|list| root.join(list).is_file())
}

fn is_class(directory: &Path) -> bool {
    directory.join("Data").join("Images").is_dir()
}

fn class(name: String, directory: &Path, problems: &mut Problems) -> Result<ClassFiles, DatasetError> {
    let images_at = directory.join("Data").join("Images");
    let normal_at = images_at.join("Normal");
    let anomaly_at = images_at.join("Anomaly");
    listing::require_directory(&normal_at, EXPECTED)?;
    listing::require_directory(&anomaly_at, EXPECTED)?;
    let normal = |entry: Entry| ImageFile::good(format!("{name}/Data/Images/Normal/{}", entry.name), entry.path);
    let (train, test) = split(listing::images(&normal_at, problems));
    let train: Vec<ImageFile> = train.into_iter().map(normal).collect();
    // In the order of the ids, as the list gives them: `Anomaly` comes before `Normal`.
    let mut tested = Vec::new();
    for image in listing::images(&anomaly_at, problems) {
        tested.push(defective(&name, directory, image));
    }
    tested.extend(test.into_iter().map(normal));
    let mut class = ClassFiles::new(name, normal_at, images_at);
    (class.train, class.test) = (train, tested);
    Ok(class)
}

/// The images to train on and those to test, each sorted as before.
fn split(mut images: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    shuffle::shuffle(&mut images, SEED);
    let mut test = images.split_off(nine_tenths(images.len()));
    for part in [&mut images, &mut test] {
        part.sort_by(|a, b| a.name.cmp(&b.name));
    }
    (images, test)
}

/// Nine tenths of a number, rounded to the nearest, a half to the even one.
fn nine_tenths(count: usize) -> usize {
    let (whole, rest) = (count * 9 / 10, count * 9 % 10);
    whole + usize::from(rest > 5 || (rest == 5 && whole % 2 == 1))
}

fn defective(class: &str, directory: &Path, image: Entry) -> ImageFile {
    let mask_name = Path::new(&image.name).with_extension("png");
    let path = directory.join("Data").join("Masks").join("Anomaly").join(mask_name);
    let found = path.is_file().then(|| vec![path.clone()]);
    let masks = Masks::looked_for(found.as_ref(), MaskRule::AboveZero, path);
    let id = format!("{class}/Data/Images/Anomaly/{}", image.name);
    ImageFile::defective(id, image.path, visa_list::DEFECT.to_owned(), masks)
}
