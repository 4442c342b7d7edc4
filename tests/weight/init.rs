//! First values of weights.

use diadc::graph::program::Init;

use super::{first_values, with};

#[test]
fn a_weight_begins_the_same_whatever_stands_beside_it() {
    let normal = Init::Normal { mean: 0.0, std: 1.0 };
    let alone = first_values(&with(&[("b", &[3, 2], normal.clone())]), 1);
    let both = first_values(&with(&[("a", &[5], normal.clone()), ("b", &[3, 2], normal.clone())]), 1);
    assert_eq!(alone[0], both[1]);
    assert_ne!(first_values(&with(&[("b", &[3, 2], normal.clone())]), 2), alone);
    assert_ne!(first_values(&with(&[("c", &[3, 2], normal)]), 1), alone);
}

#[test]
fn copies_of_copies_begin_as_the_original() {
    let weights = first_values(
        &with(&[
            ("c", &[4], Init::CopyOf("b".to_owned())),
            ("b", &[4], Init::CopyOf("a".to_owned())),
            ("a", &[4], Init::Uniform { low: -0.5, high: 0.5 }),
        ]),
        1,
    );
    assert_eq!(weights[0], weights[2]);
    assert_eq!(weights[1], weights[2]);
}

#[test]
fn first_values_have_the_distribution_asked_for() {
    let weights = first_values(
        &with(&[
            ("normal", &[20_000], Init::Normal { mean: 3.0, std: 2.0 }),
            ("uniform", &[20_000], Init::Uniform { low: -0.5, high: 0.5 }),
            ("constant", &[2], Init::Constant(1.5)),
        ]),
        1,
    );
    let floats = |place: usize| weights[place].as_floats().expect("weights are floats");
    let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
    let spread = |v: &[f32]| mean(&v.iter().map(|x| (x - mean(v)).powi(2)).collect::<Vec<_>>()).sqrt();
    assert!((mean(floats(0)) - 3.0).abs() < 0.06 && (spread(floats(0)) - 2.0).abs() < 0.05);
    assert!(floats(1).iter().all(|x| x.abs() <= 0.5));
    assert!((spread(floats(1)) - 0.5 / 3.0_f32.sqrt()).abs() < 0.01);
    assert_eq!(floats(2), [1.5, 1.5]);
}

#[test]
fn orthogonal_values_have_length_one_and_nothing_in_common() {
    for shape in [&[5, 5][..], &[4, 9], &[9, 4], &[3, 2, 3, 3], &[40, 3, 2, 2], &[1, 7]] {
        let weights = first_values(&with(&[("w", shape, Init::Orthogonal)]), 3);
        let numbers = weights[0].as_floats().expect("weights are floats");
        let (rows, columns) = (shape[0], numbers.len() / shape[0]);
        let vector = |k: usize| -> Vec<f64> {
            let take = |at: usize| f64::from(numbers[at]);
            if rows <= columns {
                (0..columns).map(|i| take(k * columns + i)).collect()
            } else {
                (0..rows).map(|i| take(i * columns + k)).collect()
            }
        };
        for a in 0..rows.min(columns) {
            for b in 0..=a {
                let product: f64 = vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum();
                assert!((product - f64::from(u8::from(a == b))).abs() < 1e-6, "{shape:?}: {a} and {b}: {product}");
            }
        }
    }
}

#[test]
fn a_permutation_has_one_place_in_each_row_and_no_column_twice() {
    let weights = first_values(&with(&[("w", &[30, 50], Init::Permutation), ("v", &[30, 50], Init::Permutation)]), 3);
    let columns: Vec<Vec<usize>> = weights
        .iter()
        .map(|weight| {
            let rows = weight.as_floats().expect("weights are floats").chunks(50);
            rows.map(|row| {
                assert_eq!(row.iter().sum::<f32>(), 1.0);
                row.iter().position(|x| *x == 1.0).expect("a row has a place")
            })
            .collect()
        })
        .collect();
    for columns in &columns {
        let mut sorted = columns.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 30);
        assert!(!columns.is_sorted());
    }
    assert_ne!(columns[0], columns[1]);
}

#[test]
fn a_truncated_normal_stays_within_its_range_and_a_uniform_begins_where_it_is_told() {
    let truncated = Init::TruncatedNormal { mean: 0.5, std: 2.0, low: -1.5, high: 2.5 };
    let uniform = Init::Uniform { low: 3.0, high: 5.0 };
    let weights = first_values(&with(&[("t", &[50_000], truncated), ("u", &[50_000], uniform)]), 3);
    let moments = |weight: &diadc::execute::HostTensor| {
        let numbers: Vec<f64> = weight.as_floats().expect("floats").iter().map(|x| f64::from(*x)).collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / numbers.len() as f64;
        let (low, high) = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        (mean, variance.sqrt(), low, high)
    };
    // Cut at one standard deviation on both sides, that of a normal distribution falls to 0.53956 of it.
    let (mean, std, low, high) = moments(&weights[0]);
    assert!((mean - 0.5).abs() < 0.02 && (std - 2.0 * 0.539_56).abs() < 0.01, "{mean} {std}");
    assert!((-1.5..-1.4).contains(&low) && (2.4..=2.5).contains(&high), "{low} {high}");
    let (mean, std, low, high) = moments(&weights[1]);
    assert!((mean - 4.0).abs() < 0.02 && (std - 2.0 / 12.0_f64.sqrt()).abs() < 0.01, "{mean} {std}");
    assert!((3.0..3.01).contains(&low) && (4.99..=5.0).contains(&high), "{low} {high}");
}
