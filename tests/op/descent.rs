//! A device's own kernels for steps of an optimiser beside composed ones: groups of weights of all sizes, gradients that lie
//! with gaps between their rows or in another order, and numbers that are not finite.

use burn::tensor::Slice;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use diadc::execute::{AdamFactors, AdamWeight, Composed, HostTensor, Kernels, Tensor};

use super::device::{Own, Plain, device};
use crate::run::net;

type Floats = FloatTensor<Plain>;

/// More weights than one launch takes: single numbers, several rows, and more numbers than one cube sums the squares of.
const SHAPES: [&[usize]; 9] =
    [&[3], &[1], &[300, 257], &[4, 2, 3, 3], &[1, 65_536], &[31, 1], &[70_001], &[2, 5], &[1, 1, 2]];

fn on_device(host: HostTensor) -> Floats {
    Tensor::<Plain>::from_host(host, &device()).float()
}

fn on_host(x: Floats) -> Vec<f32> {
    let host = Tensor::<Plain>::Float(x).into_host().expect("the device works");
    host.as_floats().expect("it holds floats").to_vec()
}

/// Gradients of [`SHAPES`]: as they are, the last columns of something wider, with gaps between rows, or turned over.
fn gradients() -> Vec<Floats> {
    let gradient = |(seed, shape): (u64, &[usize])| match (shape, seed % 3) {
        (&[height, width], 0) => Plain::float_transpose(on_device(net::floats(&[width, height], seed))),
        (&[height, width], _) => {
            let wide = on_device(net::floats(&[height, width + 64], seed));
            Plain::float_slice(wide, &[Slice::from(0..height), Slice::from(64..width + 64)])
        }
        (&[1, 1, _], _) => on_device(HostTensor::floats(shape, vec![f32::NAN, f32::INFINITY])),
        _ => on_device(net::floats(shape, seed)),
    };
    (1..).zip(SHAPES).map(gradient).collect()
}

fn weights(moments: bool) -> Vec<AdamWeight<Floats>> {
    let others = |seed: u64, shape: &[usize]| {
        let second = on_device(net::floats(shape, seed + 1));
        [on_device(net::floats(shape, seed)), Plain::float_mul(second.clone(), second)]
    };
    let weights = (1..).zip(SHAPES).zip(gradients());
    let weight = |((seed, shape), gradient): ((u64, &[usize]), Floats)| {
        let moments = moments.then(|| others(10 * seed, shape));
        AdamWeight { weight: on_device(net::floats(shape, 100 + seed)), gradient, moments }
    };
    weights.map(weight).collect()
}

fn groups<K: Kernels<Backend = Plain>>(moments: bool, scale: Option<&Floats>) -> Vec<[Vec<f32>; 3]> {
    let factors = AdamFactors { beta1: 0.9, beta2: 0.99, root: 1.5, epsilon: 1e-8, change: -0.1, keep: 0.98 };
    let mut weights = weights(moments).into_iter();
    let groups = std::iter::from_fn(|| {
        let group: Vec<_> = weights.by_ref().take(K::GROUP).collect();
        (!group.is_empty()).then(|| K::adam(&factors, scale, group))
    });
    groups.flatten().map(|weight| weight.map(on_host)).collect()
}

fn is_near(what: &str, own: &[f32], composed: &[f32]) {
    assert_eq!(own.len(), composed.len(), "{what}");
    for (place, (a, b)) in own.iter().zip(composed).enumerate() {
        let is_same = a == b || (a.is_nan() && b.is_nan());
        assert!(is_same || (a - b).abs() <= 2e-6 * b.abs().max(1.0), "{what}, number {place}: {a} and not {b}");
    }
}

#[test]
fn groups_of_weights_are_stepped_as_each_by_itself() {
    let scale = on_device(HostTensor::floats(&[1], vec![0.3]));
    for (moments, scale) in [(false, None), (true, None), (true, Some(&scale))] {
        let (own, composed) = (groups::<Own>(moments, scale), groups::<Composed<Plain>>(moments, scale));
        for ((shape, own), composed) in SHAPES.iter().zip(&own).zip(&composed) {
            for (part, (own, composed)) in ["weight", "first", "second"].iter().zip(own.iter().zip(composed)) {
                is_near(&format!("{part} of {shape:?}, moments {moments}"), own, composed);
            }
        }
    }
}

#[test]
fn squares_of_many_gradients_are_summed_at_once() {
    let finite = || gradients().into_iter().take(SHAPES.len() - 1).cycle().take(40).collect::<Vec<_>>();
    let one = on_device(HostTensor::floats(&[1], vec![1.0]));
    for sum in [None, Some(one)] {
        let own = on_host(Own::add_squares(finite(), sum.clone()));
        let exact: f64 = finite().into_iter().flat_map(on_host).map(|x| f64::from(x).powi(2)).sum();
        let exact = exact + f64::from(u8::from(sum.is_some()));
        assert!((f64::from(own[0]) - exact).abs() <= 1e-6 * exact, "{own:?} and not {exact}");
    }
    assert!(on_host(Own::add_squares(gradients(), None))[0].is_nan());
}
