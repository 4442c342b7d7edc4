//! What holds of the metrics whatever the scores.

use diadc::evaluate::metric::{Ranking, auroc, average_precision};
use proptest::prelude::*;

fn ranking(items: &[(f32, bool)]) -> Ranking {
    let (scores, labels): (Vec<f32>, Vec<bool>) = items.iter().copied().unzip();
    Ranking::new(&scores, &labels[..]).expect("the scores are finite")
}

/// Small integers as scores, so that ties are common and maps of them are exact.
fn items() -> impl Strategy<Value = Vec<(f32, bool)>> {
    prop::collection::vec(((-20_i8..20).prop_map(f32::from), any::<bool>()), 0..120)
}

/// Items with any finite score, enough of them to be sorted by radix.
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
    fn many_scores_are_sorted_as_floats_are(items in many_items()) {
        let mut scores: Vec<f32> = items.iter().map(|item| item.0 + 0.0).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let ties = ranking(&items).ties().collect::<Vec<_>>();
        let walked: Vec<f32> = ties
            .iter()
            .flat_map(|tie| std::iter::repeat_n(tie.score, usize::try_from(tie.positives + tie.negatives).unwrap_or(0)))
            .collect();
        prop_assert_eq!(walked, scores);
        let positives: u64 = ties.iter().map(|tie| tie.positives).sum();
        prop_assert_eq!(positives, items.iter().filter(|item| item.1).count() as u64);
    }
}
