//! Writes tensors into a zip archive, as `torch.save` writes a dict of them.
//!
//! `data.pkl` is a pickle of protocol 2 that names what `torch.load(.., weights_only=True)` allows and nothing else;
//! the elements of tensor `i` lie in `data/i`, not compressed, at a multiple of 64 bytes. Notes have no place in it.

use std::fs;
use std::io;

use crate::archive::ArchiveWriter;

use super::super::format::{Found, Sink, contiguous};
use super::super::stored::Stored;

/// The folder in the archive; PyTorch takes any.
const FOLDER: &str = "archive";
/// The elements of a tensor begin at a multiple of this many bytes.
const ALIGNMENT: u16 = 64;

/// An archive into which tensors are written one after the other.
pub(in super::super) struct Output {
    archive: ArchiveWriter,
    done: usize,
}

impl Output {
    /// Writes everything that comes before the elements of these tensors; they follow in this order.
    pub(in super::super) fn begin(file: fs::File, tensors: &[&Found]) -> io::Result<Output> {
        let mut output = Output { archive: ArchiveWriter::new(file), done: 0 };
        output.entry("data.pkl", &pickle(tensors))?;
        output.entry("byteorder", b"little")?;
        Ok(output)
    }

    fn entry(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.archive.put(&format!("{FOLDER}/{name}"), bytes, ALIGNMENT)
    }
}

impl Sink for Output {
    fn put(&mut self, _tensor: &Found, elements: &[u8]) -> io::Result<()> {
        let name = format!("data/{}", self.done);
        self.done += 1;
        self.entry(&name, elements)
    }

    fn finish(mut self: Box<Self>) -> io::Result<fs::File> {
        self.entry("version", b"3\n")?;
        self.archive.finish()
    }
}

/// An `OrderedDict` of tensors, each a view of a storage of its own.
fn pickle(tensors: &[&Found]) -> Vec<u8> {
    let mut out = Pickle(b"\x80\x02".to_vec());
    out.empty_dict();
    out.0.push(b'(');
    for (place, tensor) in tensors.iter().enumerate() {
        let count = tensor.shape.iter().product();
        out.text(&tensor.name);
        out.global("torch._utils", "_rebuild_tensor_v2");
        out.0.extend(b"((");
        out.text("storage");
        out.global("torch", storage(&tensor.stored));
        out.text(&place.to_string());
        out.text("cpu");
        out.int(count);
        out.0.extend(b"tQ");
        out.int(0);
        out.ints(&tensor.shape);
        out.ints(&contiguous(&tensor.shape));
        out.0.push(b'\x89'); // no gradient is wanted
        out.empty_dict(); // no hooks
        out.0.extend(b"tR");
    }
    out.0.extend(b"u.");
    out.0
}

/// The class of a storage of such elements.
fn storage(stored: &Stored) -> &'static str {
    match stored {
        Stored::F64 => "DoubleStorage",
        Stored::F32 => "FloatStorage",
        Stored::F16 => "HalfStorage",
        Stored::Bf16 => "BFloat16Storage",
        Stored::I64 => "LongStorage",
        Stored::I32 => "IntStorage",
        Stored::I16 => "ShortStorage",
        Stored::I8 => "CharStorage",
        Stored::U8 => "ByteStorage",
        Stored::Bool => "BoolStorage",
        Stored::Other(..) => unreachable!("the writer has refused it"),
    }
}

/// Operations of a pickle, one after the other.
struct Pickle(Vec<u8>);

impl Pickle {
    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").into_bytes());
    }

    fn empty_dict(&mut self) {
        self.global("collections", "OrderedDict");
        self.0.extend(b")R");
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend(u32::try_from(text.len()).expect("a name is short").to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    fn ints(&mut self, numbers: &[usize]) {
        self.0.push(b'(');
        numbers.iter().for_each(|number| self.int(*number));
        self.0.push(b't');
    }

    fn int(&mut self, number: usize) {
        match i32::try_from(number) {
            Ok(small) => {
                self.0.push(b'J');
                self.0.extend(small.to_le_bytes());
            }
            Err(_) => {
                self.0.extend(b"\x8a\x09");
                self.0.extend((number as u64).to_le_bytes());
                self.0.push(0);
            }
        }
    }
}
