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
            ("a", &[4], Init::Uniform { bound: 0.5 }),
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
            ("uniform", &[20_000], Init::Uniform { bound: 0.5 }),
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
