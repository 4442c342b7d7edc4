//! Tensors in ordinary memory, where files, images and random numbers come from and results go to.
//!
//! In: a shape and its elements in row-major order. Out: [`HostTensor`], whose elements are always as many
//! as its shape says. This room knows no device.

use crate::fact::DType;

/// A tensor in the host's memory; elements in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct HostTensor {
    /// Extents of the axes; empty for one number.
    pub shape: Vec<usize>,
    /// The elements.
    pub data: HostData,
}

/// The elements of a tensor, by their type.
#[derive(Clone, Debug, PartialEq)]
pub enum HostData {
    /// Floating-point numbers.
    Float(Vec<f32>),
    /// Integers.
    Int(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl HostData {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            HostData::Float(v) => v.len(),
            HostData::Int(v) => v.len(),
            HostData::Bool(v) => v.len(),
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Type of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self {
            HostData::Float(_) => DType::Float,
            HostData::Int(_) => DType::Int,
            HostData::Bool(_) => DType::Bool,
        }
    }
}

impl HostTensor {
    /// A tensor of a shape.
    ///
    /// # Panics
    /// If there are not as many elements as the shape says.
    #[must_use]
    pub fn new(shape: Vec<usize>, data: HostData) -> HostTensor {
        let expected: usize = shape.iter().product();
        assert_eq!(expected, data.len(), "the elements of a tensor of shape {shape:?}");
        HostTensor { shape, data }
    }

    /// A floating-point tensor.
    ///
    /// # Panics
    /// If there are not as many elements as the shape says.
    #[must_use]
    pub fn floats(shape: &[usize], elements: Vec<f32>) -> HostTensor {
        HostTensor::new(shape.to_vec(), HostData::Float(elements))
    }

    /// An integer tensor.
    ///
    /// # Panics
    /// If there are not as many elements as the shape says.
    #[must_use]
    pub fn ints(shape: &[usize], elements: Vec<i64>) -> HostTensor {
        HostTensor::new(shape.to_vec(), HostData::Int(elements))
    }

    /// A tensor of truth values.
    ///
    /// # Panics
    /// If there are not as many elements as the shape says.
    #[must_use]
    pub fn bools(shape: &[usize], elements: Vec<bool>) -> HostTensor {
        HostTensor::new(shape.to_vec(), HostData::Bool(elements))
    }

    /// The elements with number `i` along the first axis, which stays, with an extent of one.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn element(&self, i: usize) -> HostTensor {
        let count = self.data.len() / self.shape[0];
        let own = i * count..(i + 1) * count;
        let data = match &self.data {
            HostData::Float(v) => HostData::Float(v[own].to_vec()),
            HostData::Int(v) => HostData::Int(v[own].to_vec()),
            HostData::Bool(v) => HostData::Bool(v[own].to_vec()),
        };
        let mut shape = self.shape.clone();
        shape[0] = 1;
        HostTensor::new(shape, data)
    }

    /// Tensors of one type, which differ in shape at most along the first axis, one after the other along it.
    ///
    /// # Panics
    /// If there is none, or they do not fit.
    #[must_use]
    pub fn joined(parts: &[&HostTensor]) -> HostTensor {
        let first = parts.first().expect("there is a tensor");
        let mut shape = first.shape.clone();
        shape[0] = parts.iter().map(|part| part.shape[0]).sum();
        let mut data = first.data.clone();
        for part in &parts[1..] {
            match (&mut data, &part.data) {
                (HostData::Float(all), HostData::Float(v)) => all.extend(v),
                (HostData::Int(all), HostData::Int(v)) => all.extend(v),
                (HostData::Bool(all), HostData::Bool(v)) => all.extend(v),
                (HostData::Float(_) | HostData::Int(_) | HostData::Bool(_), _) => panic!("tensors of one type"),
            }
        }
        HostTensor::new(shape, data)
    }

    /// The elements, if they are floating-point numbers.
    #[must_use]
    pub fn as_floats(&self) -> Option<&[f32]> {
        match &self.data {
            HostData::Float(v) => Some(v),
            HostData::Int(_) | HostData::Bool(_) => None,
        }
    }

    /// The elements, if they are integers.
    #[must_use]
    pub fn as_ints(&self) -> Option<&[i64]> {
        match &self.data {
            HostData::Int(v) => Some(v),
            HostData::Float(_) | HostData::Bool(_) => None,
        }
    }

    /// The elements, if they are truth values.
    #[must_use]
    pub fn as_bools(&self) -> Option<&[bool]> {
        match &self.data {
            HostData::Bool(v) => Some(v),
            HostData::Float(_) | HostData::Int(_) => None,
        }
    }
}
