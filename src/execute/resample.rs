//! Resizes or blurs the last two axes.
//!
//! Both are weighted sums along columns and rows. The weights are made on the host in double precision, and are the same for
//! every backend.

use std::collections::BTreeMap;

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, InterpolateMode, InterpolateOptions};

use diadc_core::op::Interpolation;

use super::kernels::{Floats, Kernels, Taps};
use super::places::Places;
use super::tensor::{Tensor, signed};

pub(super) fn resize<K: Kernels>(
    interpolation: Interpolation,
    x: Tensor<K::Backend>,
    shape: &[usize],
    device: &Device<K::Backend>,
) -> Tensor<K::Backend> {
    let from = x.shape();
    if from == shape {
        return x;
    }
    match interpolation {
        Interpolation::Nearest => nearest(x, shape, device),
        Interpolation::Bilinear
        | Interpolation::BilinearAligned
        | Interpolation::Bicubic
        | Interpolation::BicubicAligned
        | Interpolation::Average => {
            let taps = [0, 1].map(|axis| taps(interpolation, from[2 + axis], shape[2 + axis]));
            Tensor::Float(K::resample(&taps, x.float()))
        }
    }
}

/// The gradient of an image that had this height and width before it was resized.
pub(super) fn resize_gradient<K: Kernels>(
    interpolation: Interpolation,
    gradient: Floats<K>,
    size: [usize; 2],
) -> Floats<K> {
    let from = gradient.shape();
    if from[2..] == size {
        return gradient;
    }
    K::resample(&[0, 1].map(|axis| taps(interpolation, size[axis], from[2 + axis]).transposed()), gradient)
}

fn taps(interpolation: Interpolation, from: usize, to: usize) -> Taps {
    match interpolation {
        Interpolation::Nearest => Taps::new(from, (0..to).map(|i| vec![(i * from / to, 1.0)]).collect()),
        Interpolation::Bilinear => bilinear(from, to, false),
        Interpolation::BilinearAligned => bilinear(from, to, true),
        Interpolation::Bicubic => bicubic(from, to, false),
        Interpolation::BicubicAligned => bicubic(from, to, true),
        Interpolation::Average => average(from, to),
    }
}

/// `scipy.ndimage.gaussian_filter` over the last two axes with mode `reflect`, where the border pixel is repeated.
pub(super) fn gaussian_blur<K: Kernels>(sigma: f64, truncate: f64, x: Floats<K>) -> Floats<K> {
    let shape = x.shape();
    K::resample(&[shape[2], shape[3]].map(|extent| gaussian(extent, sigma, truncate)), x)
}

/// The gradient of an image before it was blurred.
pub(super) fn gaussian_blur_gradient<K: Kernels>(sigma: f64, truncate: f64, gradient: Floats<K>) -> Floats<K> {
    let shape = gradient.shape();
    K::resample(&[shape[2], shape[3]].map(|extent| gaussian(extent, sigma, truncate).transposed()), gradient)
}

fn nearest<B: Backend>(x: Tensor<B>, shape: &[usize], device: &Device<B>) -> Tensor<B> {
    let from = x.shape();
    let (h, w) = (from[2], from[3]);
    match x {
        Tensor::Float(x) if is_exact(h, shape[2]) && is_exact(w, shape[3]) => {
            let options = InterpolateOptions::new(InterpolateMode::Nearest);
            Tensor::Float(B::interpolate(x, [shape[2], shape[3]], options))
        }
        x @ (Tensor::Float(_) | Tensor::Int(_) | Tensor::Bool(_)) => {
            let x = Places::Nearest { from: h, to: shape[2] }.take(x, 2, device);
            Places::Nearest { from: w, to: shape[3] }.take(x, 3, device)
        }
    }
}

/// Whether `from / to` is exact as a float, so that a backend that multiplies by it finds the right pixel.
fn is_exact(from: usize, to: usize) -> bool {
    from.is_multiple_of(to) || (to.is_multiple_of(from) && (to / from).is_power_of_two())
}

/// The place in the input of a pixel of the output.
fn place(i: usize, from: usize, to: usize, aligned: bool) -> f64 {
    match aligned {
        true if to == 1 => 0.0,
        true => i as f64 * (from - 1) as f64 / (to - 1) as f64,
        false => (i as f64 + 0.5) * from as f64 / to as f64 - 0.5,
    }
}

/// For each output pixel the input pixels on both sides of its place.
fn bilinear(from: usize, to: usize, aligned: bool) -> Taps {
    let last = from - 1;
    let pixel = |i: usize| {
        let place = place(i, from, to, aligned).max(0.0);
        let before = (place as usize).min(last);
        let share = (place - before as f64).min(1.0);
        vec![(before, (1.0 - share) as f32), ((before + 1).min(last), share as f32)]
    };
    Taps::new(from, (0..to).map(pixel).collect())
}

/// For each output pixel two input pixels on each side of its place, the border pixel where there is none (Keys, 1981).
fn bicubic(from: usize, to: usize, aligned: bool) -> Taps {
    const A: f64 = -0.75;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let pixel = |i: usize| {
        let place = place(i, from, to, aligned);
        let (before, share) = (place.floor(), place - place.floor());
        let weights = [far(share + 1.0), near(share), near(1.0 - share), far(2.0 - share)];
        let at = |k: usize| (before as i64 + k as i64 - 1).clamp(0, signed(from) - 1) as usize;
        weights.iter().enumerate().map(|(k, weight)| (at(k), *weight as f32)).collect()
    };
    Taps::new(from, (0..to).map(pixel).collect())
}

/// For each output pixel all input pixels of which it covers a part, each with the same share.
fn average(from: usize, to: usize) -> Taps {
    let pixel = |i: usize| {
        let covered = i * from / to..((i + 1) * from).div_ceil(to);
        let share = (1.0 / covered.len() as f64) as f32;
        covered.map(|place| (place, share)).collect()
    };
    Taps::new(from, (0..to).map(pixel).collect())
}

/// For each pixel those around it; those outside are mirrored into the image.
fn gaussian(extent: usize, sigma: f64, truncate: f64) -> Taps {
    let radius = (truncate * sigma + 0.5) as i64;
    let weights: Vec<f64> = (-radius..=radius).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let period = 2 * signed(extent);
    let pixel = |i: usize| {
        let mut taps: BTreeMap<usize, f64> = BTreeMap::new();
        for (k, weight) in (-radius..=radius).zip(&weights) {
            let place = (signed(i) + k).rem_euclid(period);
            *taps.entry(place.min(period - 1 - place) as usize).or_default() += weight / sum;
        }
        taps.into_iter().map(|(place, weight)| (place, weight as f32)).collect()
    };
    Taps::new(extent, (0..extent).map(pixel).collect())
}
