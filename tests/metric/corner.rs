//! What every metric is, under every protocol, where there is little to measure: which are defined, why the others are
//! not, and that those that are defined are what counting gives. `protocol.rs` compares values with other programs.

use diadc::evaluate::collect::{Collector, Observation};
use diadc::evaluate::evaluation::ClassEvaluation;
use diadc::measure::{ImageScore, Measure, Metric, ProtocolName};

/// An image: whether it is called anomalous, its map of 2x4 and its mask.
type Image = (bool, [f32; 8], [u8; 8]);

/// Why the metrics of images, those of pixels, and PRO are not defined; nothing where they are.
type Reasons = [&'static str; 3];

/// Some images, and what is said of their metrics under `exact`, `diad` and `ader`.
struct Corner {
    name: &'static str,
    images: Vec<Image>,
    reasons: [Reasons; 3],
    /// PRO under `exact`, up to a false-positive rate of 0.3, worked out by hand.
    pro: Option<f64>,
}

const LEFT: [u8; 8] = [1, 1, 0, 0, 1, 1, 0, 0];
const NONE: [u8; 8] = [0; 8];
const ALL: [u8; 8] = [1; 8];
const RISING: [f32; 8] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
const FOUND: [f32; 8] = [0.9, 0.8, 0.1, 0.1, 0.9, 0.9, 0.0, 0.2];
const FLAT: [f32; 8] = [0.5; 8];

const DEFINED: Reasons = ["", "", ""];
const EMPTY: Reasons = ["no test images", "no anomaly maps", "no anomaly maps"];
const ALL_GOOD: Reasons = ["no anomalous test images", "no anomalous pixels", "no anomalous pixels"];
const ALL_BAD: Reasons = ["no good test images", "", ""];
const NO_GOOD_PIXEL: Reasons = ["no good test images", "no good pixels", "no good pixels"];
const UNMARKED: Reasons = ["", "no anomalous pixels", "no anomalous pixels"];
const ONE_SCORE: &str = "one score everywhere";
const FEW: Reasons = ["", "", "too few thresholds below the limit of the false-positive rate"];
const FAR: &str = "scores too far apart for bins in their type";

#[rustfmt::skip]
fn corners() -> Vec<Corner> {
    let corner = |name, images, reasons, pro| Corner { name, images, reasons, pro };
    vec![
        corner("one good and one defective image, found",
            vec![(false, RISING.map(|s| s / 2.0), NONE), (true, FOUND, LEFT)], [DEFINED; 3], Some(1.0)),
        corner("no image at all", vec![], [EMPTY; 3], None),
        corner("no defective image", vec![(false, RISING, NONE), (false, FOUND, NONE)], [ALL_GOOD; 3], None),
        // Half of the regions up to a rate of 2/8, where the other one begins to be found, then three quarters.
        corner("no good image", vec![(true, FOUND, LEFT), (true, RISING, LEFT)], [ALL_BAD; 3], Some(13.0 / 24.0)),
        // By its mask alone the defective image is a good one.
        corner("a defective image whose mask is empty",
            vec![(false, RISING, NONE), (true, FOUND, NONE)], [UNMARKED, ALL_GOOD, ALL_GOOD], None),
        corner("a defective image that is anomalous all over", vec![(true, FOUND, ALL)], [NO_GOOD_PIXEL; 3], None),
        // Below a diagonal lies half of the limit.
        corner("all scores equal", vec![(false, FLAT, NONE), (true, FLAT, LEFT)],
            [DEFINED, ["", "", ONE_SCORE], ["", ONE_SCORE, ONE_SCORE]], Some(0.15)),
        // All of the region is found at a rate of 4/12: a line with three times the slope of the diagonal.
        corner("all scores equal in each image", vec![(false, FLAT, NONE), (true, [0.75; 8], LEFT)],
            [DEFINED, FEW, DEFINED], Some(0.45)),
        corner("both zeros, which tie", vec![(false, [0.0; 8], NONE), (true, [-0.0; 8], LEFT)],
            [DEFINED, ["", "", ONE_SCORE], ["", ONE_SCORE, ONE_SCORE]], Some(0.15)),
        corner("the largest and the least of scores", vec![(false, [f32::MIN; 8], NONE), (true, [f32::MAX; 8], LEFT)],
            [DEFINED, FEW, ["", FAR, FAR]], Some(0.45)),
    ]
}

fn measured(images: &[Image], protocol: ProtocolName) -> ClassEvaluation {
    let measure =
        Measure { protocol, metrics: Metric::ALL.to_vec(), image_score: Some(ImageScore::Max), ..Measure::default() };
    let mut collector = Collector::new(["nut"], measure);
    for (anomalous, map, mask) in images {
        let mask = mask.map(|marked| marked == 1);
        let (anomalous, size) = (*anomalous, [2, 4]);
        collector
            .add(Observation { class: 0, id: "1", score: None, anomalous, map, mask: Some(&mask), size })
            .expect("the observation is sound");
    }
    collector.finish().expect("nothing was spilled").classes.remove(0)
}

/// Which of the three reasons is that of a metric.
fn group(metric: Metric) -> usize {
    match metric {
        Metric::ImageAuroc | Metric::ImageAp | Metric::ImageF1 => 0,
        Metric::PixelAuroc | Metric::PixelAp | Metric::PixelF1 | Metric::PixelIou | Metric::PixelDice => 1,
        Metric::Pro => 2,
    }
}

#[test]
fn every_metric_of_every_protocol_is_defined_or_says_why() {
    assert_eq!(ProtocolName::ALL.map(ProtocolName::name), ["exact", "diad", "ader"]);
    for Corner { name, images, reasons, .. } in corners() {
        for (protocol, reasons) in ProtocolName::ALL.into_iter().zip(reasons) {
            let class = measured(&images, protocol);
            assert_eq!(class.metrics.len(), Metric::ALL.len());
            for (metric, value) in &class.metrics {
                let expected = match reasons[group(*metric)] {
                    "" => None,
                    reason => Some(format!("class `nut` has {reason}")),
                };
                assert_eq!(value.reason(), expected.as_deref(), "{name}: {} under {}", metric.name(), protocol.name());
                let is_share = value.value().is_none_or(|value| (0.0..=1.0).contains(&value));
                assert!(is_share && value.value().is_some() == expected.is_none(), "{name}: {value:?}");
            }
        }
    }
}

/// AUROC, average precision, the largest F1 and the largest IoU, by counting at each score.
fn counted(items: &[(f32, bool)]) -> [f64; 4] {
    let of = |kind: bool| items.iter().filter(move |item| item.1 == kind).map(|item| item.0);
    let won = |a: f32, b: f32| if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 };
    let pairs = of(true).flat_map(|a| of(false).map(move |b| won(a, b)));
    let auroc = pairs.clone().sum::<f64>() / pairs.count() as f64;
    let positives = of(true).count() as f64;
    // What is called anomalous from a score on, and how much of it is.
    let at = |score: f32| {
        let called = items.iter().filter(|item| item.0 >= score);
        (called.clone().count() as f64, called.filter(|item| item.1).count() as f64)
    };
    let precision = of(true).map(at).map(|(called, right)| right / called).sum::<f64>() / positives;
    let largest = |share: &dyn Fn(f64, f64) -> f64| {
        items.iter().map(|item| at(item.0)).map(|(called, right)| share(called, right)).fold(0.0, f64::max)
    };
    let f1 = largest(&|called, right| 2.0 * right / (called + positives));
    let iou = largest(&|called, right| right / (called + positives - right));
    [auroc, precision, f1, iou]
}

