//! Tensors on a device: one type for every backend, rank and element type.
//!
//! In: a [`HostTensor`]. Out: [`Tensor`], and back. burn's tensors with a rank in their type are not used,
//! because ranks are only known from facts. A single number, whose fact has no axes, has the shape `[1]` on the device.

use burn::tensor::backend::{Backend, ExecutionError};
use burn::tensor::ops::{BoolTensor, Device, FloatTensor, IntTensor};
use burn::tensor::{
    BoolDType, DType as Element, DeviceSettings, FloatDType, IntDType, Shape, TensorData, TensorMetadata,
    get_device_settings, try_read_sync,
};

use diadc_core::engine::{DeviceError, HostData, HostTensor};

use super::fault;

/// A tensor on a device of backend `B`.
#[derive(Clone, Debug)]
pub enum Tensor<B: Backend> {
    /// Floating-point numbers.
    Float(FloatTensor<B>),
    /// Integers.
    Int(IntTensor<B>),
    /// Truth values.
    Bool(BoolTensor<B>),
}

impl<B: Backend> Tensor<B> {
    /// The same tensor on a device, in the precision that the device works in. It is uploaded as one row: graphics processors
    /// would otherwise leave gaps between the rows of its last axis, and each product with a kernel of `[3, 3]` would first
    /// copy the weight without them.
    #[must_use]
    pub fn from_host(host: HostTensor, device: &Device<B>) -> Tensor<B> {
        let (shape, row) = (on_device(&host.shape), [host.shape.iter().product::<usize>()]);
        let DeviceSettings { float_dtype, int_dtype, bool_dtype } = get_device_settings::<B>(device);
        match host.data {
            HostData::Float(v) => {
                let data = TensorData::new(v, row).convert_dtype(float_dtype.into());
                Tensor::Float(B::float_reshape(B::float_from_data(data, device), shape))
            }
            HostData::Int(v) => {
                let data = TensorData::new(v, row).convert_dtype(int_dtype.into());
                Tensor::Int(B::int_reshape(B::int_from_data(data, device), shape))
            }
            HostData::Bool(v) => {
                let data = TensorData::new(v, row).convert_dtype(bool_dtype.into());
                Tensor::Bool(B::bool_reshape(B::bool_from_data(data, device), shape))
            }
        }
    }

    /// The tensor in the host's memory, after all that it depends on has been computed.
    ///
    /// # Errors
    /// If the device failed, now or in an earlier operation whose failure was not seen yet.
    pub fn into_host(self) -> Result<HostTensor, DeviceError> {
        let shape = self.shape();
        let data = match self {
            Tensor::Float(x) => HostData::Float(read(B::float_into_data(x), Element::F32)?),
            Tensor::Int(x) => HostData::Int(read(B::int_into_data(x), Element::I64)?),
            Tensor::Bool(x) => HostData::Bool(read_bools(B::bool_into_data(x))?),
        };
        Ok(HostTensor::new(shape, data))
    }

    /// The only number of a tensor, after all that it depends on has been computed.
    ///
    /// # Errors
    /// As [`Tensor::into_host`].
    ///
    /// # Panics
    /// If it holds no floats.
    pub(super) fn number(self) -> Result<f32, DeviceError> {
        let host = self.into_host()?;
        Ok(host.as_floats().and_then(|v| v.first().copied()).expect("it is one float"))
    }

    /// The same numbers in another precision; integers and truth values as they are.
    pub(super) fn in_float_type(self, dtype: FloatDType) -> Tensor<B> {
        match self {
            Tensor::Float(x) => Tensor::Float(B::float_cast(x, dtype)),
            Tensor::Int(_) | Tensor::Bool(_) => self,
        }
    }

    /// Extents of the axes; `[1]` also for one number without axes.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Tensor::Float(x) => x.shape().to_vec(),
            Tensor::Int(x) => x.shape().to_vec(),
            Tensor::Bool(x) => x.shape().to_vec(),
        }
    }

    /// The floating-point tensor in it.
    ///
    /// # Panics
    /// If it holds something else, which the facts of a checked graph rule out.
    #[must_use]
    pub fn float(self) -> FloatTensor<B> {
        match self {
            Tensor::Float(x) => Some(x),
            Tensor::Int(_) | Tensor::Bool(_) => None,
        }
        .expect("the fact of this value says float")
    }

    /// The integer tensor in it.
    ///
    /// # Panics
    /// If it holds something else, which the facts of a checked graph rule out.
    #[must_use]
    pub fn int(self) -> IntTensor<B> {
        match self {
            Tensor::Int(x) => Some(x),
            Tensor::Float(_) | Tensor::Bool(_) => None,
        }
        .expect("the fact of this value says int")
    }

    /// The tensor of truth values in it.
    ///
    /// # Panics
    /// If it holds something else, which the facts of a checked graph rule out.
    #[must_use]
    pub fn bool(self) -> BoolTensor<B> {
        match self {
            Tensor::Bool(x) => Some(x),
            Tensor::Float(_) | Tensor::Int(_) => None,
        }
        .expect("the fact of this value says bool")
    }
}

/// The extents under which a shape is stored: one number takes an axis of extent 1.
pub(super) fn on_device(shape: &[usize]) -> Shape {
    if shape.is_empty() { Shape::from(vec![1]) } else { Shape::from(shape.to_vec()) }
}

/// An extent or an index as the integer a device counts with.
pub(super) fn signed(extent: usize) -> i64 {
    i64::try_from(extent).expect("an extent is far below the largest integer")
}

/// Element type of truth values on a device.
pub(super) fn bool_type<B: Backend>(device: &Device<B>) -> BoolDType {
    get_device_settings::<B>(device).bool_dtype
}

/// Element type of integers on a device.
pub(super) fn int_type<B: Backend>(device: &Device<B>) -> IntDType {
    get_device_settings::<B>(device).int_dtype
}

/// Element type of floating-point numbers on a device.
pub(super) fn float_type<B: Backend>(device: &Device<B>) -> FloatDType {
    get_device_settings::<B>(device).float_dtype
}

type Reading = Result<TensorData, ExecutionError>;

fn read<E: burn::tensor::Element>(
    reading: impl Future<Output = Reading>,
    dtype: Element,
) -> Result<Vec<E>, DeviceError> {
    let data = finish(reading)?.convert_dtype(dtype);
    Ok(data.into_vec().expect("the data was converted to this type"))
}

fn read_bools(reading: impl Future<Output = Reading>) -> Result<Vec<bool>, DeviceError> {
    Ok(finish(reading)?.iter::<bool>().collect())
}

fn finish(reading: impl Future<Output = Reading>) -> Result<TensorData, DeviceError> {
    let reading = try_read_sync(reading).expect("a native program can wait for its device");
    let data = reading.map_err(|error| DeviceError(error.to_string()))?;
    fault::check()?;
    Ok(data)
}
