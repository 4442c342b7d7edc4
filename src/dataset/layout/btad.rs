//! The layout of BTAD (Mishra et al., ISIE 2021): classes `01`, `02` and `03`, kinds `ok` and `ko`, BMP or PNG.
//!
//! As in `src/anomalib/data/datasets/image/btech.py` of `openvinotoolkit/anomalib` and `data/gen_benchmark/btad.py` of
//! `zhangzjn/ADer`; masks are named as their images.

use std::path::Path;

use super::tree::{MaskPlace, Tree};
use super::{Found, Layout, holds};
use crate::dataset::listing::Problems;
use crate::dataset::mask::MaskRule;
use crate::dataset::request::Unmarked;

/// This layout.
pub(super) static LAYOUT: Layout = Layout {
    name: "btad",
    expected: EXPECTED,
    unread: &["/ground_truth/ok/"],
    unmarked: Unmarked::Unknown,
    scan,
    recognises,
};

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/01/train/ok/0000.bmp\n",
    "  ROOT/01/test/ok/0000.bmp and ROOT/01/test/ko/0000.bmp\n",
    "  ROOT/01/ground_truth/ko/0000.png, anomalous where above 127",
);

const TREE: Tree = Tree {
    good: "ok",
    validation: None,
    images: None,
    masks: MaskPlace::Apart,
    rule: MaskRule::AboveHalf,
    layout: EXPECTED,
};

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    TREE.scan(root, wanted, problems)
}

pub(super) fn recognises(root: &Path) -> bool {
    holds(root, "train/ok")
}
