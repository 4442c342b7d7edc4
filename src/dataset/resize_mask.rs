//! Masks at the size of an anomaly map, by the rule that a protocol declares.

use super::Mask;
use super::resample::{self, Kernel};
use crate::measure::MaskResize;

impl Mask {
    /// The mask at another size by `rule`. A mask without pixels stays without anomalous ones.
    ///
    /// [`MaskResize::AnyBlend`] blends the levels of the file, as the released code of DiAD does: where they are the small
    /// numbers of kinds of defects, fewer pixels at the edges stay above 0 than if all were 255.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32, rule: MaskResize) -> Self {
        let blended =
            |levels: &[u8]| resample::resized::<1>(levels, (self.width, self.height), (width, height), Kernel::Linear);
        let levels = match rule {
            MaskResize::Nearest => return self.resized_nearest(width, height),
            MaskResize::AnyBlend => blended(&self.levels),
            MaskResize::HalfBlend => {
                let full: Vec<u8> = self.levels.iter().map(|level| u8::from(*level > 0) * u8::MAX).collect();
                blended(&full).into_iter().map(|level| u8::from(level > 127) * u8::MAX).collect()
            }
        };
        Self { width, height, levels }
    }
}
