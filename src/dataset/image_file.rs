//! Image files: which files are images, and their pixels as RGB or as a mask.
//!
//! PNG, JPEG, BMP, TIFF and WebP are read, and of GIF, as of each that moves, the first picture.
//!
//! The ending of its name, in upper or lower case, decides whether a file is an image; its first bytes decide how it is
//! decoded, so that a JPEG named `.png` is read as a JPEG. A file whose header announces more than [`MOST_PIXELS`] is
//! refused before memory is taken for it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

use crate::mistaken::{self, LOOKED_AT};

use super::MOST_PIXELS;
use super::error::DatasetError;
use super::jpeg;
use super::mask::GreyMask;

const READ: [&str; 8] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "gif"];
/// Endings of images that are not supported. They are refused rather than ignored, so that no image is missing
/// unnoticed.
const REFUSED: [&str; 9] = ["heic", "avif", "jp2", "exr", "hdr", "ppm", "pgm", "tga", "dcm"];

/// The largest file that is read.
const MOST_BYTES: u64 = 1 << 29;

/// What the name of a file says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An image that is read.
    Image,
    /// An image of a format that is not read.
    Refused,
    /// Anything else: a licence, a readme, `Thumbs.db`. It is passed over.
    Other,
}

/// Tells an image from other files by the ending of its name.
pub(super) fn kind(path: &Path) -> Kind {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        ending if READ.contains(&ending) => Kind::Image,
        ending if REFUSED.contains(&ending) => Kind::Refused,
        _ => Kind::Other,
    }
}

/// Decodes an image file as 8-bit RGB.
///
/// Grey becomes three equal channels, a palette its colours, 16 bits the nearest 8. Alpha is dropped: the colours stay
/// as stored, nothing is blended. An orientation noted in EXIF data is not applied, as Pillow's `Image.open` does not.
///
/// # Errors
/// When the file can't be read, is no image, is too large, or is damaged.
pub fn read_image(path: &Path) -> Result<RgbImage, DatasetError> {
    decode(path).map(DynamicImage::into_rgb8)
}

/// An image that belongs to no data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputImage {
    /// Its pixels as they are stored.
    pub pixels: RgbImage,
    /// Whether its EXIF data say that it is to be shown turned or mirrored, which is not done.
    pub is_turned: bool,
}

/// Decodes an image file as [`read_image`] does, and tells what that leaves out.
///
/// # Errors
/// When the file is not named as an image that is read, can't be read, is no image, is too large, or is damaged.
pub fn read_input(path: &Path) -> Result<InputImage, DatasetError> {
    match kind(path) {
        Kind::Image => {}
        Kind::Refused => return Err(DatasetError::UnsupportedImage { path: path.to_path_buf() }),
        Kind::Other => return Err(DatasetError::NotAnImage { path: path.to_path_buf() }),
    }
    let (image, orientation) = decoded(path)?;
    Ok(InputImage { pixels: image.into_rgb8(), is_turned: orientation != Orientation::NoTransforms })
}

/// Decodes a mask as it is; 16 bits hold both depths exactly.
pub(super) fn read_grey(path: &Path) -> Result<GreyMask, DatasetError> {
    decode(path).map(DynamicImage::into_luma16)
}

/// A picture of one value a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Shares of the highest value that the depth of the file has room for, row by row: `height * width` of them, which
    /// differ where the values in the file do.
    pub values: Vec<f32>,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits of a value in the file: 8 or 16.
    pub bits: u8,
}

/// Decodes a picture of one value a pixel, such as an anomaly map: grey, or of three equal channels.
///
/// # Errors
/// When the file can't be read, is no image, is too large, is damaged, or has colours or transparent pixels.
pub fn read_levels(path: &Path) -> Result<Levels, DatasetError> {
    let image = decode(path)?;
    let (width, height) = (image.width(), image.height());
    let bits = if image.color().bytes_per_pixel() > image.color().channel_count() { 16 } else { 8 };
    let is_grey = match image.color().channel_count() {
        1 => true,
        _ => image.to_rgba16().pixels().all(|pixel| pixel.0[..3] == [pixel.0[0]; 3] && pixel.0[3] == u16::MAX),
    };
    if !is_grey {
        return Err(DatasetError::Coloured { path: path.to_path_buf() });
    }
    // The green channel of three equal ones is theirs; brightness by weights might be rounded.
    let value = |pixel: &image::Rgb<u16>| f32::from(pixel.0[1]) / f32::from(u16::MAX);
    let values = image.into_rgb16().pixels().map(value).collect();
    Ok(Levels { values, width, height, bits })
}

