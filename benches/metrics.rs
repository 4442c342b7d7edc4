//! How long metrics take and how much memory they hold: one class of 115 maps of 256x256, all pixel and image metrics,
//! PRO included; the same class in 64 bits; fifteen such classes; and a thousand maps of 1024x1024, whose good pixels move to
//! a temporary file.
//!
//! The maps themselves are made beforehand and are not counted. `max alloc` is the most that is held at once.
//! `tests/oracle/metrics_speed.py` times scikit-learn and anomalib on maps of the same size.

use std::borrow::Cow;

use diadc::evaluate::collect::{Collector, Observation};
use diadc::evaluate::evaluation::Evaluation;
use diadc::evaluate::metric::Score;
use diadc::measure::{ImageScore, Measure, Metric, ProtocolName};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

const SIDE: usize = 256;
const IMAGES: usize = 115;

fn main() {
    divan::main();
}

type Map<S> = (Vec<S>, Vec<bool>);

/// Smooth maps with some noise; three of four have a round defect, which the map mostly finds.
fn maps(images: usize, side: usize) -> Vec<Map<f32>> {
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    let scale = side as f32 / SIDE as f32;
    let mut map = |number: usize| {
        let (centre, radius) = ((60 + 9 * (number % 15)) as f32, (10 + number % 23) as f32);
        let pixels = (0..side * side).map(|index| {
            let (x, y) = ((index % side) as f32 / scale, (index / side) as f32 / scale);
            let away = (x - centre).hypot(y - centre) / radius;
            let is_bad = !number.is_multiple_of(4);
            let bump = if is_bad { 0.3 * (-away * away).exp() } else { 0.0 };
            (0.2 + 0.05 * (x / 17.0).sin() * (y / 13.0).cos() + 0.02 * noise() + bump, is_bad && away < 1.0)
        });
        pixels.unzip()
    };
    (0..images).map(&mut map).collect()
}

/// All metrics of `classes` classes, each of `images` images: the maps in turn, from the second turn on a little higher.
fn measured<S: Score>(maps: &[Map<S>], classes: usize, images: usize, protocol: &str) -> Evaluation {
    let protocol = ProtocolName::named(protocol).expect("it is one of them");
    let measure = Measure { metrics: Metric::ALL.to_vec(), image_score: Some(ImageScore::Max), ..Measure::default() };
    let measure = Measure { protocol, ..measure };
    let mut collector = Collector::<S>::new((0..classes).map(|class| class.to_string()), measure);
    for class in 0..classes {
        for (number, (map, mask)) in maps.iter().cycle().take(images).enumerate() {
            let (anomalous, side) = (mask.contains(&true), map.len().isqrt());
            let turn = number / maps.len();
            let raise = S::rounded(1e-5 * turn as f64);
            let map: Cow<'_, [S]> =
                if turn == 0 { map.into() } else { map.iter().map(|&score| score + raise).collect() };
            let observation =
                Observation { class, id: "", score: None, anomalous, map: &map, mask: Some(mask), size: [side, side] };
            collector.add(observation).expect("the observation is sound");
        }
    }
    collector.finish().expect("it fits into memory")
}

#[divan::bench(args = ["exact", "diad", "ader"], sample_count = 10)]
fn one_class(bencher: divan::Bencher<'_, '_>, protocol: &str) {
    let maps = maps(IMAGES, SIDE);
    bencher.bench(|| measured(&maps, 1, IMAGES, protocol));
}

#[divan::bench(args = ["exact", "diad", "ader"], sample_count = 10)]
fn one_class_of_64_bits(bencher: divan::Bencher<'_, '_>, protocol: &str) {
    let wide = |map: Vec<f32>| map.into_iter().map(f64::from).collect();
    let maps: Vec<Map<f64>> = maps(IMAGES, SIDE).into_iter().map(|(map, mask)| (wide(map), mask)).collect();
    bencher.bench(|| measured(&maps, 1, IMAGES, protocol));
}

#[divan::bench(sample_count = 3)]
fn fifteen_classes(bencher: divan::Bencher<'_, '_>) {
    let maps = maps(IMAGES, SIDE);
    bencher.bench(|| measured(&maps, 15, IMAGES, "exact"));
}

#[divan::bench(sample_count = 1)]
fn a_thousand_large_maps(bencher: divan::Bencher<'_, '_>) {
    let maps = maps(8, 1024);
    bencher.bench(|| measured(&maps, 1, 1000, "exact"));
}
