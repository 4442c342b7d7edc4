//! Which pixels of an image are anomalous.

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
}

/// The old position under the centre of the new one: floor((at + 1/2) * old / new), in whole numbers.
fn nearest(at: u32, old: u32, new: u32) -> usize {
    let centre = (2 * u64::from(at) + 1) * u64::from(old) / (2 * u64::from(new));
    centre as usize
}
