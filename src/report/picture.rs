//! Pictures of anomaly maps and masks, and sheets of them.
//!
//! In come maps and masks, row by row, with their size and the range of values that the colours span: the range is
//! always the caller's, so that two maps can be compared by eye. Out come RGB pictures in memory.
//! A map or mask whose length is not that of its picture is a mistake of ours, and panics.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{ImageFormat, Rgb, RgbImage};

use super::colour::heat;

/// The colour of [`mask_outline`]: far from all colours of [`heat`].
const OUTLINE: Rgb<u8> = Rgb([64, 240, 200]);
const PAPER: Rgb<u8> = Rgb([255; 3]);

/// How pixels are filled in when a picture is enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enlarge {
    /// Each pixel becomes a square.
    Nearest,
    /// Colours run into each other.
    Smooth,
}

/// The colours of `map`, of `width` x `height` values, from dark at `lo` to bright at `hi`.
///
/// # Panics
/// If `map` has not `width * height` values.
#[must_use]
pub fn heat_map(map: &[f32], width: u32, height: u32, lo: f32, hi: f32) -> RgbImage {
    assert_size("map", map.len(), width, height);
    picture(width, height, |index| heat(level(map[index], lo, hi)))
}

/// `image` with the colours of `map` over it: where the map is low the image shows, where it is high the colour does.
///
/// # Panics
/// If `map` has not one value per pixel of `image`.
#[must_use]
pub fn overlay(image: &RgbImage, map: &[f32], lo: f32, hi: f32) -> RgbImage {
    assert_size("map", map.len(), image.width(), image.height());
    let mut out = image.clone();
    for (pixel, &value) in out.pixels_mut().zip(map) {
        let level = level(value, lo, hi);
        let opacity = if level.is_nan() { 1.0 } else { 0.85 * level.clamp(0.0, 1.0).sqrt() };
        let Rgb(colour) = heat(level);
        for (channel, colour) in pixel.0.iter_mut().zip(colour) {
            *channel = (f32::from(*channel) * (1.0 - opacity) + f32::from(colour) * opacity).round() as u8;
        }
    }
    out
}

/// `mask` in white on black.
///
/// # Panics
/// If `mask` has not `width * height` values.
#[must_use]
pub fn mask_image(mask: &[bool], width: u32, height: u32) -> RgbImage {
    assert_size("mask", mask.len(), width, height);
    picture(width, height, |index| Rgb([if mask[index] { 255 } else { 0 }; 3]))
}

/// `image` with a line around `mask`, outside of it, so that the defect stays visible.
///
/// # Panics
/// If `mask` has not one value per pixel of `image`.
#[must_use]
pub fn mask_outline(image: &RgbImage, mask: &[bool]) -> RgbImage {
    let (width, height) = image.dimensions();
    assert_size("mask", mask.len(), width, height);
    let thickness = (width.min(height) / 160).max(1);
    let marked = |x: u32, y: u32| mask[(y * width + x) as usize];
    let mut out = image.clone();
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let columns = x.saturating_sub(thickness)..=(x + thickness).min(width - 1);
        let rows = y.saturating_sub(thickness)..=(y + thickness).min(height - 1);
        if !marked(x, y) && rows.into_iter().any(|y| columns.clone().any(|x| marked(x, y))) {
            *pixel = OUTLINE;
        }
    }
    out
}

/// `image` with each side `factor` times as long.
#[must_use]
pub fn enlarge(image: &RgbImage, factor: u32, how: Enlarge) -> RgbImage {
    let filter = match how {
        Enlarge::Nearest => FilterType::Nearest,
        Enlarge::Smooth => FilterType::CatmullRom,
    };
    imageops::resize(image, image.width() * factor, image.height() * factor, filter)
}

/// Pictures in a grid on white, `gap` pixels apart: a column is as wide as its widest, a row as high as its highest.
///
/// Rows may have different lengths; what is missing stays white. Smaller pictures are centred in their cell.
#[must_use]
pub fn sheet(rows: &[Vec<RgbImage>], gap: u32) -> RgbImage {
    let Grid { widths, heights } = Grid::of(rows);
    let side = |cells: &[u32]| cells.iter().sum::<u32>() + gap * (cells.len().saturating_sub(1)) as u32;
    let mut out = RgbImage::from_pixel(side(&widths), side(&heights), PAPER);
    for (row, places) in rows.iter().zip(places(rows, gap)) {
        for (image, [x, y]) in row.iter().zip(places) {
            imageops::replace(&mut out, image, i64::from(x), i64::from(y));
        }
    }
    out
}

/// Where the first column and row of each picture lie in a [`sheet`].
#[must_use]
pub fn places(rows: &[Vec<RgbImage>], gap: u32) -> Vec<Vec<[u32; 2]>> {
    let Grid { widths, heights } = Grid::of(rows);
    let begins = |cells: &[u32]| -> Vec<u32> {
        let next = |begin: &mut u32, cell: &u32| Some(std::mem::replace(begin, *begin + cell + gap));
        cells.iter().scan(0, next).collect()
    };
    let (lefts, tops) = (begins(&widths), begins(&heights));
    let middle = |begin: u32, cell: u32, side: u32| begin + (cell - side) / 2;
    let place = |row: usize, column: usize, image: &RgbImage| {
        [middle(lefts[column], widths[column], image.width()), middle(tops[row], heights[row], image.height())]
    };
    let of_row = |(row, images): (usize, &Vec<RgbImage>)| {
        images.iter().enumerate().map(|(column, image)| place(row, column, image)).collect()
    };
    rows.iter().enumerate().map(of_row).collect()
}

/// The sizes of the cells of a sheet.
struct Grid {
    widths: Vec<u32>,
    heights: Vec<u32>,
}

impl Grid {
    fn of(rows: &[Vec<RgbImage>]) -> Self {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column| rows.iter().filter_map(|row| row.get(column)).map(RgbImage::width).max().unwrap_or(0);
        let highest = |row: &Vec<RgbImage>| row.iter().map(RgbImage::height).max().unwrap_or(0);
        Self { widths: (0..columns).map(widest).collect(), heights: rows.iter().map(highest).collect() }
    }
}

/// `image` as the bytes of a PNG file.
///
/// # Panics
/// If a side of `image` is 0.
#[must_use]
pub fn png(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).expect("an RGB picture with pixels always fits a PNG in memory");
    bytes.into_inner()
}

/// Where `value` lies between `lo`, 0, and `hi`, 1; a range without width splits into below and above.
fn level(value: f32, lo: f32, hi: f32) -> f32 {
    if hi > lo || value.is_nan() {
        (value - lo) / (hi - lo)
    } else if value > lo {
        1.0
    } else {
        0.0
    }
}

fn picture(width: u32, height: u32, colour: impl Fn(usize) -> Rgb<u8>) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| colour(y as usize * width as usize + x as usize))
}

fn assert_size(what: &str, len: usize, width: u32, height: u32) {
    assert_eq!(len, width as usize * height as usize, "a {what} of {len} values for a picture of {width} x {height}");
}
