//! The curves behind the metrics: by hand, and as properties of the thinned ones.

use diadc::evaluate::collect::{Collector, Observation};
use diadc::evaluate::curve::{ClassCurves, Point, REGION_STEP, STEP};
use diadc::evaluate::evaluation::ClassEvaluation;
use diadc::measure::{ImageScore, Measure, Metric};

/// The metrics and the curves of some maps of one class, in rows of `width`.
fn measured(maps: &[(Vec<f32>, Vec<bool>)], width: usize) -> (ClassEvaluation, ClassCurves) {
    let measure = Measure { image_score: Some(ImageScore::Max), pro_limit: 1.0, ..Measure::default() };
    let mut collector = Collector::new(["nut"], measure).with_region_curves();
    for (index, (map, mask)) in maps.iter().enumerate() {
        let (id, anomalous, size) = (index.to_string(), mask.contains(&true), [map.len() / width, width]);
        collector
            .add(Observation { class: 0, id: &id, score: None, anomalous, map, mask: Some(mask), size })
            .expect("the observation is sound");
    }
    let mut measured = collector.measured(&mut |_, _| ()).expect("nothing was spilled");
    (measured.evaluation.classes.remove(0), measured.curves.remove(0))
}

fn places(points: &[Point]) -> Vec<(f64, f64)> {
    points.iter().map(|point| (point.x, point.y)).collect()
}

#[test]
fn the_curves_of_a_map_are_those_by_hand() {
    let map = vec![0.9, 0.4, 0.5, 0.1, 0.4, 0.4];
    let (_, curves) = measured(&[(map, vec![true, true, false, false, true, false])], 6);
    let third = 1.0 / 3.0;
    let roc = [(0.0, 0.0), (0.0, third), (third, third), (2.0 * third, 1.0), (1.0, 1.0)];
    assert_eq!(places(&curves.pixel_roc), roc);
    let thresholds: Vec<_> = curves.pixel_roc.iter().map(|point| point.threshold).collect();
    assert_eq!(
        thresholds,
        [None, Some(0.9), Some(0.4_f32.next_up()), Some(0.4), None].map(|score: Option<f32>| score.map(f64::from))
    );
    assert_eq!(places(&curves.pixel_pr), [(third, 1.0), (1.0, 0.6)]);
    assert_eq!(places(&curves.pro), [(0.0, 0.0), (0.0, 0.25), (third, 0.25), (2.0 * third, 1.0), (1.0, 1.0)]);
    let [first, second] = &curves.regions[..] else { panic!("{:?}", curves.regions) };
    assert_eq!((first.area, first.bounds, &*first.image), (2, [0, 0, 2, 1], "0"));
    assert_eq!(places(&first.points), [(0.0, 0.0), (0.0, 0.5), (third, 0.5), (2.0 * third, 1.0)]);
    assert_eq!((second.area, second.bounds), (1, [4, 0, 5, 1]));
    assert_eq!(places(&second.points), [(0.0, 0.0), (third, 0.0), (2.0 * third, 1.0)]);
}

#[test]
fn a_class_that_lacks_one_kind_has_no_curves() {
    for mask in [vec![false; 4], vec![true; 4]] {
        let (_, curves) = measured(&[(vec![0.0, 0.5, 1.0, 0.5], mask)], 2);
        assert!(curves.image_roc.is_empty() && curves.pixel_roc.is_empty() && curves.pixel_pr.is_empty());
        assert!(curves.pro.is_empty() && curves.regions.is_empty());
    }
}

/// Maps of many scores that nearly separate, without ties.
fn many() -> Vec<(Vec<f32>, Vec<bool>)> {
    let mut state = 7_u32;
    let mut draw = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    let mut map = |number: usize| {
        let inside = |pixel: usize| {
            !number.is_multiple_of(3) && (pixel % 64).abs_diff(20) < 9 && (pixel / 64).abs_diff(30) < 4 * number
        };
        let mask: Vec<bool> = (0..64 * 64).map(inside).collect();
        (mask.iter().map(|&marked| draw() + if marked { 0.4 } else { 0.0 }).collect(), mask)
    };
    (0..9).map(&mut map).collect()
}

/// The area below straight lines.
fn area(points: &[Point]) -> f64 {
    points.windows(2).map(|pair| (pair[1].x - pair[0].x) * f64::midpoint(pair[0].y, pair[1].y)).sum()
}

#[test]
fn thinned_curves_have_the_area_that_the_metrics_say() {
    let (metrics, curves) = measured(&many(), 64);
    let value = |metric: Metric| metrics.metrics[&metric].value().expect("it is defined");
    assert!((area(&curves.pixel_roc) - value(Metric::PixelAuroc)).abs() < STEP);
    assert!((area(&curves.pro) - value(Metric::Pro)).abs() < STEP, "{} {}", area(&curves.pro), value(Metric::Pro));
    assert!((area(&curves.image_roc) - value(Metric::ImageAuroc)).abs() < 1e-12, "so few points are all kept");
    let overlap: f64 = curves
        .regions
        .iter()
        .map(|region| area(&region.points) + 1.0 - region.points.last().map_or(1.0, |p| p.x))
        .sum();
    assert!(
        (overlap / curves.regions.len() as f64 - value(Metric::Pro)).abs() < REGION_STEP,
        "the mean of the regions is PRO"
    );
}

#[test]
fn thinned_curves_are_short_and_rise() {
    let (_, curves) = measured(&many(), 64);
    for points in [&curves.pixel_roc, &curves.pro].into_iter().chain(curves.regions.iter().map(|region| &region.points))
    {
        assert!(points.len() <= (4.0 / STEP) as usize + 2 && points.len() > 20, "{}", points.len());
        assert!(points.windows(2).all(|pair| pair[0].x <= pair[1].x && pair[0].y <= pair[1].y));
        let falling = |pair: &[Point]| pair[0].threshold.zip(pair[1].threshold).is_none_or(|(a, b)| a >= b);
        assert!(points.windows(2).all(falling));
    }
    assert_eq!(curves.regions.len(), 6);
}
