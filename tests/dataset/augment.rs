//! What is done to training images at random: the same for the same seed, pass and image, and within its bounds.

use diadc::dataset::augment;
use diadc::graph::program::Augmentation;
use image::{Rgb, RgbImage, imageops};

fn picture() -> RgbImage {
    RgbImage::from_fn(9, 7, |x, y| Rgb([x as u8 * 25, y as u8 * 30, ((x * y) % 5) as u8 * 40]))
}

#[test]
fn nothing_asked_for_changes_nothing() {
    assert_eq!(augment(picture(), &Augmentation::default(), 1, 2, 3), picture());
}

#[test]
fn seed_pass_and_image_decide_and_nothing_else() {
    let all = Augmentation {
        flip_horizontal: true,
        flip_vertical: true,
        rotate: 30.0,
        brightness: 0.3,
        contrast: 0.3,
        saturation: 0.3,
        hue: 0.1,
    };
    let shown = augment(picture(), &all, 1, 2, 3);
    assert_eq!(augment(picture(), &all, 1, 2, 3), shown);
    for (seed, pass, sample) in [(2, 2, 3), (1, 3, 3), (1, 2, 4)] {
        assert_ne!(augment(picture(), &all, seed, pass, sample), shown);
    }
}

#[test]
fn half_of_the_images_are_flipped() {
    let flip = Augmentation { flip_horizontal: true, ..Augmentation::default() };
    let mirrored = imageops::flip_horizontal(&picture());
    let flipped = (0..200).filter(|&pass| {
        let shown = augment(picture(), &flip, 1, pass, 0);
        assert!(shown == picture() || shown == mirrored);
        shown == mirrored
    });
    assert!((80..=120).contains(&flipped.count()));
}

#[test]
fn switching_one_change_on_leaves_the_others_as_they_were() {
    let bright = Augmentation { brightness: 0.2, ..Augmentation::default() };
    let both = Augmentation { flip_vertical: true, ..bright };
    for pass in 0..20 {
        let (one, two) = (augment(picture(), &bright, 1, pass, 0), augment(picture(), &both, 1, pass, 0));
        assert!(two == one || two == imageops::flip_vertical(&one), "pass {pass}");
    }
}

#[test]
fn a_rotation_keeps_the_centre_and_moves_the_border() {
    let turn = Augmentation { rotate: 180.0, ..Augmentation::default() };
    for pass in 0..20 {
        let shown = augment(picture(), &turn, 7, pass, 0);
        assert_eq!(shown.get_pixel(4, 3), picture().get_pixel(4, 3));
        assert_ne!(shown, picture());
    }
    let flat = RgbImage::from_pixel(8, 8, Rgb([10, 200, 30]));
    assert_eq!(augment(flat.clone(), &turn, 1, 1, 1), flat);
}

#[test]
fn colours_change_as_far_as_asked_and_no_further() {
    let pixel = RgbImage::from_pixel(2, 2, Rgb([100, 150, 50]));
    let bright = Augmentation { brightness: 0.5, ..Augmentation::default() };
    let contrast = Augmentation { contrast: 1.0, ..Augmentation::default() };
    let grey = Augmentation { saturation: 1.0, ..Augmentation::default() };
    let hue = Augmentation { hue: 0.5, ..Augmentation::default() };
    for pass in 0..50 {
        let [red, green, blue] = augment(pixel.clone(), &bright, 1, pass, 0).get_pixel(0, 0).0;
        assert!((50..=150).contains(&red) && (75..=225).contains(&green) && (25..=75).contains(&blue));
        // The distance of a grey image from its mean is 0, whatever it is multiplied by.
        let flat = RgbImage::from_pixel(2, 2, Rgb([90; 3]));
        assert_eq!(augment(flat.clone(), &contrast, 1, pass, 0), flat);
        assert_eq!(augment(flat.clone(), &grey, 1, pass, 0), flat);
        let turned = augment(pixel.clone(), &hue, 1, pass, 0).get_pixel(0, 0).0;
        let (most, least) = (turned.iter().max().copied(), turned.iter().min().copied());
        assert!(most.is_some_and(|x| x.abs_diff(150) <= 1) && least.is_some_and(|x| x.abs_diff(50) <= 1), "{turned:?}");
    }
}
