//! The host's random numbers: those of the oracle, unrelated between keys, and of the right distribution.

use diadc::execute::HostData;
use diadc::execute::random::{Key, draw};
use diadc::op::Distribution;

use super::fixture::find;

const KEY: Key<'_> = Key { seed: 7, purpose: "noise", step: 3, sample: 5, iteration: 0 };

#[test]
fn a_stream_is_that_of_an_independent_implementation_bit_by_bit() {
    let pinned = |name| find(name).expect("the oracle writes streams").data;
    assert_eq!(draw(Distribution::Normal, &KEY, 32), pinned("stream/normal"));
    assert_eq!(draw(Distribution::Uniform, &KEY, 64), pinned("stream/uniform"));
    assert_eq!(draw(Distribution::Int { low: 0, high: 1000 }, &KEY, 32), pinned("stream/int"));
}

#[test]
fn numbers_far_along_a_stream_are_those_of_an_independent_implementation() {
    for (distribution, name, count) in
        [(Distribution::Normal, "stream/normal_later", 65_552), (Distribution::Uniform, "stream/uniform_later", 65_568)]
    {
        let later = find(name).expect("the oracle writes streams");
        let later = later.as_floats().expect("floats");
        assert_eq!(floats(distribution, &KEY, count)[count - later.len()..], *later, "{name}");
    }
}

#[test]
fn a_longer_draw_starts_with_the_shorter_one() {
    for distribution in [Distribution::Normal, Distribution::Uniform] {
        let long = floats(distribution, &KEY, 9);
        assert_eq!(floats(distribution, &KEY, 5), long[..5]);
    }
}

#[test]
fn every_field_of_a_key_changes_the_numbers() {
    let keys = [
        Key { seed: 8, ..KEY },
        Key { purpose: "noise2", ..KEY },
        Key { step: 4, ..KEY },
        Key { sample: 6, ..KEY },
        Key { iteration: 1, ..KEY },
        Key { step: 5, sample: 3, ..KEY },
    ];
    let own = floats(Distribution::Uniform, &KEY, 8);
    for key in keys {
        assert_ne!(floats(Distribution::Uniform, &key, 8), own, "{key:?}");
    }
}

#[test]
fn normal_numbers_have_mean_zero_and_variance_one() {
    let count = 200_000;
    let numbers = floats(Distribution::Normal, &KEY, count);
    let moment = |power| numbers.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / count as f64;
    assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.015, "{} {}", moment(1), moment(2));
    assert!(moment(3).abs() < 0.03 && (moment(4) - 3.0).abs() < 0.1, "{} {}", moment(3), moment(4));
}

#[test]
fn uniform_numbers_fill_the_interval_without_its_end() {
    let numbers = floats(Distribution::Uniform, &KEY, 100_000);
    assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
    let mean = numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / 1e5;
    assert!((mean - 0.5).abs() < 0.005, "{mean}");
}

#[test]
fn integers_are_equally_likely_and_within_their_range() {
    let mut counts = [0_u32; 7];
    for number in ints(-3, 4, &KEY, 70_000) {
        counts[usize::try_from(number + 3).expect("at least -3")] += 1;
    }
    assert!(counts.iter().all(|&n| n.abs_diff(10_000) < 500), "{counts:?}");
}

#[test]
fn the_whole_range_of_integers_can_be_drawn_from() {
    let numbers = ints(i64::MIN, i64::MAX, &KEY, 64);
    assert!(numbers.iter().any(|&n| n < 0) && numbers.iter().any(|&n| n > 0));
}

#[test]
fn streams_of_neighbouring_samples_do_not_correlate() {
    let count = 50_000;
    let a = floats(Distribution::Normal, &KEY, count);
    let b = floats(Distribution::Normal, &Key { sample: KEY.sample + 1, ..KEY }, count);
    let product: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>() / count as f64;
    assert!(product.abs() < 0.02, "{product}");
}

#[test]
fn the_stream_of_a_sample_does_not_depend_on_the_batch_it_is_in() {
    let batch = |samples: [u64; 3]| samples.map(|sample| floats(Distribution::Normal, &Key { sample, ..KEY }, 5));
    assert_eq!(batch([4, 5, 6])[1], batch([9, 2, 5])[2]);
}

fn floats(distribution: Distribution, key: &Key<'_>, count: usize) -> Vec<f32> {
    let HostData::Float(numbers) = draw(distribution, key, count) else { panic!("floats are expected") };
    numbers
}

fn ints(low: i64, high: i64, key: &Key<'_>, count: usize) -> Vec<i64> {
    let HostData::Int(numbers) = draw(Distribution::Int { low, high }, key, count) else {
        panic!("integers are expected")
    };
    numbers
}
