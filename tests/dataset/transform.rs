//! Resizing as Pillow does it, and normalising there and back.

use diadc::dataset::Mask;
use diadc::dataset::transform::Transform;
use diadc::graph::program::{Filter, Fit, ImageFormat};
use diadc::measure::MaskResize;
use image::{Rgb, RgbImage};
use serde_json::Value;

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

fn to(width: u32, height: u32) -> Transform {
    Transform { mean: MEAN, std: STD, ..Transform::from(ImageFormat::plain(height as usize, width as usize)) }
}

/// The pattern of `pillow_resize.py`.
fn pattern(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([0, 1, 2].map(|channel| ((x * 37 + y * 91 + channel * 53 + (x * y) % 17 * 11) % 256) as u8))
    })
}

/// The numbers of a JSON list.
fn numbers(list: &Value) -> Vec<u32> {
    let list = list.as_array().expect("it is a list");
    list.iter().map(|number| number.as_u64().expect("it is a whole number") as u32).collect()
}

#[test]
fn every_filter_agrees_with_pillow_within_one_of_255() {
    let fixture: Value = serde_json::from_str(include_str!("pillow_resize.json")).expect("the fixture is JSON");
    let cases = fixture["cases"].as_array().expect("the fixture lists cases");
    assert_eq!(cases.len(), 18);
    for case in cases {
        let (from, size, expected) = (numbers(&case["from"]), numbers(&case["to"]), numbers(&case["rgb"]));
        let (filter, tolerance) = match case["filter"].as_str() {
            Some("bilinear") => (Filter::Bilinear, 1),
            Some("bicubic") => (Filter::Bicubic, 1),
            Some("nearest") => (Filter::Nearest, 0),
            other => panic!("{other:?} is no filter"),
        };
        let transform = Transform { filter, ..to(size[0], size[1]) };
        let resized = transform.resize_u8(&pattern(from[0], from[1]));
        assert_eq!(resized.as_raw().len(), expected.len());
        for (ours, theirs) in resized.iter().zip(expected) {
            let close = u32::from(*ours).abs_diff(theirs) <= tolerance;
            assert!(close, "{filter:?} {from:?} to {size:?}: {ours} instead of {theirs}");
        }
    }
}

#[test]
fn the_shorter_side_decides_and_the_centre_is_kept() {
    // Red counts columns, green rows, so that a pixel tells where it came from.
    let image = RgbImage::from_fn(40, 20, |x, y| Rgb([x as u8, y as u8, 0]));
    let transform = Transform { fit: Fit::Shorter(20), ..to(10, 10) };
    let cropped = transform.resize_u8(&image);
    assert_eq!(cropped.dimensions(), (10, 10));
    assert_eq!((cropped.get_pixel(0, 0).0, cropped.get_pixel(9, 9).0), ([15, 5, 0], [24, 14, 0]));
    let mask = Mask { width: 40, height: 20, anomalous: (0..800).map(|i| i % 40 >= 20).collect() };
    let mask = transform.mask(&mask, MaskResize::Nearest);
    assert_eq!((mask.width, mask.height), (10, 10));
    assert_eq!(mask.anomalous[..10], [false, false, false, false, false, true, true, true, true, true]);
    // Of 33 and 20 columns the longer side is rounded down, and a half margin goes to the even side, as in torchvision.
    let tall = RgbImage::from_fn(20, 33, |x, y| Rgb([x as u8, y as u8, 0]));
    let cropped = Transform { fit: Fit::Shorter(20), ..to(20, 20) }.resize_u8(&tall);
    assert_eq!(cropped.get_pixel(0, 0).0, [0, 6, 0]);
    let cropped = Transform { fit: Fit::Shorter(20), ..to(20, 30) }.resize_u8(&tall);
    assert_eq!(cropped.get_pixel(0, 0).0, [0, 2, 0]);
}

#[test]
fn a_stretched_image_is_cut_to_its_centre() {
    let image = RgbImage::from_fn(8, 8, |x, y| Rgb([x as u8, y as u8, 0]));
    let transform = Transform { fit: Fit::Stretched(8, 8), ..to(4, 2) };
    let cropped = transform.resize_u8(&image);
    assert_eq!((cropped.dimensions(), cropped.get_pixel(0, 0).0), ((4, 2), [2, 3, 0]));
}

#[test]
fn the_same_size_changes_no_pixel() {
    let image = pattern(17, 9);
    assert_eq!(to(17, 9).resize_u8(&image), image);
}

#[test]
fn values_are_normalised_and_lie_channel_by_channel() {
    let image = RgbImage::from_fn(2, 1, |x, _| Rgb([0, 255, x as u8 * 51]));
    let values = to(2, 1).to_chw(&image);
    let expected = [-0.485 / 0.229, -0.485 / 0.229, 0.544 / 0.224, 0.544 / 0.224, -0.406 / 0.225, -0.206 / 0.225];
    assert_eq!(values.len(), 6);
    for (ours, expected) in values.iter().zip(expected) {
        assert!((ours - expected).abs() < 1e-6, "{ours} instead of {expected}");
    }
}

#[test]
fn there_and_back_gives_every_value_again() {
    let image = RgbImage::from_fn(256, 3, |x, y| Rgb([x as u8, 255 - x as u8, (x + y) as u8]));
    let transform = to(256, 3);
    assert_eq!(transform.from_chw(&transform.to_chw(&image)), image);
}

#[test]
fn values_beyond_the_range_are_clamped_and_never_wrap() {
    let transform = Transform::from(ImageFormat::plain(1, 3));
    let values = [1.004, 1.5, 1e9, -0.1, -7.0, f32::NEG_INFINITY, f32::NAN, 0.499, 0.5];
    let image = transform.from_chw(&values);
    assert_eq!(image.into_raw(), [255, 0, 0, 255, 0, 127, 255, 0, 128]);
}
