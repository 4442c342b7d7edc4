//! From an image of any size to the numbers a network reads, and back.
//!
//! Resampling is that of Pillow (`Image.resize`), which torchvision uses on images, to the bit: when shrinking, the filter
//! is widened by the ratio. A mask goes the same way.

use image::{RgbImage, imageops};

use super::mask::Mask;
use super::resample::{self, Kernel};
use crate::graph::program::{Filter, ImageFormat, Sizing};
use crate::measure::MaskResize;

/// A size, how it is reached, and a normalisation per channel: `(value / 255 - mean) / std`, in the order red, green,
/// blue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// Rows of the result, at least 1.
    pub height: u32,
    /// Columns of the result, at least 1.
    pub width: u32,
    /// What is subtracted from each channel.
    pub mean: [f32; 3],
    /// What each channel is then divided by; not 0.
    pub std: [f32; 3],
    /// How an image of another size or ratio is brought to this one.
    pub fit: Sizing,
    /// How its pixels are resampled.
    pub filter: Filter,
}

impl From<ImageFormat> for Transform {
    fn from(format: ImageFormat) -> Self {
        let ImageFormat { height, width, mean, std, fit, filter, .. } = format;
        Self { height: height as u32, width: width as u32, mean, std, fit, filter }
    }
}

/// To which size an image is scaled, and which rectangle of that is taken.
struct Placement {
    width: u32,
    height: u32,
    left: u32,
    top: u32,
}

impl Transform {
    /// Brings an image to size and normalises it: three planes of `height * width` values, row by row.
    #[must_use]
    pub fn to_chw(&self, image: &RgbImage) -> Vec<f32> {
        self.normalize(&self.resize_u8(image))
    }

    /// Normalises an image that has its size already.
    ///
    /// # Panics
    /// When the image has another size.
    #[must_use]
    pub fn normalize(&self, image: &RgbImage) -> Vec<f32> {
        assert_eq!(image.dimensions(), (self.width, self.height), "the image has been brought to size");
        let plane = self.width as usize * self.height as usize;
        let mut values = vec![0.0; 3 * plane];
        for (channel, values) in values.chunks_exact_mut(plane).enumerate() {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            let table: Vec<f32> = (0..=u8::MAX).map(|level| (f32::from(level) / 255.0 - mean) / std).collect();
            for (value, pixel) in values.iter_mut().zip(image.as_raw().chunks_exact(3)) {
                *value = table[usize::from(pixel[channel])];
            }
        }
        values
    }

    /// Brings an image to `width` and `height` as `fit` says; one that has that size is returned as it is.
    ///
    /// An image without pixels gives a black one.
    #[must_use]
    pub fn resize_u8(&self, image: &RgbImage) -> RgbImage {
        let Placement { width, height, left, top } = self.placement(image.width(), image.height());
        let (old, new) = (image.dimensions(), (width, height));
        let pixels = match self.filter {
            Filter::Nearest => resample::nearest::<3>(image.as_raw(), old, new),
            Filter::Bilinear => resample::resized::<3>(image.as_raw(), old, new, Kernel::Linear),
            Filter::Bicubic => resample::resized::<3>(image.as_raw(), old, new, Kernel::Cubic),
        };
        let resized = RgbImage::from_raw(width, height, pixels).expect("each pixel was computed");
        if (width, height) == (self.width, self.height) {
            return resized;
        }
        imageops::crop_imm(&resized, left, top, self.width, self.height).to_image()
    }

    /// Scales and crops a mask as its image is scaled and cropped.
    #[must_use]
    pub fn mask(&self, mask: &Mask, rule: MaskResize) -> Mask {
        let Placement { width, height, left, top } = self.placement(mask.width, mask.height);
        mask.resized(width, height, rule).cropped(left, top, self.width, self.height)
    }

