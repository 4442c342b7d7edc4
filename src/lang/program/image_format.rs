//! How images and masks reach a model: the meaning of `data { .. }`, as facts without pixels.

/// How images reach the model: brought to its size, scaled to 0..1, then `(x - mean) / std` for each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageFormat {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Mean of red, green and blue.
    pub mean: [f32; 3],
    /// Divisor of red, green and blue.
    pub std: [f32; 3],
    /// How an image of another size or shape is brought to this one.
    pub fit: Sizing,
    /// How its pixels are resampled.
    pub filter: Filter,
    /// Which values of a mask are anomalous; none leaves it to the data set.
    pub mask: Option<MaskRule>,
    /// What is done to training images at random.
    pub augmentation: Augmentation,
    /// The share of the training images of each class that is held out; 0 for none.
    pub hold_out: f64,
    /// The most classes that the model tells apart; none if it does not say.
    pub classes: Option<usize>,
}

impl ImageFormat {
    /// Images of this size, stretched to it, in 0..1 and never changed at random.
    #[must_use]
    pub fn plain(height: usize, width: usize) -> ImageFormat {
        ImageFormat {
            height,
            width,
            mean: [0.0; 3],
            std: [1.0; 3],
            fit: Sizing::Exact,
            filter: Filter::Bilinear,
            mask: None,
            augmentation: Augmentation::default(),
            hold_out: 0.0,
            classes: None,
        }
    }
}

/// How an image of any size is brought to another. What is too much is cut off evenly on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizing {
    /// It is stretched to the size, whatever its ratio was.
    Exact,
    /// It is stretched to this height and width, of which the centre is taken.
    Stretched(usize, usize),
    /// Its shorter side becomes this long and its ratio stays; of that the centre is taken.
    Shorter(usize),
}

/// How pixels are resampled. When an image shrinks, all but the last widen by the ratio, as Pillow and torchvision do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A triangle over two pixels.
    Bilinear,
    /// The cubic of Keys (1981) with a = -1/2, over four pixels.
    Bicubic,
    /// The pixel under the centre of the new one.
    Nearest,
}

/// The value that a pixel of a mask must pass to count as anomalous, on the scale of 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskRule {
    /// Above 0: for masks that hold small class indices.
    AboveZero,
    /// Above 127: for masks of 0 and 255, also where compression has blurred them.
    AboveHalf,
}

impl MaskRule {
    /// The value that must be passed.
    #[must_use]
    pub fn threshold(self) -> u8 {
        match self {
            MaskRule::AboveZero => 0,
            MaskRule::AboveHalf => 127,
        }
    }
}

/// What is done to training images at random, each time one is shown. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Left and right are exchanged in half of the cases.
    pub flip_horizontal: bool,
    /// Top and bottom are exchanged in half of the cases.
    pub flip_vertical: bool,
    /// The image is turned about its centre by up to so many degrees either way.
    pub rotate: f32,
    /// Values are multiplied by 1 plus or minus up to this.
    pub brightness: f32,
    /// The distance to the mean grey value is multiplied by 1 plus or minus up to this.
    pub contrast: f32,
    /// The distance to the pixel's own grey value is multiplied by 1 plus or minus up to this.
    pub saturation: f32,
    /// Hues are moved by up to this share of the circle either way.
    pub hue: f32,
}

impl Augmentation {
    /// Whether it leaves every image as it is.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Augmentation::default()
    }
}
