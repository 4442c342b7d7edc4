//! Files that are damaged, or made to do damage: each is told with its path, and no memory is taken for it.

use std::fs;

use diadc::dataset::{image_size, read_image};
use image::{Rgb, RgbImage};

use super::tree::{Tree, assert_says};
use crate::fuzz::fuzz;

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
fn a_file_without_a_byte_is_told_as_empty() {
    let tree = Tree::new();
    for name in ["none.png", "none.jpg", "none.tif"] {
        tree.file(name, b"");
        assert_says(&read_image(&tree.path(name)).expect_err("there is nothing in it"), &[name, "it is empty"]);
        assert_says(&image_size(&tree.path(name)).expect_err("there is nothing in it"), &[name, "it is empty"]);
    }
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

/// A PNG whose checksums are right again, so that what is damaged is looked at.
fn mended(mut png: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) =
        png.get(at..at + 4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    {
        let end = at + 8 + length as usize;
        let Some(sum) = png.get(at + 4..end).map(checksum) else { break };
        let Some(place) = png.get_mut(end..end + 4) else { break };
        place.copy_from_slice(&sum.to_be_bytes());
        at = end + 4;
    }
    png
}

#[test]
fn damaged_images_and_masks_are_read_or_refused_in_a_short_time() {
    let tree = Tree::of("mvtec");
    let (image, mask) = ("nut/test/crack/000", "nut/ground_truth/crack/000_mask.png");
    let deep = image::ImageBuffer::from_fn(20, 20, |x, y| image::Luma([(x * y * 160) as u16]));
    deep.save(tree.path("deep.png")).expect("it can be written");
    RgbImage::from_fn(20, 20, |x, y| Rgb([x as u8 * 9, y as u8 * 11, 7]))
        .save(tree.path("a.bmp"))
        .expect("it can be written");
    tree.image("a.jpg", 20, 20).image("a.png", 20, 20);
    let names = ["a.png", "a.jpg", "a.bmp", "deep.png", mask];
    let seeds: Vec<Vec<u8>> = names.iter().map(|name| fs::read(tree.path(name)).expect("it was written")).collect();
    names[..4].iter().for_each(|name| _ = tree.remove(name));
    let words: [&[u8]; 12] = [
        b"IHDR",
        b"PLTE",
        b"tRNS",
        b"IDAT",
        b"acTL",
        b"iCCP",
        b"\xff\xc0\0\x11\x08",
        b"\xff\xc4",
        b"\xff\xda",
        b"\xff\xd9",
        b"\xff\xdd\0\x04",
        b"BM",
    ];
    fuzz("images and masks", &seeds, &words, 500, |seed, content| {
        let is_png = names[seed].ends_with("png");
        let content = if is_png { mended(content.to_vec()) } else { content.to_vec() };
        let ending = names[seed].rsplit('.').next().expect("it has one");
        let path = format!("{image}.{ending}");
        let whole = fs::read(tree.path(&format!("{image}.png"))).expect("it is there");
        tree.remove(&format!("{image}.png")).file(&path, &content);
        if is_png {
            let before = fs::read(tree.path(mask)).expect("it is there");
            tree.file(mask, &content);
            read_all(&tree, "mvtec");
            tree.file(mask, before);
        }
        _ = read_image(&tree.path(&path));
        read_all(&tree, "mvtec");
        tree.remove(&path).file(&format!("{image}.png"), whole);
    });
}

/// Opens a data set and reads all its images and masks, where that goes.
fn read_all(tree: &Tree, layout: &str) {
    match tree.open(layout) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(dataset) => {
            for sample in dataset.train.iter().chain(&dataset.test) {
                if let (Ok(image), Ok(Some(mask))) = (sample.image(), sample.mask(None)) {
                    assert_eq!(image.dimensions(), (mask.width, mask.height));
                }
            }
        }
    }
}

#[test]
fn damaged_lists_are_read_or_refused_in_a_short_time() {
    let list = |layout: &str| match layout {
        "ader" => "meta.json",
        "uniad" => "test.json",
        "realiad" => "realiad_jsons/realiad_jsons/toy.json",
        _ => "split_csv/1cls.csv",
    };
    let layouts = ["ader", "uniad", "realiad", "visa"];
    let trees = layouts.map(Tree::of);
    let normal = "candle/Data/Images/Normal/000";
    let rows = format!(
        "object,split,label,image,mask\ncandle,train,normal,{normal}0.JPG,\ncandle,test,normal,\"{normal}1.JPG\",\n\
         candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png\n"
    );
    trees[3].file(list("visa"), rows);
    let read = |(tree, layout): (&Tree, &&str)| fs::read(tree.path(list(layout))).expect("it is there");
    let seeds: Vec<Vec<u8>> = trees.iter().zip(&layouts).map(read).collect();
    let words: [&[u8]; 16] = [
        b"\"",
        b"\"\"",
        b",",
        b"\r\n",
        b"null",
        b"[[[[[[[[",
        b"{",
        b"}",
        b"../",
        b"/etc/",
        b"\\",
        b"\xef\xbb\xbf",
        b"1e999",
        b"-1",
        b"\0",
        b"\xf0\x9f",
    ];
    fuzz("lists", &seeds, &words, 500, |seed, content| {
        trees[seed].file(list(layouts[seed]), content);
        read_all(&trees[seed], layouts[seed]);
    });
}
