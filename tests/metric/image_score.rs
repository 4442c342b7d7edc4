//! One number of a map, by each rule.

use diadc::evaluate::image_score::image_score;
use diadc::evaluate::metric::MetricError;
use diadc::measure::ImageScore;

const MAP: [f32; 12] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0];

fn score(rule: ImageScore) -> Result<f64, MetricError> {
    image_score(rule, Some(0.25), &MAP, [3, 4])
}

#[test]
fn each_rule_gives_its_number() {
    assert_eq!(score(ImageScore::Model), Ok(0.25));
    assert_eq!(score(ImageScore::Max), Ok(11.0));
    assert_eq!(score(ImageScore::Top { k: 3 }), Ok(10.0));
    assert_eq!(score(ImageScore::Top { k: 1000 }), Ok(5.5));
    assert_eq!(score(ImageScore::TopShare { share: 0.25 }), Ok(10.0));
    assert_eq!(score(ImageScore::TopShare { share: 0.3 }), Ok(10.0));
    assert_eq!(score(ImageScore::TopShare { share: 0.001 }), Ok(11.0));
    assert_eq!(score(ImageScore::TopShare { share: 1.0 }), Ok(5.5));
    assert_eq!(score(ImageScore::Pool { window: 2, rounds: 1 }), Ok(8.5));
    assert_eq!(score(ImageScore::Pool { window: 2, rounds: 2 }), Ok(6.0));
    assert_eq!(score(ImageScore::Pool { window: 1, rounds: 5 }), Ok(11.0));
}

#[test]
fn pools_larger_than_the_map_are_refused() {
    let refused = score(ImageScore::Pool { window: 2, rounds: 3 }).expect_err("two rounds are the most");
    assert_eq!(refused.to_string(), "a map of 3x4 is too small for 3 pools of 2x2; choose another image score");
    assert!(score(ImageScore::Pool { window: 0, rounds: 1 }).is_err());
}

#[test]
fn what_is_not_there_is_not_made_up() {
    assert_eq!(image_score(ImageScore::Model, None, &MAP, [3, 4]), Err(MetricError::NoScore));
    assert_eq!(image_score::<f32>(ImageScore::Max, Some(1.0), &[], [0, 0]), Err(MetricError::NoMap));
}

#[test]
fn a_share_is_as_many_values_as_it_says_also_where_its_product_is_rounded() {
    let map: Vec<f32> = (0..100_u8).map(f32::from).collect();
    for count in 1..=100_usize {
        let share = count as f64 / 100.0;
        let all = image_score(ImageScore::Top { k: count }, None, &map, [10, 10]);
        assert_eq!(image_score(ImageScore::TopShare { share }, None, &map, [10, 10]), all, "{share}");
    }
}
