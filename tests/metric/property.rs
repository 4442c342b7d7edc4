//! What holds of the metrics whatever the scores.

use diadc::evaluate::metric::{Ranking, auroc, average_precision, f1_max, iou_max};
use proptest::prelude::*;

fn ranking(items: &[(f32, bool)]) -> Ranking<f32> {
    super::ranking(items.iter().copied())
}

/// Small integers as scores, so that ties are common and maps of them are exact.
fn items() -> impl Strategy<Value = Vec<(f32, bool)>> {
    prop::collection::vec(((-20_i8..20).prop_map(f32::from), any::<bool>()), 0..120)
}

/// Items with any finite score.
fn many_items() -> impl Strategy<Value = Vec<(f32, bool)>> {
    let score = any::<f32>().prop_filter("finite", |score| score.is_finite());
    prop::collection::vec((score, any::<bool>()), 4000..10_000)
}

fn mapped(items: &[(f32, bool)], map: impl Fn(f32) -> f32) -> Vec<(f32, bool)> {
    items.iter().map(|&(score, label)| (map(score), label)).collect()
}

/// AUROC by its definition: over all pairs, won 1, tied 1/2.
fn auroc_by_pairs(items: &[(f32, bool)]) -> f64 {
    let of = |kind| items.iter().filter(move |item| item.1 == kind);
    let pairs = of(true).flat_map(|positive| of(false).map(move |negative| (positive.0, negative.0)));
    let won = |(positive, negative): (f32, f32)| match positive.total_cmp(&negative) {
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 1.0,
    };
    pairs.clone().map(won).sum::<f64>() / pairs.count() as f64
}

/// Average precision by its definition: each anomalous item counts the precision at its own score.
fn average_precision_by_items(items: &[(f32, bool)]) -> f64 {
    let precision_at = |score: f32| {
        let called: Vec<_> = items.iter().filter(|item| item.0 >= score).collect();
        called.iter().filter(|item| item.1).count() as f64 / called.len() as f64
    };
    let positives: Vec<_> = items.iter().filter(|item| item.1).collect();
    positives.iter().map(|item| precision_at(item.0)).sum::<f64>() / positives.len() as f64
}

proptest! {
    #[test]
    fn auroc_is_the_share_of_pairs_in_the_right_order(items in items()) {
        if let Ok(area) = auroc(&ranking(&items)) {
            prop_assert!((area - auroc_by_pairs(&items)).abs() < 1e-12);
        }
    }

    #[test]
    fn average_precision_is_the_mean_precision_at_anomalous_items(items in items()) {
        if let Ok(precision) = average_precision(&ranking(&items)) {
            prop_assert!((precision - average_precision_by_items(&items)).abs() < 1e-12);
        }
    }

    #[test]
    fn strictly_increasing_maps_change_nothing(items in items()) {
        let ranked = ranking(&items);
        for increasing in [|s: f32| 3.0 * s - 7.0, |s: f32| s * s * s, f32::exp2, |s: f32| s * 1e-30] {
            let other = ranking(&mapped(&items, increasing));
            prop_assert_eq!(auroc(&ranked), auroc(&other));
            prop_assert_eq!(average_precision(&ranked), average_precision(&other));
        }
    }

    #[test]
    fn negated_scores_have_the_complementary_auroc(items in items()) {
        if let Ok(area) = auroc(&ranking(&items)) {
            let negated = auroc(&ranking(&mapped(&items, |score| -score))).expect("the labels are the same");
            prop_assert!((area + negated - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_order_of_the_items_does_not_matter((items, shuffled) in items().prop_flat_map(|items| {
        (Just(items.clone()), Just(items).prop_shuffle())
    })) {
        prop_assert_eq!(ranking(&items), ranking(&shuffled));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn anomalous_items_are_walked_in_order_and_good_ones_counted_between(items in many_items()) {
        let ranked = ranking(&items);
        let mut higher = f32::INFINITY;
        for step in ranked.steps() {
            let score = step.key.score();
            let good = |wanted: &dyn Fn(f32) -> bool| {
                items.iter().filter(|item| !item.1 && wanted(item.0)).count() as u64
            };
            prop_assert_eq!(step.passed, good(&|other| score < other && other < higher));
            prop_assert_eq!(step.negatives, good(&|other| other == score));
            prop_assert_eq!(step.positives, items.iter().filter(|item| item.1 && item.0 == score).count() as u64);
            higher = score;
        }
        let positives: u64 = ranked.steps().map(|step| step.positives).sum();
        prop_assert_eq!(positives, items.iter().filter(|item| item.1).count() as u64);
    }
}

proptest! {
    #[test]
    fn f1_max_is_the_highest_f1_of_any_threshold(items in items()) {
        if let Ok(highest) = f1_max(&ranking(&items)) {
            let of = |threshold: f32| {
                let count = |wanted: &dyn Fn(&(f32, bool)) -> bool| items.iter().filter(|item| wanted(item)).count() as f64;
                let hits = count(&|item| item.1 && item.0 >= threshold);
                2.0 * hits / (count(&|item| item.0 >= threshold) + count(&|item| item.1))
            };
            let expected = items.iter().map(|item| of(item.0)).fold(0.0, f64::max);
            prop_assert!((highest - expected).abs() < 1e-12);
            let iou = iou_max(&ranking(&items)).expect("defined where F1 is");
            prop_assert!((iou - expected / (2.0 - expected)).abs() < 1e-12);
        }
    }
}
