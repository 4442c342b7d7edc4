//! Weights and inputs from their names: the rule of the reference numbers.
//!
//! Number i of a name is the upper 24 bits of splitmix64(FNV-1a(name) + i golden ratios), as a share of 2^24.

use diadc::execute::HostTensor;
use diadc::graph::program::Program;

fn fnv1a(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The numbers of a name, from -1 up to 1.
fn numbers(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let first = fnv1a(name);
    (0..count as u64).map(move |i| {
        let mut z = first.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        2.0 * ((z >> 40) as f64 / f64::from(1 << 24)) - 1.0
    })
}

/// An input: about unit variance.
pub(crate) fn tensor(name: &str, shape: &[usize]) -> HostTensor {
    let root = 3.0_f64.sqrt();
    HostTensor::floats(shape, numbers(name, shape.iter().product()).map(|x| (x * root) as f32).collect())
}

/// A weight, by the last word of its path and its fan-in.
fn weight(path: &str, shape: &[usize]) -> HostTensor {
    let drawn = numbers(path, shape.iter().product());
    let scaled: Vec<f32> = if path.ends_with("running_var") {
        drawn.map(|x| (1.0 + 0.5 * x) as f32).collect()
    } else if path.ends_with("running_mean") {
        drawn.map(|x| (0.1 * x) as f32).collect()
    } else if shape.len() >= 2 {
        let factor = (3.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
        drawn.map(|x| (x * factor) as f32).collect()
    } else if path.ends_with("weight") {
        drawn.map(|x| (1.0 + 0.1 * x) as f32).collect()
    } else {
        drawn.map(|x| (0.1 * x) as f32).collect()
    };
    HostTensor::floats(shape, scaled)
}

/// All weights of a program.
pub(crate) fn weights(program: &Program) -> Vec<HostTensor> {
    program.weights.iter().map(|declared| weight(&declared.path, &declared.shape)).collect()
}
