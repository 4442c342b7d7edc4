//! From single images to an evaluation.

use diadc::evaluate::collect::{Collector, Count, Observation};
use diadc::evaluate::metric::MetricValue;

fn observation<'a>(class: usize, score: f32, map: &'a [f32], mask: &'a [bool]) -> Observation<'a> {
    Observation { class, id: "bent/003", score, anomalous: mask.contains(&true), map, mask }
}

/// Two classes: `cable` separates its images but not its pixels, `pill` has no good image.
fn collector() -> Collector {
    let mut collector = Collector::new(["cable", "pill"]);
    for (class, score, map, mask) in [
        (0, 0.25, [0.0, 0.5, 0.25, 0.0], [false; 4]),
        (0, 0.75, [0.0, 0.5, 0.75, 0.0], [false, true, true, false]),
        (1, 0.5, [0.125, 0.5, 0.0, 0.0], [false, true, false, false]),
    ] {
        collector.add(observation(class, score, &map, &mask)).expect("the observation is sound");
    }
    collector
}

#[test]
fn each_class_is_measured_over_its_own_images_and_pooled_pixels() {
    let evaluation = collector().finish().expect("the scores are finite");
    let cable = &evaluation.classes[0];
    assert_eq!(cable.images, Count { good: 1, anomalous: 1 });
    assert_eq!(cable.image_auroc, MetricValue::Value(1.0));
    assert_eq!(cable.pixel_auroc, MetricValue::Value(11.5 / 12.0));
    assert_eq!(cable.pixel_ap, MetricValue::Value(0.5 * (1.0 + 2.0 / 3.0)));
    assert_eq!(evaluation.classes[1].pixel_auroc, MetricValue::Value(1.0));
}

#[test]
fn the_mean_is_over_the_classes_where_the_metric_is_defined() {
    let mean = collector().finish().expect("the scores are finite").mean;
    assert_eq!((mean.image_auroc.value.value(), mean.image_auroc.classes), (Some(1.0), 1));
    assert_eq!((mean.pixel_auroc.value.value(), mean.pixel_auroc.classes), (Some(f64::midpoint(11.5 / 12.0, 1.0)), 2));
}

#[test]
fn an_undefined_metric_says_why_in_json() {
    let evaluation = collector().finish().expect("the scores are finite");
    let json = serde_json::to_string(&evaluation.classes[1]).expect("plain data");
    insta::assert_snapshot!(json, @r#"{"class":"pill","images":{"good":0,"anomalous":1},"image_auroc":{"undefined":"class `pill` has no good test images"},"image_ap":{"undefined":"class `pill` has no good test images"},"pixel_auroc":1.0,"pixel_ap":1.0}"#);
}

#[test]
fn an_evaluation_read_back_is_the_same() {
    let evaluation = collector().finish().expect("the scores are finite");
    let json = serde_json::to_string(&evaluation).expect("plain data");
    let again: diadc::evaluate::collect::Evaluation = serde_json::from_str(&json).expect("written by us");
    assert_eq!(again.classes[1], evaluation.classes[1]);
    assert_eq!(again.mean.image_auroc, evaluation.mean.image_auroc);
}

#[test]
fn a_class_without_images_or_maps_says_so() {
    let mut collector = Collector::new(["bottle", "grid"]);
    collector.add(observation(1, 0.5, &[], &[])).expect("a map is not required");
    let evaluation = collector.finish().expect("the scores are finite");
    let reasons: Vec<_> = evaluation
        .classes
        .iter()
        .flat_map(|class| [class.image_ap.reason(), class.pixel_ap.reason()])
        .chain([evaluation.mean.pixel_ap.value.reason()])
        .map(|reason| reason.unwrap_or("defined"))
        .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r"
    class `bottle` has no test images
    class `bottle` has no anomaly maps
    class `grid` has no anomalous test images
    class `grid` has no anomaly maps
    pixel AP is defined for no class
    ");
}

#[test]
fn an_unsound_observation_is_refused_by_name_and_leaves_no_trace() {
    let mut collector = collector();
    let marked = Observation { anomalous: false, ..observation(1, 0.5, &[0.5, 0.5], &[true, false]) };
    let refused = [
        observation(2, 0.5, &[], &[]),
        observation(0, f32::NAN, &[], &[]),
        observation(0, 0.5, &[0.5, 0.5], &[true]),
        observation(0, 0.5, &[f32::INFINITY, 0.5], &[true, false]),
        marked,
    ]
    .map(|observation| collector.add(observation).expect_err("it is unsound").to_string());
    insta::assert_snapshot!(refused.join("\n"), @r"
    class number 2 was observed, but there are only 2 classes
    the score of image `bent/003` of class `cable`: scores that can't be ranked: 1 NaN and 0 infinite, out of 1
    the anomaly map of image `bent/003` of class `cable`: scores and labels differ in number: 2 and 1
    the anomaly map of image `bent/003` of class `cable`: scores that can't be ranked: 0 NaN and 1 infinite, out of 2
    the mask of image `bent/003` of class `pill`: anomalous pixels in an image labelled good: 1 of 2
    ");
    assert_eq!(collector.finish(), self::collector().finish());
}

#[test]
fn the_order_of_images_does_not_change_a_byte() {
    let images: Vec<(f32, [f32; 3])> =
        (0..40_u16).map(|n| (f32::from(n * 37 % 40), [n, n * 3 % 17, 5].map(f32::from))).collect();
    let mut forwards = Collector::new(["hazelnut"]);
    let mut backwards = Collector::new(["hazelnut"]);
    let seen = |index: usize| {
        let mask: &[bool] = if index.is_multiple_of(3) { &[true, false, false] } else { &[false; 3] };
        observation(0, images[index].0, &images[index].1, mask)
    };
    for index in 0..images.len() {
        forwards.add(seen(index)).expect("the observation is sound");
        backwards.add(seen(images.len() - 1 - index)).expect("the observation is sound");
    }
    let [forwards, backwards] = [forwards, backwards].map(|collector| {
        serde_json::to_string(&collector.finish().expect("the scores are finite")).expect("plain data")
    });
    assert_eq!(forwards, backwards);
}
