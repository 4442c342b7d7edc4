//! The layout of MPDD, painted metal parts (Jezek et al., ICUMT 2021): that of `MVTec` AD, with six classes.
//!
//! As in the data set's archive and in the script `data/gen_benchmark/mpdd.py` of `zhangzjn/ADer`.

use std::path::Path;

use super::{Found, Layout, mvtec};
use crate::dataset::listing::Problems;
use crate::dataset::request::Unmarked;

/// This layout.
pub(super) static LAYOUT: Layout =
    Layout { name: "mpdd", expected: EXPECTED, unread: &[], unmarked: Unmarked::Unknown, scan, recognises };

pub(super) const EXPECTED: &str = mvtec::EXPECTED;

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    mvtec::scan(root, wanted, problems)
}

pub(super) fn recognises(root: &Path) -> bool {
    mvtec::recognises(root)
}
