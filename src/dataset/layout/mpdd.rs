//! The layout of MPDD, painted metal parts (Jezek et al., ICUMT 2021): that of `MVTec` AD, with six classes.
//!
//! As in the data set's archive and in the script `data/gen_benchmark/mpdd.py` of `zhangzjn/ADer`.

use std::path::Path;

use super::{Found, mvtec};
use crate::dataset::listing::Problems;

pub(super) const LAYOUT: &str = mvtec::LAYOUT;

pub(super) fn scan(root: &Path, wanted: Option<&[String]>, problems: &mut Problems) -> Found {
    mvtec::scan(root, wanted, problems)
}

pub(super) fn recognises(root: &Path) -> bool {
    mvtec::recognises(root)
}
