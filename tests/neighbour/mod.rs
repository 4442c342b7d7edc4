//! Rows that are far from each other, and rows that are near, against plain algorithms and independent implementations.

mod coreset;

use diadc::execute::random::{Key, uniforms};

/// Made-up numbers from -1 to 1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    uniforms(&Key { seed, purpose: "test", step: 0, sample: 0, iteration: 0 }, count, |x| 2.0 * x - 1.0)
}
