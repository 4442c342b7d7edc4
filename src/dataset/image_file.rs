//! Image files: which files are images, and their pixels as RGB or as a mask.
//!
//! What is an image is decided by the ending of its name, whatever its case; how it is decoded, by its first bytes, so
//! that a JPEG named `.png` is read as the JPEG it is.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::{ImageReader, RgbImage};

use super::error::DatasetError;
use super::mask::Mask;

const READ: [&str; 4] = ["png", "jpg", "jpeg", "bmp"];
/// Endings of images that are not read. They are refused, not passed over: an image must not vanish from a data set.
const REFUSED: [&str; 13] =
    ["tif", "tiff", "webp", "gif", "heic", "avif", "jp2", "exr", "hdr", "ppm", "pgm", "tga", "dcm"];

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

/// From which value on a pixel of a mask, scaled to 0 to 255, is anomalous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MaskRule {
    /// Above 127: for masks of 0 and 255, also where compression has blurred them.
    UpperHalf,
    /// Above 0: for masks that hold small class indices.
    NonZero,
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

/// Decodes a PNG, JPEG or BMP file as 8-bit RGB.
///
/// Grey becomes three equal channels, a palette its colours, 16 bits the nearest 8. Alpha is dropped: the colours stay
/// as stored, nothing is blended. An orientation noted in EXIF data is not applied.
///
/// # Errors
/// When the file can't be read, is no image, or is damaged.
pub fn read_image(path: &Path) -> Result<RgbImage, DatasetError> {
    decode(path).map(image::DynamicImage::into_rgb8)
}

/// Decodes a mask: a pixel is anomalous where its brightness passes the rule.
pub(super) fn read_mask(path: &Path, rule: MaskRule) -> Result<Mask, DatasetError> {
    // 16 bits hold both depths exactly: 8-bit values times 257.
    let grey = decode(path)?.into_luma16();
    let threshold: u8 = match rule {
        MaskRule::UpperHalf => 127,
        MaskRule::NonZero => 0,
    };
    let (width, height) = grey.dimensions();
    let anomalous: Vec<bool> = grey.iter().map(|value| *value > u16::from(threshold) * 257).collect();
    if !anomalous.contains(&true) {
        return Err(DatasetError::MaskEmpty { mask: path.to_path_buf(), threshold });
    }
    Ok(Mask { width, height, anomalous })
}

/// Width and height, from the header alone.
pub(super) fn size(path: &Path) -> Result<(u32, u32), DatasetError> {
    reader(path)?.into_dimensions().map_err(|source| undecodable(path, source))
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

fn decode(path: &Path) -> Result<image::DynamicImage, DatasetError> {
    reader(path)?.decode().map_err(|source| undecodable(path, source))
}

fn reader(path: &Path) -> Result<ImageReader<BufReader<File>>, DatasetError> {
    ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|source| DatasetError::read(path, source))
}

fn undecodable(path: &Path, source: image::ImageError) -> DatasetError {
    DatasetError::Decode { path: path.to_path_buf(), source }
}
