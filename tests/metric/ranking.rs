//! The corners: what can't be ranked, what has no metric, and what ties.

use diadc::evaluate::metric::{
    MetricError, Ranking, Regions, Scores, Undefined, auroc, average_precision, f1_max, pro,
};

fn ranking(scores: &[f32], labels: &[bool]) -> Ranking<f32> {
    super::ranking(scores.iter().copied().zip(labels.iter().copied()))
}

#[test]
fn scores_that_are_no_numbers_are_counted_and_refused() {
    let scores = [0.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::NAN];
    let refused = Scores::default().add_map(&scores, &Regions::of(&[true; 6], 6)).expect_err("some are NaN");
    assert_eq!(refused, MetricError::NotFinite { nan: 3, infinite: 2, of: 6 });
    assert_eq!(refused.to_string(), "scores that can't be ranked: 3 NaN and 2 infinite, out of 6");
}

#[test]
fn a_metric_without_both_kinds_is_undefined_not_a_number() {
    for (labels, why) in [
        (&[][..], Undefined::Empty),
        (&[false, false][..], Undefined::NoPositives),
        (&[true, true][..], Undefined::NoNegatives),
    ] {
        let ranked = ranking(&vec![0.5; labels.len()], labels);
        assert_eq!(auroc(&ranked), Err(why));
        assert_eq!(average_precision(&ranked), Err(why));
        assert_eq!(f1_max(&ranked), Err(why));
        assert_eq!(pro(&ranked, 0.3), Err(why));
    }
}

#[test]
fn equal_scores_are_chance() {
    let ranked = ranking(&[0.25; 8], &[true, false, false, false, false, false, true, false]);
    assert_eq!(auroc(&ranked), Ok(0.5));
    assert_eq!(average_precision(&ranked), Ok(0.25));
    assert_eq!(f1_max(&ranked), Ok(0.4));
    assert_eq!(pro(&ranked, 0.3), Ok(0.15), "half of the limit, as below a diagonal");
}

#[test]
fn worse_than_chance_stays_worse_than_chance() {
    assert_eq!(auroc(&ranking(&[0.0, 1.0, 2.0], &[true, false, false])), Ok(0.0));
}

#[test]
fn both_zeros_are_one_score() {
    let ranked = ranking(&[0.0, -0.0, -0.0, 0.0], &[true, true, false, false]);
    assert_eq!(ranked.steps().count(), 1);
    assert_eq!(auroc(&ranked), Ok(0.5));
}

#[test]
fn scores_one_step_apart_do_not_tie() {
    let low = 0.7_f32;
    let ranked = ranking(&[low.next_up(), low], &[true, false]);
    assert_eq!(auroc(&ranked), Ok(1.0));
}

#[test]
fn regions_touch_at_corners_and_not_around_the_edge() {
    #[rustfmt::skip]
    let mask = [
        1, 0, 0, 1, 1,
        0, 1, 0, 0, 0,
        0, 0, 0, 0, 1,
        1, 0, 0, 1, 1,
        1, 0, 1, 0, 0,
    ].map(|pixel| pixel == 1);
    let mut areas = Regions::of(&mask, 5).areas().to_vec();
    areas.sort_unstable();
    assert_eq!(areas, [2, 2, 2, 4]);
}

#[test]
fn a_region_that_closes_below_is_one() {
    #[rustfmt::skip]
    let mask = [
        1, 0, 1, 0, 1,
        1, 0, 1, 0, 1,
        0, 1, 0, 1, 0,
    ].map(|pixel| pixel == 1);
    assert_eq!(Regions::of(&mask, 5).areas(), [8]);
    assert_eq!(Regions::of(&[], 0).count(), 0);
}

#[test]
fn regions_count_the_same_whatever_their_size() {
    // One of two regions is found, at no false positive: half of the overlap, though 9 of 10 pixels.
    let mut mask = [false; 40];
    mask[..9].fill(true);
    mask[20] = true;
    let map: Vec<f32> = (0..40_u8).map(|pixel| if pixel < 9 { 1.0 } else { 0.0 }).collect();
    let mut scores = Scores::default();
    scores.add_map(&map, &Regions::of(&mask, 40)).expect("the scores are finite");
    let area = pro(&scores.rank(&[]).expect("nothing was spilled"), 0.3).expect("there are regions");
    assert!((area - 0.575).abs() < 1e-12, "half, and half of what the diagonal to the tie adds: {area}");
}
