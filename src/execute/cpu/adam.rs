//! One step of Adam on the CPU: one pass over the weight, its gradient and its moments, which are overwritten.

use burn::backend::Flex;
use pulp::Arch;
use rayon::prelude::*;

use diadc_execute::{AdamFactors, AdamWeight, scaled};

use super::strided::dense;
use super::{CHUNK, Flexible};

/// A weight after the step, and its moments.
pub(super) fn step(
    factors: &AdamFactors,
    scale: Option<&Flexible>,
    loss: Option<&Flexible>,
    AdamWeight { weight, gradient, moments }: AdamWeight<Flexible>,
) -> [Flexible; 3] {
    let [first, second] = moments;
    if loss.is_some_and(|loss| !loss.storage::<f32>().iter().all(|loss| loss.is_finite())) {
        return [weight, first, second];
    }
    let gradient = dense(scaled::<Flex>(gradient, scale));
    let [mut weight, mut first, mut second] = [weight, first, second].map(dense);
    let slopes: &[f32] = gradient.storage();
    let (weights, firsts, seconds): (&mut [f32], &mut [f32], &mut [f32]) =
        (weight.storage_mut(), first.storage_mut(), second.storage_mut());
    let [beta1, beta2, root, epsilon, change, keep] =
        [factors.beta1, factors.beta2, factors.root, factors.epsilon, factors.change, factors.keep].map(|x| x as f32);
    let [rest1, rest2] = [1.0 - factors.beta1, 1.0 - factors.beta2].map(|x| x as f32);
    let moments = firsts.par_chunks_mut(CHUNK).zip(seconds.par_chunks_mut(CHUNK));
    weights.par_chunks_mut(CHUNK).zip(slopes.par_chunks(CHUNK)).zip(moments).for_each(|((w, g), (m, v))| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    *m = *m * beta1 + g * rest1;
                    *v = *v * beta2 + g * g * rest2;
                    *w = *w * keep + *m / (v.sqrt() * root + epsilon) * change;
                }
            },
        );
    });
    [weight, first, second]
}
