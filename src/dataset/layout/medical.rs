//! Slices of medical volumes in the layouts of two benchmarks: BMAD (Bao et al., 2023) and `medical` of `ADer`.
//!
//! The Medical set of He et al. (AAAI 2024) is their brain (BraTS2021) and liver (BTCV and `LiTS`): 9,042 slices to
//! train on and 5,208 to test. `ADer` adds the class `retinal`, which `--classes brain,liver` leaves out. Layouts as in
//! the readme of `DorisBao/BMAD` (images in `img`, masks beside them in `label`, a split `valid` that is kept apart)
//! and as in `data/gen_benchmark/medical.py` of `zhangzjn/ADer` (the tree of `MVTec` AD). Which of the two it is is
//! found out for each class.

use std::path::Path;

use super::tree::{MaskPlace, Tree, is_class};
use super::{Found, Layout, class_directories, holds, mvtec};
use crate::dataset::listing::Problems;
use crate::dataset::mask::MaskRule;
use crate::dataset::request::{Unmarked, choose};

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "medical", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/CLASS/train/good/img/000.png and ROOT/CLASS/{valid,test}/{good,Ungood}/img/000.png\n",
    "  ROOT/CLASS/{valid,test}/Ungood/label/000.png, anomalous where above 0\n",
    "  or ROOT/CLASS/{train/good,test/good,test/Ungood,ground_truth/Ungood}/000.png",
);

const BMAD: Tree = Tree {
    good: "good",
    validation: Some("valid"),
    images: Some("img"),
    masks: MaskPlace::Beside("label"),
    rule: MaskRule::AboveZero,
    layout: EXPECTED,
};

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    let found = class_directories(root, EXPECTED, is_class, problems)?;
    let chosen = choose(found.iter().map(|(name, _)| name.clone()).collect(), wanted)?;
    let mut classes = Vec::new();
    for (_, directory) in found.into_iter().filter(|(name, _)| chosen.contains(name)) {
        let is_bmad = directory.join("train/good/img").is_dir();
        classes.extend(if is_bmad {
            BMAD.scan(&directory, None, problems)?
        } else {
            mvtec::scan_by(MaskRule::AboveZero, &directory, None, problems)?
        });
    }
    Ok(classes)
}

pub(super) fn recognises(root: &Path) -> bool {
    holds(root, "test/Ungood")
}
