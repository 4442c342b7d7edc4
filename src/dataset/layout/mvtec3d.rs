//! The layout of `MVTec` 3D-AD (Bergmann et al., VISAPP 2022), of which only the colour images are read.
//!
//! The published split `validation` is kept apart: it is neither trained on nor tested. The folders `xyz` of positions are
//! passed over, and so are the empty masks beside good images. As in
//! `src/anomalib/data/datasets/depth/mvtec_3d.py` of `openvinotoolkit/anomalib`.

use std::path::Path;

use super::tree::{MaskPlace, Tree};
use super::{Found, Layout, holds};
use crate::dataset::listing::Problems;
use crate::dataset::mask::MaskRule;
use crate::dataset::request::Unmarked;

/// This layout.
pub(super) static LAYOUT: Layout = Layout {
    name: "mvtec3d",
    expected: EXPECTED,
    unread: &["/xyz/", "/good/gt/"],
    unmarked: Unmarked::Unknown,
    scan,
    recognises,
};

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/CLASS/{train,validation}/good/rgb/000.png\n",
    "  ROOT/CLASS/test/good/rgb/000.png and ROOT/CLASS/test/DEFECT/rgb/000.png\n",
    "  ROOT/CLASS/test/DEFECT/gt/000.png, anomalous where above 0",
);

const TREE: Tree = Tree {
    good: "good",
    validation: Some("validation"),
    images: Some("rgb"),
    masks: MaskPlace::Beside("gt"),
    rule: MaskRule::AboveZero,
    layout: EXPECTED,
};

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    TREE.scan(root, wanted, problems)
}

pub(super) fn recognises(root: &Path) -> bool {
    holds(root, "train/good/rgb")
}
