//! Which pixels of an image are anomalous, and how the values of a mask file say so.

use image::{ImageBuffer, Luma};

pub use crate::graph::program::MaskRule;

use super::resample;

/// A mask as a file holds it: one grey value of 16 bits per pixel. A file of 8 bits has its values times 257.
pub type GreyMask = ImageBuffer<Luma<u16>, Vec<u16>>;

/// The highest value of a mask file, of 255; one that is rounded to 0 counts as 1.
pub(super) fn highest_of_255(grey: &GreyMask) -> u8 {
    let highest = grey.iter().copied().max().unwrap_or(0);
    ((highest / 257) as u8).max(u8::from(highest > 0))
}

/// The anomalous pixels of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` levels, row by row from the top left: 0 where the image is good; elsewhere what the file has there,
    /// which may be the number of a kind of defect, or 255.
    pub(super) levels: Vec<u8>,
}

impl Mask {
    /// The mask of these pixels, row by row; true where the image is anomalous.
    ///
    /// # Panics
    /// If they are not `width * height`.
    #[must_use]
    pub fn new(width: u32, height: u32, anomalous: &[bool]) -> Mask {
        assert_eq!(anomalous.len(), width as usize * height as usize, "a mask has one value per pixel");
        Mask { width, height, levels: anomalous.iter().map(|marked| u8::from(*marked) * u8::MAX).collect() }
    }

    /// The pixels of a mask file that are anomalous under a rule.
    #[must_use]
    pub fn by(rule: MaskRule, grey: &GreyMask) -> Mask {
        let threshold = u16::from(rule.threshold()) * 257;
        let level = |value: &u16| if *value > threshold { ((value / 257) as u8).max(1) } else { 0 };
        Mask { width: grey.width(), height: grey.height(), levels: grey.iter().map(level).collect() }
    }

    /// The pixels that are anomalous in this mask or in another one of the same size.
    ///
    /// # Panics
    /// If the sizes differ.
    #[must_use]
    pub fn joined(mut self, other: &Mask) -> Mask {
        assert_eq!((self.width, self.height), (other.width, other.height), "masks of one image are of one size");
        self.levels.iter_mut().zip(&other.levels).for_each(|(level, other)| *level = (*level).max(*other));
        self
    }

    /// The mask of a good image: nothing is anomalous.
    #[must_use]
    pub fn all_normal(width: u32, height: u32) -> Self {
        Self { width, height, levels: vec![0; width as usize * height as usize] }
    }

    /// One value per pixel, row by row; true where the image is anomalous.
    #[must_use]
    pub fn anomalous(&self) -> Vec<bool> {
        self.levels.iter().map(|level| *level > 0).collect()
    }

    /// The number of anomalous pixels.
    #[must_use]
    pub fn area(&self) -> usize {
        self.levels.iter().filter(|level| **level > 0).count()
    }

    /// The mask at another size: each new pixel takes the value of the old pixel that its centre falls into.
    ///
    /// No pixel is blended, so no threshold enters. A mask without pixels stays without anomalous ones.
    #[must_use]
    pub fn resized_nearest(&self, width: u32, height: u32) -> Self {
        let levels = resample::nearest::<1>(&self.levels, (self.width, self.height), (width, height));
        Self { width, height, levels }
    }

    /// The rectangle of `width * height` pixels whose top left corner is at `left` and `top`.
    ///
    /// # Panics
    /// If it does not lie within the mask.
    #[must_use]
    pub fn cropped(&self, left: u32, top: u32, width: u32, height: u32) -> Self {
        assert!(left + width <= self.width && top + height <= self.height, "the rectangle lies within the mask");
        let rows = (top..top + height).map(|y| y as usize * self.width as usize + left as usize);
        let levels = rows.flat_map(|at| self.levels[at..at + width as usize].iter().copied()).collect();
        Self { width, height, levels }
    }
}
