//! Files that are damaged, or made to do damage: each is told with its path, and no memory is taken for it.

use std::fs;

use diadc::dataset::read_image;
use image::{Rgb, RgbImage};

use super::tree::{Tree, assert_says};

#[test]
fn a_jpeg_cut_short_is_an_error_wherever_it_is_cut() {
    let tree = Tree::new();
    tree.image("whole.jpg", 64, 48);
    let bytes = fs::read(tree.path("whole.jpg")).expect("it was written");
    assert!(read_image(&tree.path("whole.jpg")).is_ok());
    for length in [3, 20, 100, bytes.len() / 2, bytes.len() - 10, bytes.len() - 2, bytes.len() - 1] {
        tree.file("cut.jpg", &bytes[..length]);
        assert_says(&read_image(&tree.path("cut.jpg")).expect_err("its end is missing"), &["cut.jpg`", "cut short"]);
    }
    // Bytes behind the end are no damage.
    tree.file("longer.jpg", [&bytes[..], b"trailing"].concat());
    assert!(read_image(&tree.path("longer.jpg")).is_ok());
}

#[test]
fn an_end_within_a_thumbnail_is_not_the_end_of_the_image() {
    let tree = Tree::new();
    tree.image("a.jpg", 64, 48);
    let bytes = fs::read(tree.path("a.jpg")).expect("it was written");
    let thumbnail = [0xff, 0xe1, 0, 8, b'x', 0xff, 0xd9, b'x', b'x', b'x'];
    let with = [&bytes[..2], &thumbnail, &bytes[2..]].concat();
    tree.file("b.jpg", &with);
    assert_eq!(
        read_image(&tree.path("b.jpg")).expect("it is whole"),
        read_image(&tree.path("a.jpg")).expect("it is whole")
    );
    tree.file("c.jpg", &with[..with.len() - 20]);
    assert_says(&read_image(&tree.path("c.jpg")).expect_err("its end is missing"), &["cut short"]);
}

#[test]
fn an_image_of_ten_billion_pixels_is_refused_by_its_header() {
    let tree = Tree::new();
    // A PNG of 10^5 by 10^5: the header with its checksum, and no data.
    let mut header = b"IHDR".to_vec();
    header.extend(100_000_u32.to_be_bytes());
    header.extend(100_000_u32.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend(13_u32.to_be_bytes());
    png.extend(&header);
    png.extend(checksum(&header).to_be_bytes());
    let empty = b"IDAT";
    png.extend(0_u32.to_be_bytes());
    png.extend(empty);
    png.extend(checksum(empty).to_be_bytes());
    tree.file("bomb.png", png);
    let error = read_image(&tree.path("bomb.png")).expect_err("nobody has 30 gigabytes for it");
    assert_says(&error, &["bomb.png`", "100000x100000 pixels", "more than 134 million"]);
}

/// The CRC-32 of PNG.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn an_orientation_in_exif_data_is_not_applied() {
    let tree = Tree::new();
    RgbImage::from_fn(32, 16, |x, _| Rgb([if x < 16 { 255 } else { 0 }; 3]))
        .save(tree.path("a.jpg"))
        .expect("it can be written");
    let bytes = fs::read(tree.path("a.jpg")).expect("it was written");
    // One entry: orientation 6, turned by a quarter.
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let length = (exif.len() as u16 + 2).to_be_bytes();
    let turned = [&bytes[..2], &[0xff, 0xe1], &length, exif, &bytes[2..]].concat();
    tree.file("b.jpg", turned);
    assert_eq!(read_image(&tree.path("b.jpg")).expect("it is whole").dimensions(), (32, 16));
}

#[test]
fn an_empty_file_and_a_folder_are_no_images() {
    let tree = Tree::new();
    tree.file("empty.png", "").file("folder.png/x", "");
    assert_says(&read_image(&tree.path("empty.png")).expect_err("it is empty"), &["empty.png` can't be decoded"]);
    assert_says(&read_image(&tree.path("folder.png")).expect_err("it is a folder"), &["can't read", "folder.png"]);
}