    /// Brings a map of what the model sees back to the image that it was made of: `rows * columns` values of an image of
    /// `width` and `height`, interpolated between the centres of pixels. What the model has not seen of the image has the
    /// value `outside`.
    ///
    /// # Panics
    /// If `map` has not `columns * rows` values.
    #[must_use]
    pub fn back(&self, map: &[f32], [columns, rows]: [u32; 2], (width, height): (u32, u32), outside: f32) -> Vec<f32> {
        assert_eq!(map.len(), columns as usize * rows as usize, "a map has a value for each pixel");
        let Placement { width: scaled_width, height: scaled_height, left, top } = self.placement(width, height);
        let across = places(width, scaled_width, left, self.width, columns);
        let down = places(height, scaled_height, top, self.height, rows);
        let at = |x: usize, y: usize| map[y * columns as usize + x];
        let mut back = Vec::with_capacity(width as usize * height as usize);
        for row in &down {
            for column in &across {
                back.push(match (row, column) {
                    (Some((y, below, v)), Some((x, beside, u))) => {
                        let upper = at(*x, *y) * (1.0 - u) + at(*beside, *y) * u;
                        let lower = at(*x, *below) * (1.0 - u) + at(*beside, *below) * u;
                        upper * (1.0 - v) + lower * v
                    }
                    (None, _) | (_, None) => outside,
                });
            }
        }
        back
    }

    fn placement(&self, width: u32, height: u32) -> Placement {
        let (scaled_width, scaled_height) = match self.fit {
            Sizing::Exact => (self.width, self.height),
            Sizing::Stretched(height, width) => (width as u32, height as u32),
            Sizing::Shorter(length) => shorter(length as u32, width, height),
        };
        let (left, top) = (margin(scaled_width, self.width), margin(scaled_height, self.height));
        Placement { width: scaled_width, height: scaled_height, left, top }
    }

    /// Undoes the normalisation: values are rounded to the nearest of 0 to 255 and clamped, never wrapped; NaN becomes
    /// 0.
    ///
    /// # Panics
    /// When `values` is not of the length `3 * height * width`.
    #[must_use]
    pub fn from_chw(&self, values: &[f32]) -> RgbImage {
        let plane = self.width as usize * self.height as usize;
        assert_eq!(values.len(), 3 * plane, "one value per channel and pixel");
        RgbImage::from_fn(self.width, self.height, |x, y| {
            let at = y as usize * self.width as usize + x as usize;
            image::Rgb([0, 1, 2].map(|channel| {
                let value = values[channel * plane + at] * self.std[channel] + self.mean[channel];
                (value * 255.0).round() as u8
            }))
        })
    }
}

/// For each of `length` pixels along a side of an image, the two values of a map between which its centre lies, and how far
/// from the first to the second. The side is scaled to `scaled` pixels; those from `margin` on, `kept` of them, are the
/// `values` of the map. None for a pixel that was cut off.
fn places(length: u32, scaled: u32, margin: u32, kept: u32, values: u32) -> Vec<Option<(usize, usize, f32)>> {
    let place = |pixel: u32| {
        let seen = (f64::from(pixel) + 0.5) * f64::from(scaled) / f64::from(length) - f64::from(margin);
        if !(0.0..=f64::from(kept)).contains(&seen) {
            return None;
        }
        let last = f64::from(values - 1);
        let value = (seen * f64::from(values) / f64::from(kept) - 0.5).clamp(0.0, last);
        let first = value.floor();
        Some((first as usize, (first + 1.0).min(last) as usize, (value - first) as f32))
    };
    (0..length).map(place).collect()
}

/// The size with the ratio of an image whose shorter side has this length; the longer one is rounded down, as
/// torchvision does.
fn shorter(length: u32, width: u32, height: u32) -> (u32, u32) {
    let longer = |long: u32, short: u32| (u64::from(length) * u64::from(long) / u64::from(short.max(1))) as u32;
    if width <= height {
        (length, longer(height, width).max(length))
    } else {
        (longer(width, height).max(length), length)
    }
}

/// What is cut off before the centre: half of the rest, rounded to the nearest, a half to the even one.
fn margin(scaled: u32, size: u32) -> u32 {
    let rest = scaled - size;
    rest / 2 + u32::from(rest % 4 == 3)
}