#[test]
fn what_is_defined_is_what_counting_gives() {
    for Corner { name, images, reasons, pro } in corners() {
        let largest = |map: &[f32; 8]| map.iter().copied().fold(f32::MIN, f32::max);
        let scores: Vec<(f32, bool)> = images.iter().map(|(anomalous, map, _)| (largest(map), *anomalous)).collect();
        let pixels: Vec<(f32, bool)> =
            images.iter().flat_map(|(_, map, mask)| map.iter().copied().zip(mask.map(|marked| marked == 1))).collect();
        let (of_images, of_pixels) = (counted(&scores), counted(&pixels));
        for (protocol, reasons) in ProtocolName::ALL.into_iter().zip(reasons) {
            for (metric, value) in measured(&images, protocol).metrics {
                let expected = match metric {
                    Metric::ImageAuroc => of_images[0],
                    Metric::ImageAp => of_images[1],
                    Metric::ImageF1 => of_images[2],
                    // Counted in bins there.
                    Metric::PixelAuroc | Metric::PixelAp if protocol == ProtocolName::Ader => continue,
                    Metric::PixelAuroc => of_pixels[0],
                    Metric::PixelAp => of_pixels[1],
                    Metric::PixelF1 | Metric::PixelDice => of_pixels[2],
                    Metric::PixelIou => of_pixels[3],
                    Metric::Pro if protocol != ProtocolName::Exact => continue,
                    Metric::Pro => pro.unwrap_or(f64::NAN),
                };
                if reasons[group(metric)].is_empty() {
                    let found = value.value().expect("it is defined");
                    let what = format!("{name}: {} under {}", metric.name(), protocol.name());
                    // The code of ADer adds 1e-8 where it divides.
                    let tolerance = if protocol == ProtocolName::Ader { 1e-7 } else { 1e-9 };
                    assert!((found - expected).abs() < tolerance, "{what} is {found}, not {expected}");
                }
            }
        }
    }
}
