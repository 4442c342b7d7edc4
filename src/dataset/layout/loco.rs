//! The layout of `MVTec` LOCO AD (Bergmann et al., IJCV 2022): that of `MVTec` AD, with a split for validation, and with a
//! folder of masks for each defective image.
//!
//! Each mask of an image marks one place that is wrong, or one of several places at which something is missing, with a
//! number of its kind from 236 on; a pixel is anomalous if one of them marks it. The measure of that data set, which is
//! content with some of those places (sPRO), is not computed.

use std::path::Path;

use super::tree::{MaskPlace, Tree};
use super::{Found, Layout, class_directories, tree};
use crate::dataset::listing::{self, Problems};
use crate::dataset::mask::MaskRule;
use crate::dataset::request::Unmarked;

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "loco", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = concat!(
    "  ROOT/CLASS/{train,validation}/good/000.png\n",
    "  ROOT/CLASS/test/good/000.png and ROOT/CLASS/test/KIND/000.png\n",
    "  ROOT/CLASS/ground_truth/KIND/000/000.png and further masks of that image, anomalous where one is above 0",
);

const TREE: Tree = Tree {
    good: "good",
    validation: Some("validation"),
    images: None,
    masks: MaskPlace::InFolders,
    rule: MaskRule::AboveZero,
    layout: EXPECTED,
};

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    TREE.scan(root, wanted, problems)
}

/// Whether the masks of a kind lie in folders.
pub(super) fn recognises(root: &Path) -> bool {
    let folders = |at: &Path| {
        let entries = listing::entries(at, &mut Problems::new()).into_iter();
        entries.filter(|entry| entry.is_directory).map(|entry| entry.path)
    };
    let classes = class_directories(root, EXPECTED, tree::is_class, &mut Problems::new()).unwrap_or_default();
    let nests = |kind: &Path| folders(kind).next().is_some();
    classes.iter().any(|(_, class)| folders(&class.join("ground_truth")).any(|kind| nests(&kind)))
}
