//! How the elements of a tensor are stored in a file, and what they become in memory.
//!
//! In: little-endian bytes. Out: 32-bit floats, 64-bit integers or truth values; or the same numbers as bytes of
//! another floating-point type.

use std::fmt;

use half::{bf16, f16};

use crate::execute::HostData;

/// Type of the elements of a stored tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// 64-bit floating point.
    F64,
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point of IEEE 754.
    F16,
    /// The upper half of 32-bit floating point.
    Bf16,
    /// 64-bit integers.
    I64,
    /// 32-bit integers.
    I32,
    /// 16-bit integers.
    I16,
    /// 8-bit integers.
    I8,
    /// 8-bit integers without a sign.
    U8,
    /// One byte for each truth value.
    Bool,
    /// Any other type: its name in the safetensors format and the bytes of one element.
    Other(String, usize),
}

impl Stored {
    /// Whether it can be read as a weight.
    #[must_use]
    pub fn is_float(&self) -> bool {
        matches!(self, Stored::F64 | Stored::F32 | Stored::F16 | Stored::Bf16)
    }

    /// Whether its elements are integers.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self, Stored::I64 | Stored::I32 | Stored::I16 | Stored::I8 | Stored::U8)
    }

    /// Its name, and what it is if that is seldom met.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Stored::Other(name, _) if name.starts_with('Q') => {
                format!("{name}, which is quantised: dequantise it first")
            }
            Stored::Other(name, _) if name.starts_with('C') => format!("{name}, complex numbers"),
            Stored::Other(name, _) if name.starts_with("big-endian") => format!("{name}: save it little-endian"),
            known => known.to_string(),
        }
    }

    /// Bytes of an element.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Stored::F64 | Stored::I64 => 8,
            Stored::F32 | Stored::I32 => 4,
            Stored::F16 | Stored::Bf16 | Stored::I16 => 2,
            Stored::I8 | Stored::U8 | Stored::Bool => 1,
            Stored::Other(_, width) => *width,
        }
    }

    /// The elements in memory; none if this type is not supported.
    #[must_use]
    pub fn decode(&self, bytes: &[u8]) -> Option<HostData> {
        Some(match self {
            Stored::F64 => HostData::Float(elements(bytes, |b| f64::from_le_bytes(b) as f32)),
            Stored::F32 => HostData::Float(elements(bytes, f32::from_le_bytes)),
            Stored::F16 => HostData::Float(elements(bytes, |b| f16::from_le_bytes(b).to_f32())),
            Stored::Bf16 => HostData::Float(elements(bytes, |b| bf16::from_le_bytes(b).to_f32())),
            Stored::I64 => HostData::Int(elements(bytes, i64::from_le_bytes)),
            Stored::I32 => HostData::Int(elements(bytes, |b| i32::from_le_bytes(b).into())),
            Stored::I16 => HostData::Int(elements(bytes, |b| i16::from_le_bytes(b).into())),
            Stored::I8 => HostData::Int(elements(bytes, |b| i8::from_le_bytes(b).into())),
            Stored::U8 => HostData::Int(elements(bytes, |b| u8::from_le_bytes(b).into())),
            Stored::Bool => HostData::Bool(bytes.iter().map(|&byte| byte != 0).collect()),
            Stored::Other(..) => return None,
        })
    }

    /// The elements of a floating-point type in their full precision.
    ///
    /// # Panics
    /// If this is another type.
    #[must_use]
    pub fn floats(&self, bytes: &[u8]) -> Vec<f64> {
        match self {
            Stored::F64 => elements(bytes, f64::from_le_bytes),
            Stored::F32 => elements(bytes, |b| f32::from_le_bytes(b).into()),
            Stored::F16 => elements(bytes, |b| f16::from_le_bytes(b).into()),
            Stored::Bf16 => elements(bytes, |b| bf16::from_le_bytes(b).into()),
            _ => panic!("{self} is no type of floating point"),
        }
    }

    /// Finite numbers as bytes of this type, each rounded to the nearest number of the type, and how many were too
    /// large and became its largest number.
    ///
    /// # Panics
    /// If this is no type of floating point.
    #[must_use]
    pub fn encode(&self, numbers: &[f64]) -> (Vec<u8>, usize) {
        let mut cut = 0;
        let mut within = |x: f64, rounded: f64| {
            let is_cut = rounded.is_infinite();
            cut += usize::from(is_cut);
            if is_cut { self.largest().unwrap_or_default().copysign(x) } else { x }
        };
        let bytes = match self {
            Stored::F64 => numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Stored::F32 => {
                numbers.iter().flat_map(|&x| (within(x, f64::from(x as f32)) as f32).to_le_bytes()).collect()
            }
            Stored::F16 => {
                numbers.iter().flat_map(|&x| f16::from_f64(within(x, f16::from_f64(x).into())).to_le_bytes()).collect()
            }
            Stored::Bf16 => numbers
                .iter()
                .flat_map(|&x| bf16::from_f64(within(x, bf16::from_f64(x).into())).to_le_bytes())
                .collect(),
            _ => panic!("{self} is no type of floating point"),
        };
        (bytes, cut)
    }

    /// The largest number of a type of floating point; larger ones become infinite.
    #[must_use]
    pub fn largest(&self) -> Option<f64> {
        match self {
            Stored::F64 => Some(f64::MAX),
            Stored::F32 => Some(f32::MAX.into()),
            Stored::F16 => Some(f16::MAX.into()),
            Stored::Bf16 => Some(bf16::MAX.into()),
            _ => None,
        }
    }
}

fn elements<const N: usize, T>(bytes: &[u8], convert: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| convert(*chunk)).collect()
}

/// The name of the type in the safetensors format.
impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stored::F64 => "F64",
            Stored::F32 => "F32",
            Stored::F16 => "F16",
            Stored::Bf16 => "BF16",
            Stored::I64 => "I64",
            Stored::I32 => "I32",
            Stored::I16 => "I16",
            Stored::I8 => "I8",
            Stored::U8 => "U8",
            Stored::Bool => "BOOL",
            Stored::Other(name, _) => name,
        })
    }
}
