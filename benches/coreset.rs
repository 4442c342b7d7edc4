//! How long the choice of a coreset takes, and how much memory, on made-up features of a network's size: clouds of different
//! width around some hundred centres, each with few directions of its own, and noise.
//!
//! With numbers as arguments, other sizes: rows, numbers of a row, rows to keep, numbers after the projection (0 for none), and
//! the most rows to choose from.
#![allow(clippy::print_stdout, reason = "what is measured is what it prints")]

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Instant;

use diadc::execute::random::{Key, normals};
use diadc::execute::{Coreset, CoresetSettings};

/// Rows, numbers of a row, rows to keep, numbers after the projection, and the most rows to choose from.
const SIZES: [[usize; 5]; 4] = [
    [32_767, 1536, 3276, 0, 32_767],
    [32_767, 1536, 3276, 128, 32_767],
    [100_000, 1536, 1000, 128, 100_000],
    [100_000, 1536, 10_000, 128, 100_000],
];

/// Rows of an image.
const PORTION: usize = 784;

const CENTRES: usize = 300;
const DIRECTIONS: usize = 8;

fn main() {
    let given: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    match given.as_slice() {
        &[rows, width, keep, project, at_most] => measure([rows, width, keep, project, at_most]),
        _ => SIZES.into_iter().for_each(measure),
    }
}

fn measure([rows, width, keep, project, at_most]: [usize; 5]) {
    let key = |purpose| Key { seed: 1, purpose, step: 0, sample: 0, iteration: 0 };
    let centres = normals(&key("centres"), CENTRES * width, |x| x);
    let directions = normals(&key("directions"), CENTRES * DIRECTIONS * width, |x| x);
    let settings = CoresetSettings { count: keep, project: (project > 0).then_some(project), at_most };
    let mut coreset = Coreset::new(settings, width, &key("coreset"));
    let mut taken = 0.0;
    for first in (0..rows).step_by(PORTION) {
        let count = PORTION.min(rows - first);
        let portion = features(first, count, width, &centres, &directions);
        let begun = Instant::now();
        coreset.push(&portion).expect("all numbers are finite");
        taken += begun.elapsed().as_secs_f64();
    }
    let begun = Instant::now();
    let told = coreset.finish(&mut |_| ControlFlow::Continue(()));
    let (chosen, _) = told.expect("there are enough rows");
    let seconds = begun.elapsed().as_secs_f64();
    let check: f64 = chosen.iter().map(|x| f64::from(*x)).sum();
    println!(
        "{rows} rows of {width}, {keep} kept of at most {at_most}, projected to {project}: {taken:.1} s to take, \
         {seconds:.1} s to choose, peak {} MiB, sum {check:.3}",
        peak()
    );
    std::io::stdout().flush().expect("there is an output");
}

fn features(first: usize, count: usize, width: usize, centres: &[f32], directions: &[f32]) -> Vec<f32> {
    let mut rows = Vec::with_capacity(count * width);
    let key = Key { seed: 1, purpose: "rows", step: 0, sample: first as u64, iteration: 0 };
    let noise = normals(&key, count * (width + DIRECTIONS), |x| x);
    for (row, noise) in noise.chunks_exact(width + DIRECTIONS).enumerate() {
        let centre = (first + row) * 7919 % CENTRES;
        let scale = 0.2 + (centre % 7) as f32 / 5.0;
        let (along, own) = noise.split_at(DIRECTIONS);
        for i in 0..width {
            let directions = directions[centre * DIRECTIONS * width + i..].iter().step_by(width);
            let moved: f32 = along.iter().zip(directions).map(|(a, d)| a * d).sum();
            rows.push((centres[centre * width + i] + scale * moved / 3.0 + 0.1 * own[i]).max(0.0));
        }
    }
    rows
}

/// The most memory that was resident so far, on Linux.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}
