//! JPEG files with bytes that belong to nothing, as some cameras write them and libjpeg reads them.

use diadc::dataset::{DatasetError, image_size, read_image};
use image::{ImageFormat, Rgb, RgbImage};

use super::tree::{Tree, assert_says};

fn jpeg() -> Vec<u8> {
    let image = RgbImage::from_fn(32, 24, |x, y| Rgb([x as u8 * 7, y as u8 * 9, (x * y) as u8]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Jpeg).expect("it can be written");
    bytes.into_inner()
}

/// The places at which segments begin, up to the scan, and the one at which the image ends.
fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 2;
    while bytes[at + 1] != 0xda {
        places.push(at);
        at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
    }
    places.push(at);
    places.push(bytes.len() - 2);
    places
}

fn read(bytes: &[u8]) -> Result<(RgbImage, (u32, u32)), DatasetError> {
    let tree = Tree::new();
    tree.file("a.jpg", bytes);
    Ok((read_image(&tree.path("a.jpg"))?, image_size(&tree.path("a.jpg"))?))
}

#[test]
fn bytes_between_segments_are_passed_over() {
    let whole = jpeg();
    let (image, size) = read(&whole).expect("it is sound");
    assert_eq!(size, (32, 24));
    for place in boundaries(&whole) {
        for stray in [&[0, 0][..], &[1], &[0xff], &[0xff, 0, 7], &[b'x'; 40]] {
            let bytes = [&whole[..place], stray, &whole[place..]].concat();
            let (read, size) = read(&bytes).unwrap_or_else(|error| panic!("{stray:?} at {place}: {error}"));
            assert!(read == image && size == (32, 24), "{stray:?} at {place}");
        }
    }
}

#[test]
fn a_file_that_ends_early_is_still_cut_short() {
    let whole = jpeg();
    let place = boundaries(&whole)[1];
    let stray = [&whole[..place], &[0, 0], &whole[place..]].concat();
    for bytes in [&whole, &stray] {
        for cut in (3..bytes.len()).step_by(5) {
            let error = read(&bytes[..cut]).expect_err("it ends early");
            assert_says(&error, &["can't be decoded", "replace the file"]);
        }
    }
}
