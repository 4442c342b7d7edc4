//! Resizing as Pillow does it, and normalising there and back.

use diadc::dataset::transform::Transform;
use image::{Rgb, RgbImage};
use serde_json::Value;

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

fn to(width: u32, height: u32) -> Transform {
    Transform { height, width, mean: MEAN, std: STD }
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
fn sizes_agree_with_pillow_within_one_of_255() {
    let fixture: Value = serde_json::from_str(include_str!("pillow_resize.json")).expect("the fixture is JSON");
    let cases = fixture["cases"].as_array().expect("the fixture lists cases");
    assert_eq!(cases.len(), 6);
    for case in cases {
        let (from, size, expected) = (numbers(&case["from"]), numbers(&case["to"]), numbers(&case["rgb"]));
        let resized = to(size[0], size[1]).resize_u8(&pattern(from[0], from[1]));
        assert_eq!(resized.as_raw().len(), expected.len());
        for (ours, theirs) in resized.iter().zip(expected) {
            assert!(u32::from(*ours).abs_diff(theirs) <= 1, "{from:?} to {size:?}: {ours} instead of {theirs}");
        }
    }
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
    let transform = Transform { height: 1, width: 3, mean: [0.0; 3], std: [1.0; 3] };
    let values = [1.004, 1.5, 1e9, -0.1, -7.0, f32::NEG_INFINITY, f32::NAN, 0.499, 0.5];
    let image = transform.from_chw(&values);
    assert_eq!(image.into_raw(), [255, 0, 0, 255, 0, 127, 255, 0, 128]);
}
