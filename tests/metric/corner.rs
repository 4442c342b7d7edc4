//! What every metric is, under every protocol, where there is little to measure: a number by definition or a reason.

use std::fmt::Write;

use diadc::evaluate::collect::{Collector, Observation};
use diadc::measure::{ImageScore, Measure, Metric, ProtocolName};

/// An image: whether it is called anomalous, its map of 2x4 and its mask.
type Image = (bool, [f32; 8], [u8; 8]);

const LEFT: [u8; 8] = [1, 1, 0, 0, 1, 1, 0, 0];
const NONE: [u8; 8] = [0; 8];
const ALL: [u8; 8] = [1; 8];
const RISING: [f32; 8] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
const FOUND: [f32; 8] = [0.9, 0.8, 0.1, 0.1, 0.9, 0.9, 0.0, 0.2];
const FLAT: [f32; 8] = [0.5; 8];

fn corners() -> Vec<(&'static str, Vec<Image>)> {
    vec![
        ("one good and one defective image, found", vec![(false, RISING.map(|s| s / 2.0), NONE), (true, FOUND, LEFT)]),
        ("no image at all", vec![]),
        ("no defective image", vec![(false, RISING, NONE), (false, FOUND, NONE)]),
        ("no good image", vec![(true, FOUND, LEFT), (true, RISING, LEFT)]),
        ("a defective image whose mask is empty", vec![(false, RISING, NONE), (true, FOUND, NONE)]),
        ("a defective image that is anomalous all over", vec![(true, FOUND, ALL)]),
        ("all scores equal", vec![(false, FLAT, NONE), (true, FLAT, LEFT)]),
        ("all scores equal in each image", vec![(false, FLAT, NONE), (true, [0.75; 8], LEFT)]),
        ("both zeros, which tie", vec![(false, [0.0; 8], NONE), (true, [-0.0; 8], LEFT)]),
        ("the largest and the least of scores", vec![(false, [f32::MIN; 8], NONE), (true, [f32::MAX; 8], LEFT)]),
    ]
}

fn shown(images: &[Image], protocol: ProtocolName) -> String {
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
    let class = collector.finish().expect("nothing was spilled").classes.remove(0);
    let mut text = format!("{}: {} good, {} anomalous\n", protocol.name(), class.images.good, class.images.anomalous);
    for (metric, value) in &class.metrics {
        let value =
            value.value().map_or_else(|| value.reason().unwrap_or("?").to_owned(), |value| format!("{value:.6}"));
        writeln!(text, "  {:12} {value}", metric.name()).expect("it is a string");
    }
    text
}

#[test]
fn every_metric_of_every_protocol_is_a_number_or_says_why() {
    let mut text = String::new();
    for (name, images) in corners() {
        writeln!(text, "# {name}").expect("it is a string");
        for protocol in ProtocolName::ALL {
            text += &shown(&images, protocol);
        }
    }
    insta::assert_snapshot!(text);
}
