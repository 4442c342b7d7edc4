//! Resizing as Pillow does it, and normalising there and back.

use diadc::dataset::transform::Transform;
use diadc::dataset::{GreyMask, Mask, MaskRule};
use diadc::graph::program::{Filter, ImageFormat, Sizing};
use diadc::measure::MaskResize;
use image::{Luma, Rgb, RgbImage};
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
fn every_filter_gives_what_pillow_gives_to_the_bit() {
    let fixture: Value = serde_json::from_str(include_str!("pillow_resize.json")).expect("the fixture is JSON");
    let cases = fixture["cases"].as_array().expect("the fixture lists cases");
    assert_eq!(cases.len(), 96);
    for case in cases.iter().filter(|case| case["mode"] == "RGB") {
        let (from, size) = (numbers(&case["from"]), numbers(&case["to"]));
        let filter = match case["filter"].as_str() {
            Some("bilinear") => Filter::Bilinear,
            Some("bicubic") => Filter::Bicubic,
            Some("nearest") => Filter::Nearest,
            other => panic!("{other:?} is no filter"),
        };
        let transform = Transform { filter, ..to(size[0], size[1]) };
        compare(case, transform.resize_u8(&pattern(from[0], from[1])).as_raw());
    }
}

/// Compares bytes with those of a case, which lists them or gives two sums of them.
fn compare(case: &Value, ours: &[u8]) {
    let name = format!("{} {} {} to {}", case["mode"], case["filter"], case["from"], case["to"]);
    if let Some(expected) = case.get("values").map(numbers) {
        assert_eq!(ours.iter().map(|value| u32::from(*value)).collect::<Vec<_>>(), expected, "{name}");
        return;
    }
    let placed = |(at, value): (usize, &u8)| (at as u64 % 65521 + 1) * u64::from(*value);
    let sums = [ours.iter().map(|value| u64::from(*value)).sum(), ours.iter().enumerate().map(placed).sum::<u64>()];
    assert_eq!(Some(sums[0]), case["sum"].as_u64(), "{name}");
    assert_eq!(Some(sums[1] % ((1 << 31) - 1)), case["placed"].as_u64(), "{name}");
}

#[test]
fn masks_are_blended_by_their_levels_or_as_all_or_nothing() {
    let fixture: Value = serde_json::from_str(include_str!("pillow_masks.json")).expect("the fixture is JSON");
    for case in fixture["cases"].as_array().expect("the fixture lists cases") {
        let (from, size) = (numbers(&case["from"]), numbers(&case["to"]));
        let levels = numbers(&case["levels"]);
        let grey = GreyMask::from_fn(from[0], from[1], |x, y| {
            Luma([levels[(y * 7 + x * 3) as usize % levels.len()] as u16 * 257])
        });
        let mask = Mask::by(MaskRule::AboveZero, &grey);
        for (rule, expected) in [(MaskResize::AnyBlend, "any"), (MaskResize::HalfBlend, "half")] {
            let resized = mask.resized(size[0], size[1], rule);
            let marked: String = resized.anomalous().iter().map(|marked| if *marked { '1' } else { '0' }).collect();
            assert_eq!(Some(marked.as_str()), case[expected].as_str(), "{rule:?} {from:?} to {size:?}, {levels:?}");
        }
    }
}

#[test]
fn the_shorter_side_decides_and_the_centre_is_kept() {
    // Red counts columns, green rows, so that a pixel tells where it came from.
    let image = RgbImage::from_fn(40, 20, |x, y| Rgb([x as u8, y as u8, 0]));
    let transform = Transform { fit: Sizing::Shorter(20), ..to(10, 10) };
    let cropped = transform.resize_u8(&image);
    assert_eq!(cropped.dimensions(), (10, 10));
    assert_eq!((cropped.get_pixel(0, 0).0, cropped.get_pixel(9, 9).0), ([15, 5, 0], [24, 14, 0]));
    let mask = Mask::new(40, 20, &(0..800).map(|i| i % 40 >= 20).collect::<Vec<_>>());
    let mask = transform.mask(&mask, MaskResize::Nearest);
    assert_eq!((mask.width, mask.height), (10, 10));
    assert_eq!(mask.anomalous()[..10], [false, false, false, false, false, true, true, true, true, true]);
    // Of 33 and 20 columns the longer side is rounded down, and a half margin goes to the even side, as in torchvision.
    let tall = RgbImage::from_fn(20, 33, |x, y| Rgb([x as u8, y as u8, 0]));
    let cropped = Transform { fit: Sizing::Shorter(20), ..to(20, 20) }.resize_u8(&tall);
    assert_eq!(cropped.get_pixel(0, 0).0, [0, 6, 0]);
    let cropped = Transform { fit: Sizing::Shorter(20), ..to(20, 30) }.resize_u8(&tall);
    assert_eq!(cropped.get_pixel(0, 0).0, [0, 2, 0]);
}

#[test]
fn a_stretched_image_is_cut_to_its_centre() {
    let image = RgbImage::from_fn(8, 8, |x, y| Rgb([x as u8, y as u8, 0]));
    let transform = Transform { fit: Sizing::Stretched(8, 8), ..to(4, 2) };
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

#[test]
fn a_map_goes_back_to_where_its_pixels_were_seen() {
    let whole = to(2, 1);
    // Centres of the map lie at 1 and 3 of 4 columns; beyond them values do not change.
    assert_eq!(whole.back(&[0.0, 8.0], [2, 1], (4, 2), -1.0), [0.0, 2.0, 6.0, 8.0].repeat(2));
    assert_eq!(whole.back(&[0.0, 8.0], [2, 1], (2, 1), -1.0), [0.0, 8.0]);
    // A map of another size than the image that the model sees covers the same.
    assert_eq!(whole.back(&[3.0], [1, 1], (3, 1), -1.0), [3.0; 3]);
    // Of 8 columns, scaled to 4, the middle 2 are seen.
    let cropped = Transform { fit: Sizing::Stretched(1, 4), ..to(2, 1) };
    assert_eq!(cropped.back(&[1.0, 1.0], [2, 1], (8, 1), -1.0), [-1.0, -1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0]);
    let shorter = Transform { fit: Sizing::Shorter(2), ..to(2, 2) };
    let back = shorter.back(&[5.0; 4], [2, 2], (3, 9), -1.0);
    let seen: Vec<bool> = back.chunks(3).map(|row| row == [5.0; 3]).collect();
    assert_eq!(seen, [false, false, false, true, true, true, false, false, false]);
}
