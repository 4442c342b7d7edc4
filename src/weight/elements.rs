//! Reads the elements of one tensor from its file, in row-major order, whatever its view and writing.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::format::{Elements, Fault, View, Writing, contiguous, span};
use super::stored::Stored;

/// Reads the elements of a tensor in a file of so many bytes, as they are stored.
pub(super) fn read_elements(path: &Path, length: u64, name: &str, elements: &Elements) -> Result<Vec<u8>, Fault> {
    let width = elements.stored.width();
    let count: usize = elements.shape.iter().product();
    if (count as u64).saturating_mul(width as u64) > length {
        return Err(Fault::Damaged(format!(
            "`{name}` repeats its elements to {count}, more than the file has bytes for; write it with `.contiguous()`"
        )));
    }
    check_view(name, elements)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let span = span(&elements.shape, &elements.strides).expect("it was checked when the file was opened") * width;
    let mut file = fs::File::open(path).map_err(Fault::Read)?;
    file.seek(SeekFrom::Start(elements.at)).map_err(Fault::Read)?;
    let bytes = match elements.writing {
        Writing::Bytes => exactly(&mut file, span)?,
        Writing::Letters(letters) => {
            let text = exactly(&mut file, letters as usize)?;
            let bytes = bytes_of(&text).filter(|bytes| bytes.len() == span);
            bytes.ok_or_else(|| Fault::Damaged(format!("the elements of `{name}` are not {span} bytes")))?
        }
    };
    let mut bytes = if elements.strides == contiguous(&elements.shape) {
        bytes
    } else {
        gather(&bytes, width, &elements.shape, &elements.strides)
    };
    if elements.view == View::Negative {
        // The sign of a little-endian number is the highest bit of its last byte.
        bytes.chunks_exact_mut(width).for_each(|number| number[width - 1] ^= 0x80);
    }
    Ok(bytes)
}

/// Refuses a view whose elements would come out wrong.
fn check_view(name: &str, elements: &Elements) -> Result<(), Fault> {
    let (what, method) = match elements.view {
        View::Plain => return Ok(()),
        View::Negative if elements.stored.is_float() => return Ok(()),
        View::Negative => ("negative", "resolve_neg"),
        View::Conjugate => ("conjugate", "resolve_conj"),
    };
    let stored: &Stored = &elements.stored;
    Err(Fault::Damaged(format!("`{name}` is a {what} view of {stored}, which is not read; save `.{method}()` of it")))
}

fn exactly(file: &mut fs::File, count: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; count];
    file.read_exact(&mut bytes).map_err(Fault::Read)?;
    Ok(bytes)
}

/// The numbers of the letters of a text, if each is that of a byte.
fn bytes_of(text: &[u8]) -> Option<Vec<u8>> {
    std::str::from_utf8(text).ok()?.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
}

/// The elements of a view in row-major order.
fn gather(bytes: &[u8], width: usize, shape: &[usize], strides: &[usize]) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut result = Vec::with_capacity(count * width);
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    for _ in 0..count {
        result.extend_from_slice(&bytes[at * width..(at + 1) * width]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= index[axis] * strides[axis];
            index[axis] = 0;
        }
    }
    result
}
