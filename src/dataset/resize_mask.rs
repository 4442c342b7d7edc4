//! Masks at the size of an anomaly map, by the rule that a protocol declares.

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::GrayImage;

use super::Mask;
use crate::measure::MaskResize;

impl Mask {
    /// The mask at another size by `rule`. A mask without pixels stays without anomalous ones.
    ///
    /// # Panics
    /// Never: both pictures are 8-bit grey and the source is read whole.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32, rule: MaskResize) -> Self {
        let threshold = match rule {
            MaskResize::Nearest => return self.resized_nearest(width, height),
            MaskResize::AnyBlend => 0,
            MaskResize::HalfBlend => 127,
        };
        if self.anomalous.is_empty() {
            return Self::all_normal(width, height);
        }
        let grey = GrayImage::from_fn(self.width, self.height, |x, y| {
            let marked = self.anomalous[y as usize * self.width as usize + x as usize];
            image::Luma([if marked { 255 } else { 0 }])
        });
        let mut resized = GrayImage::new(width, height);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        Resizer::new()
            .resize(&grey, &mut resized, &options)
            .expect("both pictures are 8-bit grey, and the whole of the source is read");
        Self { width, height, anomalous: resized.into_raw().into_iter().map(|value| value > threshold).collect() }
    }
}
