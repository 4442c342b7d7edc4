//! Images of every kind end as RGB; masks as true and false.

use diadc::dataset::{Mask, read_image};
use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};

use super::tree::{Tree, assert_says};

fn read_back(image: impl Into<DynamicImage>, name: &str) -> RgbImage {
    let tree = Tree::new();
    image.into().save(tree.path(name)).expect("the image can be written");
    read_image(&tree.path(name)).expect("the image can be read")
}

#[test]
fn grey_becomes_three_equal_channels() {
    let grey = GrayImage::from_fn(3, 1, |x, _| Luma([x as u8 * 100]));
    assert_eq!(read_back(grey, "a.png").into_raw(), [0, 0, 0, 100, 100, 100, 200, 200, 200]);
}

#[test]
fn sixteen_bits_are_rounded_to_eight() {
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> =
        ImageBuffer::from_fn(3, 1, |x, _| Luma([[0, 257 * 40 + 129, 65535][x as usize]]));
    assert_eq!(read_back(deep, "a.png").into_raw(), [0, 0, 0, 41, 41, 41, 255, 255, 255]);
    let colour: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_pixel(1, 1, Rgb([257, 514, 65535]));
    assert_eq!(read_back(colour, "b.png").into_raw(), [1, 2, 255]);
}

#[test]
fn alpha_is_dropped_and_nothing_blended() {
    assert_eq!(read_back(RgbaImage::from_pixel(1, 1, Rgba([10, 20, 30, 0])), "a.png").into_raw(), [10, 20, 30]);
    let grey: ImageBuffer<LumaA<u8>, Vec<u8>> = ImageBuffer::from_pixel(1, 1, LumaA([70, 5]));
    assert_eq!(read_back(grey, "b.png").into_raw(), [70, 70, 70]);
}

#[test]
fn a_jpeg_is_read_within_its_loss() {
    let image = RgbImage::from_pixel(16, 16, Rgb([200, 100, 50]));
    let read = read_back(image, "a.jpg");
    for pixel in read.pixels() {
        assert!(pixel.0.iter().zip([200_u8, 100, 50]).all(|(a, b)| a.abs_diff(b) <= 3), "{pixel:?}");
    }
}

#[test]
fn bmp_is_read_exactly() {
    let image = RgbImage::from_fn(5, 3, |x, y| Rgb([x as u8, y as u8, 7]));
    assert_eq!(read_back(image.clone(), "a.bmp"), image);
}

#[test]
fn tiff_webp_and_the_first_picture_of_a_gif_are_read_exactly() {
    let image = RgbImage::from_fn(5, 3, |x, y| Rgb([50 * x as u8, y as u8, 7]));
    assert_eq!(read_back(image.clone(), "a.tif"), image);
    assert_eq!(read_back(image.clone(), "a.webp"), image);
    assert_eq!(read_back(image.clone(), "a.gif"), image, "few colours have a palette of their own");
    let tree = Tree::new();
    let file = std::fs::File::create(tree.path("moves.gif")).expect("it can be made");
    let mut encoder = image::codecs::gif::GifEncoder::new(file);
    for level in [10, 200] {
        let frame = image::Frame::new(RgbaImage::from_pixel(4, 4, Rgba([level, level, level, 255])));
        encoder.encode_frame(frame).expect("it can be written");
    }
    drop(encoder);
    assert_eq!(read_image(&tree.path("moves.gif")).expect("it is an image"), RgbImage::from_pixel(4, 4, Rgb([10; 3])));
}

#[test]
fn an_image_of_floats_is_refused() {
    let tree = Tree::new();
    let floats = DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(2, 2, Rgb([0.5; 3])));
    floats.save(tree.path("a.tiff")).expect("it can be written");
    assert_says(&read_image(&tree.path("a.tiff")).expect_err("it is of floats"), &["a.tiff", "8 or 16 bits"]);
}

#[test]
fn the_content_decides_how_an_image_is_decoded() {
    let tree = Tree::new();
    let path = tree.path("really_a_jpeg.png");
    RgbImage::from_pixel(8, 8, Rgb([9, 9, 9])).save_with_format(&path, ImageFormat::Jpeg).expect("it can be written");
    assert_eq!(read_image(&path).expect("it is an image").dimensions(), (8, 8));
}

#[test]
fn an_image_cut_short_is_an_error_with_its_path() {
    let tree = Tree::mvtec();
    let name = "nut/train/good/000.png";
    let dataset = tree.open("mvtec").expect("all is well");
    let bytes = std::fs::read(tree.path(name)).expect("it is there");
    tree.file(name, &bytes[..bytes.len() - 20]);
    assert_says(&dataset.train[0].image().expect_err("it is damaged"), &[name, "can't be decoded", "replace the file"]);
}

#[test]
fn deep_masks_are_read_by_their_own_scale() {
    let tree = Tree::visa();
    let path = tree.path("candle/Data/Masks/Anomaly/000.png");
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_fn(8, 8, |x, _| Luma([u16::from(x == 0)]));
    deep.save(&path).expect("it can be written");
    let dataset = tree.open("visa").expect("the folders are right");
    let mask = dataset.test[0].mask(None).expect("it is sound").expect("it is defective");
    assert_eq!(mask.area(), 8);
}

#[test]
fn a_mask_is_resized_by_the_pixel_under_each_centre() {
    let mask = Mask::new(4, 2, &[true, false, false, true, false, false, true, true]);
    let half = mask.resized_nearest(2, 1);
    // Centres fall on columns 1 and 3 of row 1.
    assert_eq!(half.anomalous(), [false, true]);
    let double = mask.resized_nearest(8, 4);
    assert_eq!(double.area(), 4 * mask.area());
    assert_eq!(double.resized_nearest(4, 2), mask);
    assert_eq!(mask.resized_nearest(3, 2).anomalous(), [true, false, true, false, true, true]);
    assert_eq!(Mask::all_normal(3, 3).resized_nearest(5, 2), Mask::all_normal(5, 2));
}