/// Decodes a picture as its brightness, whether it is grey or has colours.
///
/// # Errors
/// When the file can't be read, is no image, is too large, or is damaged.
pub fn read_brightness(path: &Path) -> Result<Levels, DatasetError> {
    let image = decode(path)?;
    let (width, height) = (image.width(), image.height());
    let bits = if image.color().bytes_per_pixel() > image.color().channel_count() { 16 } else { 8 };
    let value = |pixel: &image::Luma<u16>| f32::from(pixel.0[0]) / f32::from(u16::MAX);
    let values = image.into_luma16().pixels().map(value).collect();
    Ok(Levels { values, width, height, bits })
}

/// Width and height, from the header alone.
///
/// # Errors
/// When the file can't be read or its header is damaged.
pub fn size(path: &Path) -> Result<(u32, u32), DatasetError> {
    let unreadable = |source| DatasetError::read(path, source);
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let first = file.fill_buf().map_err(unreadable)?;
    if first.is_empty() {
        return Err(DatasetError::EmptyFile { path: path.to_path_buf() });
    }
    if jpeg::is_jpeg(first) {
        file.consume(2);
        return match jpeg::dimensions(&mut file) {
            Ok(Some(size)) => Ok(size),
            Ok(None) | Err(_) => Err(DatasetError::CutShort { path: path.to_path_buf() }),
        };
    }
    let reader = ImageReader::new(file).with_guessed_format().map_err(unreadable)?;
    if reader.format().is_none() {
        let mut start = Vec::new();
        reader.into_inner().take(LOOKED_AT).read_to_end(&mut start).map_err(unreadable)?;
        return Err(no_image(path, &start));
    }
    reader.into_dimensions().map_err(|source| undecodable(path, source))
}

/// Checks, from the headers alone, that a mask is as large as its image.
pub(super) fn check_sizes(image: &Path, mask: &Path) -> Result<(), DatasetError> {
    let (width, height) = size(image)?;
    let (mask_width, mask_height) = size(mask)?;
    if (width, height) == (mask_width, mask_height) {
        return Ok(());
    }
    Err(DatasetError::MaskSize {
        mask: mask.to_path_buf(),
        mask_width,
        mask_height,
        image: image.to_path_buf(),
        width,
        height,
    })
}

/// Decodes an image as it is stored.
pub(super) fn decode(path: &Path) -> Result<DynamicImage, DatasetError> {
    decoded(path).map(|(image, _)| image)
}

/// The same, and how EXIF data say that it is to be shown.
fn decoded(path: &Path) -> Result<(DynamicImage, Orientation), DatasetError> {
    let unreadable = |source| DatasetError::read(path, source);
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(unreadable(io::Error::other("the file has more than 512 megabytes")));
    }
    if bytes.is_empty() {
        return Err(DatasetError::EmptyFile { path: path.to_path_buf() });
    }
    if jpeg::is_jpeg(&bytes) {
        bytes = jpeg::whole(bytes).ok_or_else(|| DatasetError::CutShort { path: path.to_path_buf() })?;
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(unreadable)?;
    if reader.format().is_none() {
        return Err(no_image(path, &reader.into_inner().into_inner()));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(16 * MOST_PIXELS);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|source| undecodable(path, source))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(DatasetError::TooLarge { path: path.to_path_buf(), width, height });
    }
    // What can't be understood says nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|source| undecodable(path, source))?;
    match image {
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            Err(DatasetError::Floats { path: path.to_path_buf() })
        }
        image => Ok((image, orientation)),
    }
}

/// What is said of a file that begins as no image does.
fn no_image(path: &Path, bytes: &[u8]) -> DatasetError {
    let start = &bytes[..bytes.len().min(LOOKED_AT as usize)];
    let what =
        mistaken::kind(start).unwrap_or_else(|| "it begins as none does; replace the file or remove it".to_owned());
    DatasetError::NoImage { path: path.to_path_buf(), what }
}

fn undecodable(path: &Path, source: image::ImageError) -> DatasetError {
    DatasetError::Decode { path: path.to_path_buf(), source }
}
