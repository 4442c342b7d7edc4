//! Which pixels of an image are anomalous, and how the values of a mask file say so.

use image::{ImageBuffer, Luma};

pub use crate::graph::program::MaskRule;

/// A mask as a file holds it: one grey value of 16 bits per pixel. A file of 8 bits has its values times 257.
pub type GreyMask = ImageBuffer<Luma<u16>, Vec<u16>>;

/// The anomalous pixels of an image, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// One value per pixel, `width * height` of them; true where the image is anomalous.
    pub anomalous: Vec<bool>,
}

impl Mask {
    /// The pixels of a mask file that are anomalous under a rule.
    #[must_use]
    pub fn by(rule: MaskRule, grey: &GreyMask) -> Mask {
        let threshold = u16::from(rule.threshold()) * 257;
        let anomalous = grey.iter().map(|value| *value > threshold).collect();
        Mask { width: grey.width(), height: grey.height(), anomalous }
    }

    /// The mask of a good image: nothing is anomalous.
    #[must_use]
    pub fn all_normal(width: u32, height: u32) -> Self {
        Self { width, height, anomalous: vec![false; width as usize * height as usize] }
    }

    /// The number of anomalous pixels.
    #[must_use]
    pub fn area(&self) -> usize {
        self.anomalous.iter().filter(|anomalous| **anomalous).count()
    }

    /// The mask at another size: each new pixel takes the value of the old pixel that its centre falls into.
    ///
    /// No pixel is blended, so no threshold enters. A mask without pixels stays without anomalous ones.
    #[must_use]
    pub fn resized_nearest(&self, width: u32, height: u32) -> Self {
        if self.anomalous.is_empty() {
            return Self::all_normal(width, height);
        }
        let anomalous = (0..height)
            .flat_map(|y| {
                let row = nearest(y, self.height, height) * self.width as usize;
                (0..width).map(move |x| self.anomalous[row + nearest(x, self.width, width)])
            })
            .collect();
        Self { width, height, anomalous }
    }

    /// The rectangle of `width * height` pixels whose top left corner is at `left` and `top`.
    ///
    /// # Panics
    /// If it does not lie within the mask.
    #[must_use]
    pub fn cropped(&self, left: u32, top: u32, width: u32, height: u32) -> Self {
        assert!(left + width <= self.width && top + height <= self.height, "the rectangle lies within the mask");
        let rows = (top..top + height).map(|y| y as usize * self.width as usize + left as usize);
        let anomalous = rows.flat_map(|at| self.anomalous[at..at + width as usize].iter().copied()).collect();
        Self { width, height, anomalous }
    }
}

/// The old position under the centre of the new one: floor((at + 1/2) * old / new), in whole numbers.
fn nearest(at: u32, old: u32, new: u32) -> usize {
    let centre = (2 * u64::from(at) + 1) * u64::from(old) / (2 * u64::from(new));
    centre as usize
}
