//! Changes training images at random: flips, a rotation, and colours, in this order.
//!
//! Seven numbers between 0 and 1 decide. They come from the host's keyed generator, whose key holds the purpose
//! `augmentation`, the pass and the image: so they do not depend on batches, threads or devices, and a resumed run
//! draws the same ones. All seven are always drawn, so that switching one change on does not alter the others.

use image::{Rgb, RgbImage, imageops};

use crate::execute::HostData;
use crate::execute::random::{Key, draw};
use crate::graph::program::Augmentation;
use crate::op::Distribution;

/// Weights of red, green and blue in a grey value (ITU-R BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// The image as it is shown in this pass of this run.
#[must_use]
pub fn augment(image: RgbImage, augmentation: &Augmentation, seed: u64, pass: u64, sample: u64) -> RgbImage {
    if augmentation.is_none() {
        return image;
    }
    let key = Key { seed, purpose: "augmentation", step: pass, sample, iteration: 0 };
    let HostData::Float(numbers) = draw(Distribution::Uniform, &key, 7) else {
        unreachable!("this distribution gives floats")
    };
    let either_way = |number: usize, most: f32| (2.0 * numbers[number] - 1.0) * most;
    let mut image = image;
    if augmentation.flip_horizontal && numbers[0] < 0.5 {
        imageops::flip_horizontal_in_place(&mut image);
    }
    if augmentation.flip_vertical && numbers[1] < 0.5 {
        imageops::flip_vertical_in_place(&mut image);
    }
    if augmentation.rotate > 0.0 {
        image = rotated(&image, either_way(2, augmentation.rotate));
    }
    let colours = Colours {
        brightness: 1.0 + either_way(3, augmentation.brightness),
        contrast: 1.0 + either_way(4, augmentation.contrast),
        saturation: 1.0 + either_way(5, augmentation.saturation),
        hue: either_way(6, augmentation.hue),
    };
    if colours != Colours::UNCHANGED {
        colours.apply(&mut image);
    }
    image
}

/// The image turned anticlockwise about its centre, in degrees. Pixels are blended from the four nearest; beyond the
/// border the nearest pixel counts.
fn rotated(image: &RgbImage, degrees: f32) -> RgbImage {
    let angle = f64::from(degrees).to_radians();
    let (sin, cos) = (libm::sin(angle) as f32, libm::cos(angle) as f32);
    let (width, height) = image.dimensions();
    let (middle_x, middle_y) = ((width - 1) as f32 / 2.0, (height - 1) as f32 / 2.0);
    RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
        let from_x = (cos * dx - sin * dy + middle_x).clamp(0.0, (width - 1) as f32);
        let from_y = (sin * dx + cos * dy + middle_y).clamp(0.0, (height - 1) as f32);
        let (left, top) = (from_x.floor(), from_y.floor());
        let (share_x, share_y) = (from_x - left, from_y - top);
        let (left, top) = (left as u32, top as u32);
        let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
        Rgb([0, 1, 2].map(|channel| {
            let at = |x: u32, y: u32| f32::from(image.get_pixel(x, y).0[channel]);
            let upper = at(left, top) * (1.0 - share_x) + at(right, top) * share_x;
            let lower = at(left, bottom) * (1.0 - share_x) + at(right, bottom) * share_x;
            (upper * (1.0 - share_y) + lower * share_y).round() as u8
        }))
    })
}

/// Factors of brightness, contrast and saturation, and a share of the circle of hues.
#[derive(Clone, Copy, PartialEq)]
struct Colours {
    brightness: f32,
    contrast: f32,
    saturation: f32,
    hue: f32,
}

impl Colours {
    const UNCHANGED: Colours = Colours { brightness: 1.0, contrast: 1.0, saturation: 1.0, hue: 0.0 };

    /// Changes all pixels; after each change values are kept within 0 to 1, and only the last is rounded.
    fn apply(self, image: &mut RgbImage) {
        let bright = |pixel: &Rgb<u8>| pixel.0.map(|level| (f32::from(level) / 255.0 * self.brightness).min(1.0));
        let sum: f64 = image.pixels().map(|pixel| f64::from(grey(bright(pixel)))).sum();
        let middle = (sum / f64::from((image.width() * image.height()).max(1))) as f32;
        for pixel in image.pixels_mut() {
            let mut rgb = bright(pixel).map(|x| ((x - middle) * self.contrast + middle).clamp(0.0, 1.0));
            let own = grey(rgb);
            rgb = rgb.map(|x| ((x - own) * self.saturation + own).clamp(0.0, 1.0));
            if self.hue != 0.0 {
                rgb = with_hue_moved(rgb, self.hue);
            }
            pixel.0 = rgb.map(|x| (x * 255.0).round() as u8);
        }
    }
}

fn grey(rgb: [f32; 3]) -> f32 {
    rgb.iter().zip(LUMA).map(|(x, weight)| x * weight).sum()
}

/// The colour of the same saturation and value (of HSV) whose hue lies so far on, in turns.
fn with_hue_moved([red, green, blue]: [f32; 3], by: f32) -> [f32; 3] {
    let most = red.max(green).max(blue);
    let span = most - red.min(green).min(blue);
    if span <= 0.0 {
        return [red, green, blue];
    }
    let sixth = if most == red {
        (green - blue) / span
    } else if most == green {
        (blue - red) / span + 2.0
    } else {
        (red - green) / span + 4.0
    };
    let hue = (sixth + 6.0 * by).rem_euclid(6.0);
    // Each channel falls from the value to its least between one and two sixths away from its own hue.
    [0.0, 2.0, 4.0].map(|own| {
        let away = (hue - own).abs();
        let away = away.min(6.0 - away);
        most - span * (away - 1.0).clamp(0.0, 1.0)
    })
}
