//! Maps as TIFF files, as the official evaluation of MVTec AD reads them: one value a pixel, floats or integers.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::{ColorType, TiffError};

use super::array::{Array, Values};

/// The most bytes of values that are read.
const MOST_BYTES: usize = 1 << 30;
/// No compression of the format shrinks by more than this factor.
const MOST_SHRUNK: u64 = 4096;

/// Rows and columns of the picture in a TIFF file, and whether its values may need 64 bits, from its header.
pub(super) fn look(path: &Path) -> Result<([usize; 2], bool), String> {
    let (_, size, bits) = open(path)?;
    Ok((size, bits > 16))
}

/// The picture in a TIFF file. Integers are not scaled.
pub(super) fn read(path: &Path) -> Result<Array, String> {
    let (mut decoder, size, _) = open(path)?;
    let narrow = |values: Vec<f32>| Values::Numbers(values);
    let values = match decoder.read_image().map_err(words)? {
        DecodingResult::U8(values) => narrow(values.into_iter().map(f32::from).collect()),
        DecodingResult::I8(values) => narrow(values.into_iter().map(f32::from).collect()),
        DecodingResult::U16(values) => narrow(values.into_iter().map(f32::from).collect()),
        DecodingResult::I16(values) => narrow(values.into_iter().map(f32::from).collect()),
        DecodingResult::F16(values) => narrow(values.into_iter().map(f32::from).collect()),
        DecodingResult::F32(values) => narrow(values),
        DecodingResult::F64(values) => Values::narrowed(values),
        DecodingResult::U32(values) => Values::narrowed(values.into_iter().map(f64::from).collect()),
        DecodingResult::I32(values) => Values::narrowed(values.into_iter().map(f64::from).collect()),
        DecodingResult::U64(values) => Values::integers(values.into_iter().map(i128::from).collect())?,
        DecodingResult::I64(values) => Values::integers(values.into_iter().map(i128::from).collect())?,
    };
    let count = match &values {
        Values::Numbers(values) => values.len(),
        Values::Wide(values) => values.len(),
        Values::Texts(_) => 0,
    };
    if count != size[0] * size[1] {
        return Err(format!("it holds {count} values for {}x{} pixels", size[0], size[1]));
    }
    Ok(Array { shape: size.to_vec(), values })
}

/// What decodes the pages of a file.
type Pages = Decoder<BufReader<File>>;

/// The decoder of a grey picture of one page, its rows and columns and the bits of a value.
fn open(path: &Path) -> Result<(Pages, [usize; 2], u8), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MOST_BYTES;
    limits.intermediate_buffer_size = MOST_BYTES;
    let mut decoder = Decoder::new(BufReader::new(file)).map_err(words)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(words)?;
    let bits = match decoder.colortype().map_err(words)? {
        ColorType::Gray(bits) if bits >= 8 => bits,
        other => return Err(format!("it has pixels of the kind {other:?}; a map has one value a pixel")),
    };
    if u64::from(width) * u64::from(height) * u64::from(bits / 8) > length.saturating_mul(MOST_SHRUNK) {
        return Err(format!("{width}x{height} pixels can't have been packed into its {length} bytes"));
    }
    if decoder.more_images() {
        return Err("it has several pages; a map is one picture".to_owned());
    }
    Ok((decoder, [height as usize, width as usize], bits))
}

fn words(error: TiffError) -> String {
    error.to_string()
}
