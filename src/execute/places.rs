//! Elements of an axis by their places, which are listed on the device.
//!
//! In: a rule that says which places are taken. Out: a tensor of what lies there. The list depends on extents alone, so it
//! is made once: each step of a loop would otherwise make it on the host and copy it to the device again. The lists are
//! those of the whole process, because kernels have no state, and only so many places are kept.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn::tensor::backend::{Backend, DeviceId, DeviceOps};
use burn::tensor::ops::{Device, IntTensor};

use diadc_core::engine::HostTensor;

use super::tensor::{Tensor, signed};

/// Places that are kept at most: 16 MiB where a device counts with 32 bits.
const MOST: usize = 1 << 22;

/// Which places of an axis are taken, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Places {
    /// The windows of a convolution in an image whose rows follow each other.
    Windows(Windows),
    /// Each element, then places that stand for zeros.
    Spread(Spread),
    /// The nearest of `from` pixels for each of `to`.
    Nearest {
        /// How many there are.
        from: usize,
        /// How many are wanted.
        to: usize,
    },
    /// All of `count` elements, the first `before` times more and the last `after` times.
    Edge { count: usize, before: usize, after: usize },
}

/// All first elements of windows, then all second ones, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Windows {
    /// Extents of the kernel.
    pub(super) kernel: [usize; 2],
    /// How many windows there are, one below and one beside the other.
    pub(super) count: [usize; 2],
    /// How far one begins from the next.
    pub(super) stride: [usize; 2],
    /// How far the elements of one are apart.
    pub(super) dilation: [usize; 2],
    /// The extent of a row of the image.
    pub(super) width: usize,
}

/// Each of `count` elements, with `stride - 1` zeros after each but the last, then `rest` more, then `cut` fewer on both
/// sides. The place after the last element holds the zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spread {
    pub(super) count: usize,
    pub(super) stride: usize,
    pub(super) rest: usize,
    pub(super) cut: usize,
}

impl Places {
    /// What lies at these places of an axis, of which there must be one.
    pub(super) fn take<B: Backend>(self, x: Tensor<B>, axis: usize, device: &Device<B>) -> Tensor<B> {
        let places = self.on::<B>(device);
        match x {
            Tensor::Float(x) => Tensor::Float(B::float_select(x, axis, places)),
            Tensor::Int(x) => Tensor::Int(B::int_select(x, axis, places)),
            Tensor::Bool(x) => Tensor::Bool(B::bool_select(x, axis, places)),
        }
    }

    fn list(self) -> Vec<i64> {
        match self {
            Places::Windows(windows) => windows.list(),
            Places::Spread(Spread { count, stride, rest, cut }) => {
                let extent = (count - 1) * stride + 1 + rest;
                let source = |place: usize| match (place % stride, place / stride) {
                    (0, source) if source < count => source,
                    _ => count,
                };
                (cut..extent - cut).map(|place| signed(source(place))).collect()
            }
            Places::Edge { count, before, after } => {
                (0..before + count + after).map(|i| signed(i.saturating_sub(before).min(count - 1))).collect()
            }
            Places::Nearest { from, to } => (0..to).map(|i| signed(i * from / to)).collect(),
        }
    }

    /// The list on a device.
    fn on<B: Backend>(self, device: &Device<B>) -> IntTensor<B> {
        let key = (TypeId::of::<IntTensor<B>>(), device.id(), self);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.lists.get(&key) {
            return known.downcast_ref::<IntTensor<B>>().expect("the key holds its type").clone();
        }
        let list = self.list();
        let length = list.len();
        let list = Tensor::<B>::from_host(HostTensor::ints(&[length], list), device).int();
        if kept.places + length > MOST {
            *kept = Kept::default();
        }
        if length <= MOST {
            kept.places += length;
            kept.lists.insert(key, Box::new(list.clone()));
        }
        list
    }
}

impl Windows {
    fn list(self) -> Vec<i64> {
        let Windows { kernel, count, stride, dilation, width } = self;
        let grid = |extents: [usize; 2], step: [usize; 2]| {
            (0..extents[0]).flat_map(move |i| (0..extents[1]).map(move |j| i * step[0] * width + j * step[1]))
        };
        let starts = |tap| grid(count, stride).map(move |start| signed(start + tap));
        grid(kernel, dilation).flat_map(starts).collect()
    }
}

/// The lists of all devices, and how many places they hold.
#[derive(Default)]
struct Kept {
    lists: HashMap<(TypeId, DeviceId, Places), Box<dyn Any + Send>>,
    places: usize,
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);
