//! A device's own kernels for steps of an optimiser beside composed ones: groups of weights of all sizes, gradients that lie
//! with gaps between their rows or in another order, and numbers that are not finite.

use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, Slice};
use diadc::execute::{AdamFactors, AdamWeight, Composed, Engine, HostTensor, Kernels, Session, Tensor};
use diadc::fact::Precision;
use diadc::graph::Rules;
use diadc::graph::program::{Decay, Optimizer};
use diadc::op::{Binary, Descent, WeightId};

use super::device::{Own, Plain, device};
use crate::run::net::{self, Net};

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

fn weights(has_moments: bool) -> Vec<AdamWeight<Floats>> {
    let others = |seed: u64, shape: &[usize]| {
        let second = on_device(net::floats(shape, seed + 1));
        [on_device(net::floats(shape, seed)), Plain::float_mul(second.clone(), second)]
    };
    let weights = (1..).zip(SHAPES).zip(gradients());
    let weight = |((seed, shape), gradient): ((u64, &[usize]), Floats)| {
        let moments = if has_moments {
            others(10 * seed, shape)
        } else {
            // Before the first step: a single zero, repeated.
            let ones: Vec<usize> = vec![1; shape.len()];
            let zero =
                || Plain::float_expand(on_device(HostTensor::floats(&ones, vec![0.0])), Shape::from(shape.to_vec()));
            [zero(), zero()]
        };
        AdamWeight { weight: on_device(net::floats(shape, 100 + seed)), gradient, moments }
    };
    weights.map(weight).collect()
}

fn groups<K: Kernels<Backend = Plain>>(
    moments: bool,
    scale: Option<&Floats>,
    loss: Option<&Floats>,
) -> Vec<[Vec<f32>; 3]> {
    let factors = AdamFactors { beta1: 0.9, beta2: 0.99, root: 1.5, epsilon: 1e-8, change: -0.1, keep: 0.98 };
    let mut weights = weights(moments).into_iter();
    let groups = std::iter::from_fn(|| {
        let group: Vec<_> = weights.by_ref().take(Descent::MOST_WEIGHTS).collect();
        (!group.is_empty()).then(|| K::adam(&factors, scale, loss, group))
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
        let (own, composed) = (groups::<Own>(moments, scale, None), groups::<Composed<Plain>>(moments, scale, None));
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
    let given = |sum: f32| on_device(HostTensor::floats(&[1], vec![sum]));
    for sum in [0.0, 1.0] {
        let own = on_host(Own::add_squares(given(sum), finite()));
        let exact: f64 = finite().into_iter().flat_map(on_host).map(|x| f64::from(x).powi(2)).sum();
        let exact = exact + f64::from(sum);
        assert!((f64::from(own[0]) - exact).abs() <= 1e-6 * exact, "{own:?} and not {exact}");
    }
    assert!(on_host(Own::add_squares(given(0.0), gradients()))[0].is_nan());
}

#[test]
fn a_group_stays_as_it_is_where_the_loss_is_not_finite() {
    let given = |loss| on_device(HostTensor::floats(&[1], vec![loss]));
    let before: Vec<[Vec<f32>; 3]> = weights(true)
        .into_iter()
        .map(|AdamWeight { weight, moments, .. }| {
            let [first, second] = moments;
            [weight, first, second].map(on_host)
        })
        .collect();
    for loss in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(given) {
        assert!(groups::<Own>(true, None, Some(&loss)) == before, "the device's own");
        assert!(groups::<Composed<Plain>>(true, None, Some(&loss)) == before, "composed");
    }
    for loss in [0.0, -f32::MAX, f32::MIN_POSITIVE / 2.0].map(given) {
        let own = groups::<Own>(true, None, Some(&loss));
        for (with, without) in own.iter().flatten().zip(groups::<Own>(true, None, None).iter().flatten()) {
            is_near("with a finite loss", with, without);
        }
    }
}

/// The same for whole steps, which then go on as if there had been none.
#[test]
fn a_step_whose_loss_is_not_finite_changes_nothing() {
    let adam = |decay, amsgrad| Optimizer::Adam { lr: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, decay, amsgrad };
    let sgd = |momentum| Optimizer::Sgd { lr: 0.1, momentum, weight_decay: 0.01, nesterov: momentum > 0.5 };
    let optimizers =
        [adam(Decay::OfWeight(0.1), false), adam(Decay::OfGradient(0.1), true), sgd(0.0), sgd(0.5), sgd(0.9)];
    for (optimizer, clip_norm) in optimizers.into_iter().flat_map(|own| [(own, None), (own, Some(1.0))]) {
        let rules = Rules { of: &|_| optimizer, clip_norm, passes: 1 };
        let composed = Session::<Composed<Plain>>::new("composed".to_owned(), device(), Precision::F32);
        for (what, engine) in [("own", net::engine(&[])), ("composed", Box::new(composed) as Box<dyn Engine>)] {
            let (with, without) = both_ways(engine, &rules);
            is_near(&format!("{what}, {optimizer:?}, clipped {clip_norm:?}"), &with, &without);
        }
    }
}

/// A weight after three steps, with and without steps between them whose loss is not finite.
fn both_ways(mut engine: Box<dyn Engine>, rules: &Rules<'_>) -> (Vec<f32>, Vec<f32>) {
    let mut net = Net::default();
    let (weight, factors) = (net.weight(0, "6"), net.input("factors", "6"));
    let product = net.binary(Binary::Mul, weight, factors);
    let loss = net.mean(product);
    let id = engine.add(net::stepped_by(&net.function(&[("loss", loss)]), &[WeightId(0)], rules));
    let mut train = |lost: &[f32]| {
        engine.release(id);
        engine.set_weights(&mut std::iter::once(net::floats(&[6], 1)));
        for seed in 2..5 {
            for number in lost {
                let before = (engine.weight(WeightId(0)).expect("the device works"), engine.steps(id));
                let inputs = net::inputs([("factors", HostTensor::floats(&[6], vec![*number; 6]))]);
                let loss = engine.step(id, &inputs, &net::draw(1), 1.0).expect("the device works").loss;
                assert!(!loss.is_finite(), "{loss}");
                assert_eq!((engine.weight(WeightId(0)).expect("the device works"), engine.steps(id)), before);
            }
            let inputs = net::inputs([("factors", net::floats(&[6], seed))]);
            assert!(engine.step(id, &inputs, &net::draw(1), 1.0).expect("the device works").loss.is_finite());
        }
        engine.weight(WeightId(0)).expect("the device works").as_floats().expect("it holds floats").to_vec()
    };
    (train(&[f32::NAN, f32::INFINITY]), train(&[]))
}
