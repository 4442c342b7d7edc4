//! How much scores differ between draws, by hand.

use diadc::evaluate::evaluation::{ClassVariation, Variation};
use diadc::evaluate::variation::DrawScores;
use diadc::measure::ProtocolName;

fn near(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() < 1e-12)
}

fn finish(scores: DrawScores, draws: u64) -> Variation {
    scores.finish(draws, &ProtocolName::Exact.rules()).expect("the scores are finite")
}

/// Over draws the variances of `cable` are 2, 2 and 0, and the means of its images are 2, 6 and 2.
fn scores() -> DrawScores {
    let mut scores = DrawScores::new(["cable", "pill"]);
    scores.add(0, false, vec![1.0, 3.0]);
    scores.add(0, true, vec![5.0, 7.0]);
    scores.add(0, false, vec![2.0, 2.0]);
    scores.add(1, true, vec![4.0, 1.0]);
    scores.add(1, false, vec![0.0, 3.0]);
    scores
}

#[test]
fn the_deviation_over_draws_is_compared_with_that_between_the_images_of_a_class() {
    let variation = finish(scores(), 2);
    let [cable, pill] = &variation.classes[..] else { panic!("there are two classes") };
    assert_eq!((variation.draws, variation.images, cable.images), (2, 5, 3));
    assert!(near(Some(cable.over_draws), (4.0_f64 / 3.0).sqrt()));
    assert!(near(cable.between_images, (16.0_f64 / 3.0).sqrt()));
    // Of `pill`, both variances are 4.5, and the means are 2.5 and 1.5.
    let share = 4.5_f64.sqrt() / 0.5_f64.sqrt();
    assert!(near(Some(pill.over_draws), 4.5_f64.sqrt()));
    assert!(near(variation.share, f64::midpoint(0.5, share)));
}

#[test]
fn image_auroc_of_a_draw_is_the_mean_over_classes() {
    assert_eq!(finish(scores(), 2).image_auroc, [1.0, 0.5]);
    assert!(finish(scores(), 2).words().contains("image AUROC of single draws is 50.0 to 100.0"));
}

#[test]
fn a_second_draw_of_some_images_tells_the_deviation_but_no_auroc() {
    let mut scores = DrawScores::new(["cable", "pill"]);
    scores.add(0, false, vec![1.0]);
    let again = scores.add(0, true, vec![5.0]);
    scores.add(1, true, vec![9.0]);
    scores.again(again, 7.0);
    let variation = finish(scores, 1);
    let expected = ClassVariation {
        class: "cable".to_owned(),
        images: 1,
        over_draws: 2.0_f64.sqrt(),
        between_images: Some(12.5_f64.sqrt()),
    };
    assert_eq!(variation.classes, [expected]);
    assert!(near(variation.share, 0.4) && variation.image_auroc.is_empty());
    let words = variation.words();
    assert!(words.contains("a second draw of 1 image,") && words.contains("40.0 %"), "{words}");
}

#[test]
fn equal_images_are_nothing_to_compare_draws_with() {
    let mut scores = DrawScores::new(["cable", "pill"]);
    scores.add(0, false, vec![2.0, 2.0]);
    scores.add(0, true, vec![2.0, 2.0]);
    scores.add(1, true, vec![1.0, 2.0]);
    let variation = finish(scores, 2);
    assert_eq!((variation.share, variation.classes[1].between_images), (None, None));
    assert!(variation.words().contains("no class has images of different scores"));
}

#[test]
fn a_class_without_good_images_has_no_part_in_the_image_auroc_of_a_draw() {
    let mut scores = DrawScores::new(["cable", "pill"]);
    scores.add(0, true, vec![2.0, 1.0]);
    scores.add(1, true, vec![1.0, 2.0]);
    scores.add(1, false, vec![2.0, 1.0]);
    assert_eq!(finish(scores, 2).image_auroc, [0.0, 1.0]);
}
