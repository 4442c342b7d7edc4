//! A few images of each class side by side, to be looked at.

use image::{Rgb, RgbImage};

use crate::dataset::mask::Mask;
use crate::dataset::sample::Sample;
use crate::dataset::transform::Transform;
use crate::dataset::{Dataset, DatasetError};
use crate::graph::program::ImageFormat;
use crate::measure::MaskResize;

/// Images of each class that are trained on, good ones that are tested, and defective ones.
const COLUMNS: (usize, usize, usize) = (3, 2, 5);
/// What stands where there is no image, or none that can be read.
const NOTHING: Rgb<u8> = Rgb([60, 60, 60]);

/// For each class a row of images of `side * side` pixels, stretched: three to train on, two good and five defective to test,
/// one of each kind of defect before a second one of any. With each of them its mask, where it has one.
#[must_use]
pub fn sheet(dataset: &Dataset, side: u32) -> Vec<Vec<(RgbImage, Option<Mask>)>> {
    let transform = Transform::from(ImageFormat::plain(side as usize, side as usize));
    (0..dataset.classes.len())
        .map(|class| {
            let of_class = |samples| Vec::from_iter(samples).into_iter().filter(move |s: &&Sample| s.class == class);
            let trained = of_class(&dataset.train).take(COLUMNS.0);
            let (bad, good): (Vec<&Sample>, Vec<&Sample>) =
                of_class(&dataset.test).partition(|sample| sample.is_anomalous());
            let padded = |samples: Vec<&Sample>, count: usize| -> Vec<(RgbImage, Option<Mask>)> {
                let shown = samples.into_iter().map(Some).chain(std::iter::repeat(None)).take(count);
                shown.map(|sample| picture(sample, &transform)).collect()
            };
            let mut row = padded(trained.collect(), COLUMNS.0);
            row.extend(padded(good, COLUMNS.1));
            row.extend(padded(by_kind(bad), COLUMNS.2));
            row
        })
        .collect()
}

/// The first of each kind, then the others.
fn by_kind(samples: Vec<&Sample>) -> Vec<&Sample> {
    let mut kinds = Vec::new();
    let (first, others): (Vec<&Sample>, Vec<&Sample>) = samples.into_iter().partition(|sample| {
        let is_new = !kinds.contains(&&sample.defect);
        kinds.push(&sample.defect);
        is_new
    });
    first.into_iter().chain(others).collect()
}

/// An image that can't be read shows as nothing: the audit has said what is wrong with it.
fn picture(sample: Option<&Sample>, transform: &Transform) -> (RgbImage, Option<Mask>) {
    let nothing = || RgbImage::from_pixel(transform.width, transform.height, NOTHING);
    let read = |sample: &Sample| -> Result<(RgbImage, Option<Mask>), DatasetError> {
        let mask = sample.mask(None).ok().flatten().map(|mask| transform.mask(&mask, MaskResize::Nearest));
        Ok((transform.resize_u8(&sample.image()?), mask))
    };
    sample.and_then(|sample| read(sample).ok()).unwrap_or_else(|| (nothing(), None))
}
