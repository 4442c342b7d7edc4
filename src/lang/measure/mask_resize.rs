//! How a mask is brought to the size of an anomaly map.

/// Which pixels of a resized mask are anomalous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskResize {
    /// Each pixel takes the value of the old pixel under its centre; nothing is blended.
    Nearest,
    /// The levels of the mask's file blended (bilinear, antialiased, 8 bits, as Pillow does), then whatever is above 0: masks
    /// grow.
    AnyBlend,
    /// Whatever is marked made 255 and blended likewise, then whatever is above one half.
    HalfBlend,
}

impl MaskResize {
    /// The rule in words that follow "is brought to the size of its map".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nearest => "by nearest neighbour",
            Self::AnyBlend => "by antialiased bilinear resizing, and a pixel is anomalous where the result is above 0",
            Self::HalfBlend => {
                "by antialiased bilinear resizing, and a pixel is anomalous where the result is above one half"
            }
        }
    }
}
