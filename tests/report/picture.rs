//! Heat maps, masks and sheets.

use diadc::report::colour::heat;
use diadc::report::picture::{Enlarge, enlarge, heat_map, mask_image, mask_outline, overlay, png, sheet};
use image::{Rgb, RgbImage};

const GREY: Rgb<u8> = Rgb([100; 3]);

/// Lightness (CIE L*) of a colour.
fn lightness(colour: Rgb<u8>) -> f64 {
    let linear = colour.0.map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    let luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    if luminance > 0.008_856 { 116.0 * luminance.cbrt() - 16.0 } else { 903.3 * luminance }
}

#[test]
fn lightness_rises_evenly_along_the_colours() {
    let steps: Vec<f64> = (0..=32_u8).map(|step| lightness(heat(f32::from(step) / 32.0))).collect();
    let rises: Vec<f64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(rises.iter().all(|rise| (0.8..4.0).contains(rise)), "{rises:?}");
}

#[test]
fn the_range_is_the_callers_and_values_beyond_it_are_clamped() {
    let picture = heat_map(&[-5.0, 1.0, 2.0, 3.0, 50.0, f32::NAN], 3, 2, 1.0, 3.0);
    let colours: Vec<Rgb<u8>> = picture.pixels().copied().collect();
    assert_eq!(colours, [heat(0.0), heat(0.0), heat(0.5), heat(1.0), heat(1.0), Rgb([128; 3])]);
}

#[test]
fn a_range_without_width_splits_into_below_and_above() {
    let picture = heat_map(&[0.5, 1.0, 1.5], 3, 1, 1.0, 1.0);
    let colours: Vec<Rgb<u8>> = picture.pixels().copied().collect();
    assert_eq!(colours, [heat(0.0), heat(0.0), heat(1.0)]);
}

#[test]
fn an_overlay_shows_the_image_where_the_map_is_low() {
    let image = RgbImage::from_pixel(2, 1, GREY);
    let out = overlay(&image, &[0.0, 1.0], 0.0, 1.0);
    assert_eq!(*out.get_pixel(0, 0), GREY);
    assert_ne!(*out.get_pixel(1, 0), GREY);
}

#[test]
fn an_outline_surrounds_the_mask_and_leaves_what_is_inside() {
    let mut mask = [false; 25];
    mask[12] = true;
    let out = mask_outline(&RgbImage::from_pixel(5, 5, GREY), &mask);
    let changed: Vec<_> =
        out.enumerate_pixels().filter(|pixel| *pixel.2 != GREY).map(|pixel| (pixel.0, pixel.1)).collect();
    assert_eq!(changed, [(1, 1), (2, 1), (3, 1), (1, 2), (3, 2), (1, 3), (2, 3), (3, 3)]);
}

#[test]
fn a_mask_is_white_on_black() {
    let picture = mask_image(&[true, false], 2, 1);
    assert_eq!(picture.into_raw(), [255, 255, 255, 0, 0, 0]);
}

#[test]
fn a_sheet_is_a_grid_with_gaps_in_which_small_pictures_are_centred() {
    let picture = |side| RgbImage::from_pixel(side, side, GREY);
    let out = sheet(&[vec![picture(4), picture(2)], vec![picture(2)]], 3);
    assert_eq!(out.dimensions(), (9, 9));
    let painted: Vec<_> =
        out.enumerate_pixels().filter(|pixel| *pixel.2 == GREY).map(|pixel| (pixel.0, pixel.1)).collect();
    assert_eq!(painted.len(), 16 + 4 + 4);
    assert!(painted.contains(&(7, 1)) && painted.contains(&(1, 7)));
    assert_eq!(sheet(&[], 3).dimensions(), (0, 0));
}

#[test]
fn enlarging_multiplies_both_sides() {
    let mut image = RgbImage::from_pixel(2, 1, GREY);
    image.put_pixel(1, 0, Rgb([200; 3]));
    let out = enlarge(&image, 3, Enlarge::Nearest);
    assert_eq!(out.dimensions(), (6, 3));
    assert_eq!((out.get_pixel(2, 2), out.get_pixel(3, 0)), (&GREY, &Rgb([200; 3])));
    assert_eq!(enlarge(&image, 3, Enlarge::Smooth).dimensions(), (6, 3));
}

#[test]
fn a_png_read_back_is_the_picture() {
    let picture = heat_map(&[0.0, 0.25, 0.5, 0.75, 1.0, 0.1], 2, 3, 0.0, 1.0);
    let again = image::load_from_memory(&png(&picture)).expect("a PNG").to_rgb8();
    assert_eq!(again, picture);
}

#[test]
#[should_panic(expected = "a map of 3 values for a picture of 2 x 2")]
fn a_map_of_another_size_is_a_mistake_of_ours() {
    let _ = heat_map(&[0.0; 3], 2, 2, 0.0, 1.0);
}
