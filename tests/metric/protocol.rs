//! Metrics of maps under each protocol, on 200 generated sets of maps; `tests/oracle/metrics.py` made the numbers.

use std::collections::BTreeMap;

use diadc::evaluate::collect::{Collector, Observation};
use diadc::evaluate::evaluation::ClassEvaluation;
use diadc::measure::{ImageScore, Measure, Metric, ProtocolName};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-9;
/// anomalib adds in 32 bits; the largest difference there is is 6.6e-8.
const ANOMALIB: f64 = 1e-6;

#[derive(Deserialize)]
struct Case {
    seed: u32,
    images: u32,
    height: u32,
    width: u32,
    levels: u32,
    shift: i32,
    centre: i32,
    exponent: i32,
    exact: BTreeMap<String, Option<f64>>,
    diad: BTreeMap<String, Option<f64>>,
    ader: BTreeMap<String, Option<f64>>,
    anomalib: Option<f64>,
}

fn hash32(value: u32) -> u32 {
    let value = (value ^ (value >> 16)).wrapping_mul(0x045D_9F3B);
    let value = (value ^ (value >> 15)).wrapping_mul(0x2C1B_3C6D);
    value ^ (value >> 14)
}

impl Case {
    /// The map and the mask of one image.
    fn image(&self, image: u32) -> (Vec<f32>, Vec<bool>) {
        let base = hash32(self.seed.wrapping_mul(7919).wrapping_add(image));
        let mut mask = vec![false; (self.height * self.width) as usize];
        for blob in 0..base % 4 {
            let draw = |purpose: u32| hash32(base.wrapping_add(17 * blob + purpose + 1));
            let (top, left) = (draw(0) % self.height, draw(1) % self.width);
            for y in top..(top + 1 + draw(2) % 5).min(self.height) {
                for x in left..(left + 1 + draw(3) % 6).min(self.width) {
                    mask[(y * self.width + x) as usize] = true;
                }
            }
        }
        let score = |(index, &marked): (usize, &bool)| {
            let level = hash32(base.wrapping_mul(31).wrapping_add(index as u32)) % self.levels;
            let level = level.cast_signed() + if marked { self.shift } else { 0 } - self.centre;
            level as f32 * 2_f32.powi(self.exponent)
        };
        let map = mask.iter().enumerate().map(score).collect();
        (map, mask)
    }

    fn measured(&self, protocol: ProtocolName) -> ClassEvaluation {
        let pools = self.height == 60 && protocol != ProtocolName::Exact;
        let image_score = (!pools).then_some(ImageScore::Max);
        let measure = Measure { protocol, image_score, metrics: Metric::ALL.to_vec(), ..Measure::default() };
        let mut collector = Collector::new(["any"], measure);
        for number in 0..self.images {
            let (map, mask) = self.image(number);
            let size = [self.height as usize, self.width as usize];
            let anomalous = mask.contains(&true);
            let observation =
                Observation { class: 0, id: "", score: None, anomalous, map: &map, mask: Some(&mask), size };
            collector.add(observation).expect("the observation is sound");
        }
        collector.finish().expect("nothing was spilled").classes.remove(0)
    }
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("maps.json")).expect("the fixture is JSON");
    assert_eq!(cases.len(), 200);
    cases
}

fn compare(protocol: ProtocolName, expected: impl Fn(&Case) -> &BTreeMap<String, Option<f64>>) {
    for case in cases() {
        let measured = case.measured(protocol);
        for (name, theirs) in expected(&case) {
            let metric = Metric::named(name).expect("the fixture uses our names");
            let ours = &measured.metrics[&metric];
            let agrees = match (ours.value(), theirs) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() <= TOLERANCE,
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            assert!(agrees, "seed {}: {name} under {} is {ours:?}, not {theirs:?}", case.seed, protocol.name());
        }
    }
}

#[test]
fn exact_metrics_equal_those_of_scikit_learn_and_a_plain_pro() {
    compare(ProtocolName::Exact, |case| &case.exact);
}

#[test]
fn the_protocol_diad_measures_as_its_code_does() {
    compare(ProtocolName::Diad, |case| &case.diad);
}

#[test]
fn the_protocol_ader_measures_as_its_code_does() {
    compare(ProtocolName::Ader, |case| &case.ader);
}

#[test]
fn pro_equals_that_of_anomalib_within_its_own_error() {
    let mut compared = 0;
    for case in cases() {
        let Some(theirs) = case.anomalib else { continue };
        let measured = case.measured(ProtocolName::Exact);
        let ours = measured.metrics[&Metric::Pro].value().expect("defined where anomalib's is");
        assert!((ours - theirs).abs() < ANOMALIB, "seed {}: {ours} and {theirs}", case.seed);
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn dice_over_pooled_pixels_is_f1() {
    for case in cases().iter().take(40) {
        let measured = case.measured(ProtocolName::Exact);
        assert_eq!(measured.metrics[&Metric::PixelDice].value(), measured.metrics[&Metric::PixelF1].value());
    }
}
