//! The layout of `MVTec` AD (Bergmann et al., CVPR 2019), shared by many sets made later, and by `VisA` as its authors'
//! script rearranges it. Masks are 0 and 255.

use std::path::Path;

use super::tree::{MaskPlace, Tree};
use super::{Found, Layout, holds, loco};
use crate::dataset::listing::Problems;
use crate::dataset::mask::MaskRule;
use crate::dataset::request::Unmarked;

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "mvtec", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/CLASS/train/good/000.png\n",
    "  ROOT/CLASS/test/good/000.png and ROOT/CLASS/test/DEFECT/000.png\n",
    "  ROOT/CLASS/ground_truth/DEFECT/000_mask.png (or 000.png), anomalous where above 127",
);

const TREE: Tree = Tree {
    good: "good",
    validation: None,
    images: None,
    masks: MaskPlace::Apart,
    rule: MaskRule::AboveHalf,
    layout: EXPECTED,
};

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    TREE.scan(root, wanted, problems)
}

/// This tree with another reading of its masks.
pub(super) fn scan_by(rule: MaskRule, root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    Tree { rule, ..TREE }.scan(root, wanted, problems)
}

/// Images lie in `train/good` itself, defective ones are not called `Ungood`, and masks lie in no folders of their own.
pub(super) fn recognises(root: &Path) -> bool {
    let nested = ["train/good/rgb", "train/good/img", "test/Ungood"];
    holds(root, "train/good") && !nested.iter().any(|inner| holds(root, inner)) && !loco::recognises(root)
}
