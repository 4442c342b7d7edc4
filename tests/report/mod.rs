//! Reports: the table, the JSON, the page and the pictures, of a small evaluation made by hand.

mod files;
mod html;
mod json;
mod picture;
mod table;

use diadc::evaluate::curve::{ClassCurves, Point};
use diadc::evaluate::decision::Confusion;
use diadc::evaluate::evaluation::{ClassEvaluation, Count, Evaluation, Mean};
use diadc::evaluate::metric::MetricValue;
use diadc::fact::Precision;
use diadc::measure::{Measure, Metric, ProtocolName};
use diadc::report::{
    DataFacts, Example, FileFacts, LossCurve, Panel, Provenance, Report, SpecFacts, TestScore, Verdict, Verdicts,
};
use image::{Rgb, RgbImage};

const METRICS: [Metric; 4] = [Metric::ImageAuroc, Metric::ImageAp, Metric::PixelAuroc, Metric::PixelAp];

fn class(class: &str, good: usize, anomalous: usize, values: [MetricValue; 4]) -> ClassEvaluation {
    let images = Count { good, anomalous };
    ClassEvaluation { class: class.to_owned(), images, metrics: METRICS.into_iter().zip(values).collect() }
}

/// Two classes, of which the second has no good images.
fn evaluation() -> Evaluation {
    let undefined = || MetricValue::Undefined { reason: "class `pill` has no good test images".to_owned() };
    let metal_nut = [0.9876, 1.0, 0.95, 0.4321].map(MetricValue::Value);
    let [pixel_auroc, pixel_ap] = [0.75, 0.5].map(MetricValue::Value);
    let pill = [undefined(), undefined(), pixel_auroc, pixel_ap];
    let classes = vec![class("metal_nut", 22, 93, metal_nut), class("pill", 0, 7, pill)];
    Evaluation {
        protocol: ProtocolName::Exact,
        pro_limit: 0.3,
        image_score: "model".to_owned(),
        meaning: Measure::default().words(),
        mean: METRICS.into_iter().map(|metric| (metric, Mean::of(metric, &classes))).collect(),
        classes,
        variation: None,
    }
}

/// The same images by another protocol.
fn by_diad() -> Evaluation {
    let measure = Measure::default().under(ProtocolName::Diad);
    Evaluation {
        protocol: ProtocolName::Diad,
        image_score: measure.image_score().to_string(),
        meaning: measure.words(),
        ..evaluation()
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn example(id: &str, defect: Option<&str>) -> Example {
    let panel = |label: &str| Panel { label: label.to_owned(), image: RgbImage::from_pixel(8, 8, Rgb([9, 8, 7])) };
    Example {
        class: "metal_nut".to_owned(),
        id: id.to_owned(),
        defect: defect.map(str::to_owned),
        score: 0.5,
        remark: None,
        panels: ["input", "reconstruction", "heat map", "mask"].map(panel).to_vec(),
    }
}

fn provenance() -> Provenance {
    Provenance {
        date: "2026-01-31T12:00:00Z".to_owned(),
        command: ["diadc", "run", "specs/mini.diad", "--set", "a=[1, 2]"].map(str::to_owned).to_vec(),
        version: "0.1.0".to_owned(),
        spec: SpecFacts {
            name: "mini".to_owned(),
            path: "specs/mini.diad".to_owned(),
            model: "Mini".to_owned(),
            text_sha256: "9f86d081".to_owned(),
            program_sha256: "60303ae2".to_owned(),
            score_sha256: "fd61a03a".to_owned(),
        },
        settings: [pair("a", "[1, 2]")].into(),
        params: [pair("size", "64"), pair("a", "[1, 2]")].into(),
        weights: Some(FileFacts { path: "w.pth".into(), sha256: "a4e624d6".to_owned() }),
        data: Some(DataFacts {
            name: "toy".to_owned(),
            folder: None,
            classes: ["metal_nut", "pill"].map(str::to_owned).to_vec(),
            train: 40,
            test: 122,
            sources: Vec::new(),
            list_sha256: "86d08188".to_owned(),
        }),
        seed: 7,
        draws: 1,
        device: "cpu".to_owned(),
        precision: Precision::F32,
        protocols: vec![ProtocolName::Exact],
    }
}

/// The score of an image of the first class.
fn score(number: u16, defect: Option<&str>) -> TestScore {
    TestScore {
        class: "metal_nut".to_owned(),
        id: format!("{number:03}.png"),
        defect: defect.map(str::to_owned),
        score: f32::from(number) / 10.0,
    }
}

/// A diagonal, and the curve of a perfect score.
fn curves() -> ClassCurves {
    let line = |points: &[(f64, f64)]| points.iter().map(|&(x, y)| Point { threshold: None, x, y }).collect();
    let perfect: Vec<Point> = line(&[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
    ClassCurves {
        class: "metal_nut".to_owned(),
        image_roc: perfect.clone(),
        image_pr: line(&[(0.0, 1.0), (1.0, 1.0)]),
        pixel_roc: line(&[(0.0, 0.0), (1.0, 1.0)]),
        pixel_pr: line(&[(0.0, 1.0), (1.0, 0.5)]),
        pro: perfect,
        regions: Vec::new(),
    }
}

/// A report in which every part has something.
fn report() -> Report {
    let points = (0..5000_u32).map(|step| (u64::from(step), 1.0 / f64::from(step + 1))).collect();
    Report {
        provenance: provenance(),
        evaluations: vec![evaluation()],
        published: None,
        losses: vec![LossCurve { objective: "denoise".to_owned(), points }],
        colours: [0.25, 1.5],
        curves: vec![curves()],
        verdicts: Verdicts {
            origin: "the spec has fitted the threshold".to_owned(),
            classes: vec![Verdict {
                class: "metal_nut".to_owned(),
                threshold: 0.35,
                confusion: Confusion { found: 2, missed: 1, passed: 3, false_alarms: 0 },
            }],
        },
        scores: (0..4)
            .map(|number| score(number, None))
            .chain((3..6).map(|number| score(number, Some("bent"))))
            .collect(),
        mistakes: vec![Example { remark: Some("not below 1 of 3".to_owned()), ..example("test/good/003.png", None) }],
        examples: vec![example("test/good/000.png", None), example("test/bent/001.png", Some("bent"))],
        timings: vec![("train".to_owned(), 63.5)],
    }
}
