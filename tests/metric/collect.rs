//! From single images to an evaluation.

use diadc::evaluate::collect::{Collector, Observation};
use diadc::evaluate::evaluation::{ClassEvaluation, Count};
use diadc::measure::{Measure, Metric};

fn observation<'a>(class: usize, score: f32, map: &'a [f32], mask: &'a [bool]) -> Observation<'a> {
    let size = [1, map.len()];
    Observation {
        class,
        id: "bent/003",
        score: Some(score.into()),
        anomalous: mask.contains(&true),
        map,
        mask: Some(mask),
        size,
    }
}

fn value(class: &ClassEvaluation, metric: Metric) -> Option<f64> {
    class.metrics[&metric].value()
}

/// Two classes: `cable` separates its images but not its pixels, `pill` has no good image.
fn collector() -> Collector {
    let mut collector = Collector::new(["cable", "pill"], Measure::default());
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
    assert_eq!(value(cable, Metric::ImageAuroc), Some(1.0));
    assert_eq!(value(cable, Metric::PixelAuroc), Some(11.5 / 12.0));
    assert_eq!(value(cable, Metric::PixelAp), Some(0.5 * (1.0 + 2.0 / 3.0)));
    assert_eq!(value(cable, Metric::PixelF1), Some(0.8));
    assert_eq!(value(&evaluation.classes[1], Metric::PixelAuroc), Some(1.0));
}

#[test]
fn the_mean_is_over_the_classes_where_the_metric_is_defined() {
    let mean = collector().finish().expect("the scores are finite").mean;
    let of = |metric| (mean[&metric].value.value(), mean[&metric].classes);
    assert_eq!(of(Metric::ImageAuroc), (Some(1.0), 1));
    assert_eq!(of(Metric::PixelAuroc), (Some(f64::midpoint(11.5 / 12.0, 1.0)), 2));
}

#[test]
fn an_undefined_metric_says_why_in_json() {
    let evaluation = collector().finish().expect("the scores are finite");
    let json = serde_json::to_string(&evaluation.classes[1]).expect("plain data");
    insta::assert_snapshot!(json, @r#"{"class":"pill","images":{"good":0,"anomalous":1},"metrics":{"image_auroc":{"undefined":"class `pill` has no good test images"},"image_ap":{"undefined":"class `pill` has no good test images"},"image_f1":{"undefined":"class `pill` has no good test images"},"pixel_auroc":1.0,"pixel_ap":1.0,"pixel_f1":1.0,"pro":1.0}}"#);
}

#[test]
fn an_evaluation_read_back_is_the_same() {
    let evaluation = collector().finish().expect("the scores are finite");
    let json = serde_json::to_string(&evaluation).expect("plain data");
    let again: diadc::evaluate::evaluation::Evaluation = serde_json::from_str(&json).expect("written by us");
    assert_eq!(again.classes[1], evaluation.classes[1]);
    assert_eq!(again.protocol, evaluation.protocol);
    assert!(again.metrics().eq(evaluation.metrics()));
}

#[test]
fn a_class_without_images_or_maps_says_so() {
    let mut collector = Collector::new(["bottle", "grid"], Measure::default());
    collector.add(observation(1, 0.5, &[], &[])).expect("a map is not required");
    let evaluation = collector.finish().expect("the scores are finite");
    let reasons: Vec<_> = evaluation
        .classes
        .iter()
        .flat_map(|class| [Metric::ImageAp, Metric::PixelAp].map(|metric| class.metrics[&metric].reason()))
        .chain([evaluation.mean[&Metric::PixelAp].value.reason()])
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
    let misshapen = Observation { size: [2, 2], ..observation(0, 0.5, &[0.5, 0.5], &[false, true]) };
    let refused = [
        observation(2, 0.5, &[], &[]),
        observation(0, f32::NAN, &[], &[]),
        observation(0, 0.5, &[0.5, 0.5], &[true]),
        observation(0, 0.5, &[f32::INFINITY, 0.5], &[true, false]),
        marked,
        misshapen,
        Observation { score: None, ..observation(0, 0.0, &[], &[]) },
    ]
    .map(|observation| collector.add(observation).expect_err("it is unsound").to_string());
    insta::assert_snapshot!(refused.join("\n"), @r"
    class number 2 was observed, but there are only 2 classes
    the score of image `bent/003` of class `cable`: scores that can't be ranked: 1 NaN and 0 infinite, out of 1
    the anomaly map of image `bent/003` of class `cable`: scores and labels differ in number: 2 and 1
    the anomaly map of image `bent/003` of class `cable`: scores that can't be ranked: 0 NaN and 1 infinite, out of 2
    the mask of image `bent/003` of class `pill`: anomalous pixels in an image labelled good: 1 of 2
    the anomaly map of image `bent/003` of class `cable`: 2 values for a map of 2x2
    the score of image `bent/003` of class `cable`: there is no image score; choose one that is made of the anomaly map, such as `max`
    ");
    assert_eq!(collector.finish(), self::collector().finish());
}

#[test]
fn the_order_of_images_does_not_change_a_byte() {
    let images: Vec<(f32, [f32; 3])> =
        (0..40_u16).map(|n| (f32::from(n * 37 % 40), [n, n * 3 % 17, 5].map(f32::from))).collect();
    let mut forwards = Collector::new(["hazelnut"], Measure::default());
    let mut backwards = Collector::new(["hazelnut"], Measure::default());
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

#[test]
fn scores_that_went_to_a_file_give_the_same_numbers() {
    let evaluate = |budget: usize| {
        let mut collector = Collector::new(["grid", "tile"], Measure::default()).with_budget(budget);
        for number in 0..12_u32 {
            let map: Vec<f32> = (0..4096).map(|pixel| ((pixel * 37 + number * 101) % 997) as f32).collect();
            let mask: Vec<bool> = map.iter().map(|&score| number % 3 == 0 && score > 700.0).collect();
            let class = number as usize % 2;
            let size = [64, 64];
            let observation = Observation { size, ..observation(class, number as f32, &map, &mask) };
            collector.add(observation).expect("the observation is sound");
        }
        collector.finish().expect("the file can be read")
    };
    assert_eq!(evaluate(0), evaluate(usize::MAX));
    assert_eq!(evaluate(20_000), evaluate(usize::MAX));
}
