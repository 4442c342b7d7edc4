//! How long the metrics of one class take: 115 maps of 256x256, all pixel and image metrics, PRO included.
//!
//! `tests/oracle/metrics_speed.py` times scikit-learn and anomalib on maps of the same size.

use diadc::evaluate::collect::{Collector, Observation};
use diadc::measure::{ImageScore, Measure, Metric, ProtocolName};

const SIDE: usize = 256;
const IMAGES: usize = 115;

fn main() {
    divan::main();
}

/// Smooth maps with some noise; three of four have a round defect, which the map mostly finds.
fn maps() -> Vec<(Vec<f32>, Vec<bool>)> {
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    let mut map = |number: usize| {
        let (centre, radius) = ((60 + 9 * (number % 15)) as f32, (10 + number % 23) as f32);
        let pixels = (0..SIDE * SIDE).map(|index| {
            let (x, y) = ((index % SIDE) as f32, (index / SIDE) as f32);
            let away = (x - centre).hypot(y - centre) / radius;
            let is_bad = !number.is_multiple_of(4);
            let bump = if is_bad { 0.3 * (-away * away).exp() } else { 0.0 };
            (0.2 + 0.05 * (x / 17.0).sin() * (y / 13.0).cos() + 0.02 * noise() + bump, is_bad && away < 1.0)
        });
        pixels.unzip()
    };
    (0..IMAGES).map(&mut map).collect()
}

#[divan::bench(args = ["exact", "diad", "ader"], sample_count = 10)]
fn one_class(bencher: divan::Bencher<'_, '_>, protocol: &str) {
    let maps = maps();
    let protocol = ProtocolName::named(protocol).expect("it is one of them");
    let measure = Measure { metrics: Metric::ALL.to_vec(), image_score: Some(ImageScore::Max), ..Measure::default() };
    let measure = Measure { protocol, ..measure };
    bencher.bench(|| {
        let mut collector = Collector::new(["class"], measure.clone());
        for (map, mask) in &maps {
            let anomalous = mask.contains(&true);
            let observation =
                Observation { class: 0, id: "", score: None, anomalous, map, mask: Some(mask), size: [SIDE, SIDE] };
            collector.add(observation).expect("the observation is sound");
        }
        collector.finish().expect("it fits into memory")
    });
}
