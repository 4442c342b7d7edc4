//! Resizes or blurs the last two axes.
//!
//! Both multiply each image by one matrix from the left and one from the right. The matrices are made on the host in double
//! precision, so that the result is exact, differentiable and the same on every backend.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor, FloatTensorOps, InterpolateMode, InterpolateOptions};
use burn::tensor::{Shape, TensorMetadata};

use diadc_core::engine::HostTensor;
use diadc_core::op::Interpolation;

use super::kernels::{Floats, Kernels};
use super::layout::{expand, take};
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
        Interpolation::Bilinear | Interpolation::BilinearAligned => {
            let rows = bilinear(from[2], shape[2], interpolation == Interpolation::BilinearAligned);
            let columns = bilinear(from[3], shape[3], interpolation == Interpolation::BilinearAligned);
            Tensor::Float(both_sides::<K>(x.float(), &rows, &columns, device))
        }
    }
}

/// `scipy.ndimage.gaussian_filter` over the last two axes with mode `reflect`, where the border pixel is repeated.
pub(super) fn gaussian_blur<K: Kernels>(
    sigma: f64,
    truncate: f64,
    x: Floats<K>,
    device: &Device<K::Backend>,
) -> Floats<K> {
    let shape = x.shape();
    let (rows, columns) = (gaussian(shape[2], sigma, truncate), gaussian(shape[3], sigma, truncate));
    both_sides::<K>(x, &rows, &columns, device)
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
            let rows = (0..shape[2]).map(|i| i * h / shape[2]);
            let columns = (0..shape[3]).map(|i| i * w / shape[3]);
            take(x, 2, rows, device).and_then(|x| take(x, 3, columns, device)).expect("an image has pixels")
        }
    }
}

/// Whether `from / to` is exact as a float, so that a backend that multiplies by it finds the right pixel.
fn is_exact(from: usize, to: usize) -> bool {
    from.is_multiple_of(to) || (to.is_multiple_of(from) && (to / from).is_power_of_two())
}

/// A matrix of `rows` by `columns`, row-major.
struct Matrix {
    rows: usize,
    columns: usize,
    elements: Vec<f64>,
}

impl Matrix {
    fn zeros(rows: usize, columns: usize) -> Matrix {
        Matrix { rows, columns, elements: vec![0.0; rows * columns] }
    }

    fn add(&mut self, row: usize, column: usize, weight: f64) {
        self.elements[row * self.columns + column] += weight;
    }

    fn on<B: Backend>(&self, device: &Device<B>) -> FloatTensor<B> {
        let elements = self.elements.iter().map(|&x| x as f32).collect();
        Tensor::<B>::from_host(HostTensor::floats(&[self.rows, self.columns], elements), device).float()
    }
}

/// Row `i` holds the weights of the input pixels for output pixel `i`.
fn bilinear(from: usize, to: usize, aligned: bool) -> Matrix {
    let mut matrix = Matrix::zeros(to, from);
    let last = from - 1;
    for i in 0..to {
        let place = match aligned {
            true if to == 1 => 0.0,
            true => i as f64 * last as f64 / (to - 1) as f64,
            false => ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0),
        };
        let before = (place as usize).min(last);
        let share = (place - before as f64).min(1.0);
        matrix.add(i, before, 1.0 - share);
        matrix.add(i, (before + 1).min(last), share);
    }
    matrix
}

/// Row `i` holds the weights of the input pixels around pixel `i`, those outside mirrored into the image.
fn gaussian(extent: usize, sigma: f64, truncate: f64) -> Matrix {
    let radius = (truncate * sigma + 0.5) as i64;
    let weights: Vec<f64> = (-radius..=radius).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let mut matrix = Matrix::zeros(extent, extent);
    let period = 2 * signed(extent);
    for i in 0..extent {
        for (k, weight) in (-radius..=radius).zip(&weights) {
            let place = (signed(i) + k).rem_euclid(period);
            let mirrored = place.min(period - 1 - place);
            matrix.add(i, mirrored as usize, weight / sum);
        }
    }
    matrix
}

/// `rows x columns^T` for each image.
fn both_sides<K: Kernels>(x: Floats<K>, rows: &Matrix, columns: &Matrix, device: &Device<K::Backend>) -> Floats<K> {
    let [batch, channels, h, w] = x.shape().dims();
    let images = batch * channels;
    let x = K::Backend::float_reshape(x, Shape::new([images * h, w]));
    let x = K::multiply(x, K::Backend::float_swap_dims(columns.on::<K::Backend>(device), 0, 1));
    let x = K::Backend::float_reshape(x, Shape::new([images, h, columns.rows]));
    let rows_on_device = Tensor::<K::Backend>::Float(rows.on::<K::Backend>(device));
    let x = K::multiply(expand(rows_on_device, &[images, rows.rows, h]).float(), x);
    K::Backend::float_reshape(x, Shape::new([batch, channels, rows.rows, columns.rows]))
}
