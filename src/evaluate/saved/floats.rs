//! Maps of floats as other tools read them.

use std::io::Cursor;

use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray32Float;

/// A map, row by row, as an npy file of version 1: an array `[rows, columns]` of 32-bit floats.
///
/// # Panics
/// If the map has not `rows * columns` values.
#[must_use]
pub fn npy_of_map(map: &[f32], [rows, columns]: [usize; 2]) -> Vec<u8> {
    assert_eq!(map.len(), rows * columns, "a map has a value for each pixel");
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Spaces bring the values to a multiple of 64 bytes; a line break ends the header.
    let before = b"\x93NUMPY\x01\x00".len() + 2;
    let length = (before + header.len() + 1).next_multiple_of(64) - before;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(length).expect("two numbers take a few bytes").to_le_bytes());
    bytes.extend(format!("{header:<0$}\n", length - 1).bytes());
    bytes.extend(map.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A map, row by row, as a TIFF picture of one 32-bit float a pixel.
///
/// # Panics
/// If the map has not `rows * columns` values, or none.
#[must_use]
pub fn tiff_of_map(map: &[f32], [rows, columns]: [usize; 2]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).expect("memory can be written");
    let written = encoder.write_image::<Gray32Float>(columns as u32, rows as u32, map);
    written.expect("a map has a value for each pixel, and memory can be written");
    bytes.into_inner()
}
