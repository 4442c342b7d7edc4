//! AUROC and average precision equal scikit-learn's on 200 generated cases; `oracle.py` made the numbers.

use diadc::evaluate::metric::{Undefined, auroc, average_precision};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Case {
    seed: u32,
    items: u32,
    anomalous_per_mille: u32,
    levels: u32,
    shift: i32,
    centre: i32,
    exponent: i32,
    auroc: Option<f64>,
    average_precision: Option<f64>,
}

fn hash32(value: u32) -> u32 {
    let value = (value ^ (value >> 16)).wrapping_mul(0x045D_9F3B);
    let value = (value ^ (value >> 15)).wrapping_mul(0x2C1B_3C6D);
    value ^ (value >> 14)
}

impl Case {
    fn items(&self) -> (Vec<f32>, Vec<bool>) {
        (0..self.items)
            .map(|index| {
                let draw = hash32(self.seed.wrapping_mul(65537).wrapping_add(index * 2));
                let label = draw % 1000 < self.anomalous_per_mille;
                let level = hash32(draw.wrapping_add(0x9E37_79B9)) % self.levels;
                let level = level.cast_signed() + if label { self.shift } else { 0 } - self.centre;
                (level as f32 * 2_f32.powi(self.exponent), label)
            })
            .unzip()
    }
}

fn agrees(ours: Result<f64, Undefined>, theirs: Option<f64>) -> bool {
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => (ours - theirs).abs() <= TOLERANCE,
        (Err(_), None) => true,
        (Ok(_), None) | (Err(_), Some(_)) => false,
    }
}

#[test]
fn auroc_and_average_precision_equal_those_of_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixture.json")).expect("the fixture is JSON");
    assert_eq!(cases.len(), 200);
    for case in cases {
        let (scores, labels) = case.items();
        let ranking = super::ranking(scores.into_iter().zip(labels));
        let (area, precision) = (auroc(&ranking), average_precision(&ranking));
        let seed = case.seed;
        assert!(agrees(area, case.auroc), "seed {seed}: AUROC {area:?}, not {:?}", case.auroc);
        assert!(
            agrees(precision, case.average_precision),
            "seed {seed}: average precision {precision:?}, not {:?}",
            case.average_precision
        );
    }
}
