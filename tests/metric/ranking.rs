//! The corners: what can't be ranked, what has no metric, and what ties.

use diadc::evaluate::metric::{Bits, MetricError, Ranking, Undefined, auroc, average_precision};

fn ranking(scores: &[f32], labels: &[bool]) -> Ranking {
    Ranking::new(scores, labels).expect("the scores are finite")
}

#[test]
fn scores_that_are_no_numbers_are_counted_and_refused() {
    let scores = [0.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::NAN];
    let refused = Ranking::new(&scores, &[true; 6][..]).expect_err("some are NaN");
    assert_eq!(refused, MetricError::NotFinite { nan: 3, infinite: 2, of: 6 });
    assert_eq!(refused.to_string(), "scores that can't be ranked: 3 NaN and 2 infinite, out of 6");
}

#[test]
fn labels_of_another_length_are_refused() {
    let refused = Ranking::new(&[0.5, 0.25], &[true][..]).expect_err("one label is missing");
    assert_eq!(refused.to_string(), "scores and labels differ in number: 2 and 1");
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
    }
}

#[test]
fn equal_scores_are_chance() {
    let ranked = ranking(&[0.25; 8], &[true, false, false, false, false, false, true, false]);
    assert_eq!(auroc(&ranked), Ok(0.5));
    assert_eq!(average_precision(&ranked), Ok(0.25));
}

#[test]
fn worse_than_chance_stays_worse_than_chance() {
    assert_eq!(auroc(&ranking(&[0.0, 1.0, 2.0], &[true, false, false])), Ok(0.0));
}

#[test]
fn both_zeros_are_one_score() {
    let ranked = ranking(&[0.0, -0.0, -0.0, 0.0], &[true, true, false, false]);
    assert_eq!(ranked.ties().count(), 1);
    assert_eq!(auroc(&ranked), Ok(0.5));
}

#[test]
fn scores_one_step_apart_do_not_tie() {
    let low = 0.7_f32;
    let ranked = ranking(&[low.next_up(), low], &[true, false]);
    assert_eq!(auroc(&ranked), Ok(1.0));
}

#[test]
fn packed_labels_are_the_labels() {
    let labels: Vec<bool> = (0..777).map(|index| index % 7 == 0 || index % 64 == 63).collect();
    let mut bits = Bits::default();
    for part in labels.chunks(50) {
        bits.extend_from_slice(part);
    }
    assert_eq!(bits.len(), labels.len());
    assert_eq!((0..labels.len()).map(|index| bits.get(index)).collect::<Vec<_>>(), labels);
    let scores: Vec<f32> = (0..777_u16).map(|index| f32::from(index * 31 % 101)).collect();
    let packed = Ranking::new(&scores, &bits).expect("the scores are finite");
    assert_eq!(packed, ranking(&scores, &labels));
}
