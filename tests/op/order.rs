//! Ranks, quantiles, sums so far, nearest rows and inverses: against torch, at ties, at NaN, and in company.

use diadc::execute::{Composed, HostTensor};
use diadc::fact::Fact;
use diadc::op::{Op, Quantile, Rank, Ranking};

use super::Case;
use super::device::{Own, Plain};
use super::fixture::{agree, fact, gradients, run};
use crate::run::net;

#[test]
fn order_and_neighbours_agree_with_torch() {
    agree(cases());
}

pub(super) fn cases() -> Vec<Case> {
    let rank = |axis, count, ranking| Op::Rank(Rank { axis, count, ranking });
    let ranks = [
        ("rank_up_free", "rank_up_free_5", "rank_up_free_1", 1, Ranking::Ascending),
        ("rank_down_free", "rank_down_free_5", "rank_down_free_1", 1, Ranking::Descending),
        ("rank_up_ties", "rank_up_ties_5", "rank_up_ties_1", 1, Ranking::Ascending),
        ("rank_down_ties", "rank_down_ties_5", "rank_down_ties_1", 1, Ranking::Descending),
        ("rank_up_line", "rank_up_line_5", "rank_up_line_1", 0, Ranking::Ascending),
        ("rank_down_line", "rank_down_line_5", "rank_down_line_1", 0, Ranking::Descending),
    ];
    let ranks = ranks.into_iter().flat_map(|(all, five, one, axis, ranking)| {
        [(all, None), (five, Some(5)), (one, Some(1))].map(|(name, count)| (name, rank(axis, count, ranking)))
    });
    let quantile = |q, axes: &[usize], keep| Op::Quantile(Quantile { q, axes: axes.to_vec(), keep });
    let quantiles = [
        ("quantile_0", "quantile_0_keep", "quantile_0_all", "quantile_0_both", 0.0),
        ("quantile_1", "quantile_1_keep", "quantile_1_all", "quantile_1_both", 1.0),
        ("quantile_half", "quantile_half_keep", "quantile_half_all", "quantile_half_both", 0.5),
        ("quantile_30", "quantile_30_keep", "quantile_30_all", "quantile_30_both", 0.3),
        ("quantile_999", "quantile_999_keep", "quantile_999_all", "quantile_999_both", 0.999),
    ];
    let quantiles = quantiles.into_iter().flat_map(|(own, keep, all, both, q)| {
        let axes: [(_, &[usize], _); 4] =
            [(own, &[1], false), (keep, &[1], true), (all, &[0, 1, 2], false), (both, &[0, 2], false)];
        axes.map(|(name, axes, keep)| (name, quantile(q, axes, keep)))
    });
    let near = [
        ("nearest_some", "nearest_index_some", 3),
        ("nearest_one", "nearest_index_one", 1),
        ("nearest_all", "nearest_index_all", 6),
        ("nearest_row", "nearest_index_row", 4),
        ("nearest_deep", "nearest_index_deep", 9),
        ("nearest_far", "nearest_index_far", 5),
    ];
    let near = near.into_iter().flat_map(|(distances, places, count)| {
        [(distances, Op::Nearest { count }), (places, Op::NearestIndex { count })]
    });
    let others = [
        ("rank_first", rank(0, None, Ranking::Ascending)),
        ("rank_last", rank(2, None, Ranking::Descending)),
        ("take_0", Op::Take { axis: 0 }),
        ("take_1", Op::Take { axis: 1 }),
        ("take_last", Op::Take { axis: 3 }),
        ("take_line", Op::Take { axis: 0 }),
        ("take_int", Op::Take { axis: 1 }),
        ("take_bool", Op::Take { axis: 1 }),
        ("cumsum_0", Op::Cumulate { axis: 0, from_end: false }),
        ("cumsum_1", Op::Cumulate { axis: 1, from_end: false }),
        ("cumsum_2", Op::Cumulate { axis: 2, from_end: false }),
        ("inverse_definite", Op::Inverse),
        ("inverse_one", Op::Inverse),
        ("inverse_large", Op::Inverse),
        ("inverse_any", Op::Inverse),
        ("inverse_symmetric", Op::Inverse),
        ("inverse_number", Op::Inverse),
    ];
    ranks.chain(quantiles).chain(near).chain(others).collect()
}

/// The output on the processor, which must be that of other devices.
fn output(op: &Op, inputs: &[HostTensor]) -> HostTensor {
    let facts: Vec<Fact> = inputs.iter().map(fact).collect();
    let inferred = op.infer(&facts.iter().collect::<Vec<_>>()).expect("the inputs fit");
    let shape = inferred.shape.known().expect("all extents are known");
    let own = run::<Own>(op, inputs, &shape).into_host().expect("the device works");
    let composed = run::<Composed<Plain>>(op, inputs, &shape).into_host().expect("the device works");
    assert_eq!(format!("{own:?}"), format!("{composed:?}"), "{op}");
    own
}

fn floats(shape: &[usize], numbers: &[f32]) -> HostTensor {
    HostTensor::floats(shape, numbers.to_vec())
}

#[test]
fn nan_is_larger_than_every_number_and_first_among_extremes() {
    let nan = f32::NAN;
    let x = floats(&[6], &[1.0, nan, -0.0, f32::INFINITY, 0.0, f32::NEG_INFINITY]);
    let places = |count, ranking| {
        let places = output(&Op::Rank(Rank { axis: 0, count, ranking }), std::slice::from_ref(&x));
        places.as_ints().expect("places are ints").to_vec()
    };
    assert_eq!(places(None, Ranking::Ascending), [5, 2, 4, 0, 3, 1]);
    assert_eq!(places(None, Ranking::Descending), [1, 3, 0, 2, 4, 5]);
    assert_eq!(places(Some(2), Ranking::Least), [1, 5]);
    let quantile = |q| output(&Op::Quantile(Quantile { q, axes: vec![0], keep: false }), std::slice::from_ref(&x));
    assert!(quantile(0.0).as_floats().expect("floats")[0].is_nan());
    assert!(quantile(0.9).as_floats().expect("floats")[0].is_nan());
}

#[test]
fn of_equally_near_rows_the_first_comes_first() {
    let rows = floats(&[5, 2], &[3.0, 4.0, 0.0, 5.0, 9.0, 9.0, -5.0, 0.0, 0.0, 5.0]);
    let x = floats(&[1, 2], &[0.0, 0.0]);
    let inputs = [x, rows];
    assert_eq!(output(&Op::NearestIndex { count: 5 }, &inputs).as_ints(), Some([0, 1, 3, 4, 2].as_slice()));
    assert_eq!(output(&Op::Nearest { count: 4 }, &inputs).as_floats(), Some([5.0; 4].as_slice()));
}

#[test]
fn a_row_with_nan_is_nobodys_neighbour_while_there_are_others() {
    let nan = f32::NAN;
    let rows = floats(&[3, 2], &[nan, 0.0, 1.0, 0.0, 2.0, 0.0]);
    let x = floats(&[2, 2], &[0.0, 0.0, nan, nan]);
    let places = output(&Op::NearestIndex { count: 3 }, &[x.clone(), rows.clone()]);
    assert_eq!(places.as_ints(), Some([1, 2, 0, 0, 1, 2].as_slice()));
    let distances = output(&Op::Nearest { count: 3 }, &[x, rows]);
    let distances = distances.as_floats().expect("floats");
    assert_eq!(distances[..2], [1.0, 2.0]);
    assert!(distances[2..].iter().all(|x| x.is_nan()));
}

#[test]
fn distances_are_exact_where_products_would_cancel() {
    // Rows that are alike to the last digits, far from zero, and squares that single precision does not hold.
    for (base, step) in [(1.0e4, 0.001_953_125), (1.0e30, 1.0e25), (1.0e-30, 1.0e-33)] {
        let rows: Vec<f32> = (0..60).flat_map(|i| [base + step * i as f32, base, -base]).collect();
        let x = rows[..30].to_vec();
        let inputs = [floats(&[10, 3], &x), floats(&[60, 3], &rows)];
        let found = output(&Op::Nearest { count: 60 }, &inputs);
        for (x, found) in x.chunks_exact(3).zip(found.as_floats().expect("floats").chunks_exact(60)) {
            let far = |row: &[f32]| {
                let squares = row.iter().zip(x).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
                squares.sum::<f64>().sqrt() as f32
            };
            let mut expected: Vec<f32> = rows.chunks_exact(3).map(far).collect();
            expected.sort_by(f32::total_cmp);
            assert_eq!(found, expected, "around {base:e}");
        }
    }
}

#[test]
fn neither_company_nor_threads_change_what_is_nearest() {
    let (x, rows) = (net::floats(&[70, 19], 1), net::floats(&[333, 19], 2));
    let numbers = |x: &HostTensor| x.as_floats().expect("floats").to_vec();
    let whole = numbers(&output(&Op::Nearest { count: 7 }, &[x.clone(), rows.clone()]));
    for row in [0, 31, 32, 69] {
        let alone = floats(&[1, 19], &numbers(&x)[row * 19..][..19]);
        assert_eq!(numbers(&output(&Op::Nearest { count: 7 }, &[alone, rows.clone()])), whole[row * 7..][..7]);
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        let again = pool.install(|| numbers(&output(&Op::Nearest { count: 7 }, &[x.clone(), rows.clone()])));
        assert_eq!(again, whole, "{threads} threads");
    }
}

#[test]
fn a_row_at_distance_zero_has_no_gradient() {
    let rows = floats(&[2, 2], &[1.0, 2.0, 4.0, 6.0]);
    let (_, gradients) = gradients::<Own>(
        &Op::Nearest { count: 2 },
        &[floats(&[1, 2], &[1.0, 2.0]), rows],
        &floats(&[1, 2], &[1.0, 1.0]),
    );
    assert_eq!(gradients[0].1.as_floats(), Some([-0.6, -0.8].as_slice()));
    assert_eq!(gradients[1].1.as_floats(), Some([0.0, 0.0, 0.6, 0.8].as_slice()));
}

#[test]
fn the_inverse_of_a_symmetric_matrix_is_symmetric_and_that_of_a_singular_one_is_nan() {
    let size = 40;
    let half = net::floats(&[size, size], 5);
    let half = half.as_floats().expect("floats");
    let product = |i: usize, j: usize| (0..size).map(|k| half[i * size + k] * half[j * size + k]).sum::<f32>();
    let matrix: Vec<f32> =
        (0..size * size).map(|at| product((at / size).min(at % size), (at / size).max(at % size))).collect();
    let inverse = output(&Op::Inverse, &[floats(&[size, size], &matrix)]);
    let inverse = inverse.as_floats().expect("floats");
    for at in 0..size * size {
        assert_eq!(inverse[at].to_bits(), inverse[at % size * size + at / size].to_bits());
    }
    // Two samples have no covariance of three variables.
    let (a, b) = ([0.3_f32, -1.7, 2.9], [1.1_f32, 0.4, -0.6]);
    let covariance: Vec<f32> = (0..9).map(|at| a[at / 3] * a[at % 3] + b[at / 3] * b[at % 3]).collect();
    for singular in [covariance, vec![0.0; 9], vec![1.0; 9], vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 0.0, 1.0, 5.0]] {
        let found = output(&Op::Inverse, &[floats(&[3, 3], &singular)]);
        assert!(found.as_floats().expect("floats").iter().all(|x| x.is_nan()), "{singular:?}");
    }
    let scaled = output(&Op::Inverse, &[floats(&[2, 2], &[1e6, 0.0, 0.0, 1e-6])]);
    assert_eq!(scaled.as_floats(), Some([1e-6, 0.0, 0.0, 1e6].as_slice()));
}

#[test]
fn long_sums_keep_their_digits() {
    let numbers: Vec<f32> = (0..200_000_u32).map(|i| 1000.0 + (i % 7) as f32).collect();
    let mut sum = 0.0;
    let exact: Vec<f32> = numbers
        .iter()
        .map(|x| {
            sum += f64::from(*x);
            sum as f32
        })
        .collect();
    let found = output(&Op::Cumulate { axis: 0, from_end: false }, &[floats(&[numbers.len()], &numbers)]);
    assert!(found.as_floats() == Some(exact.as_slice()));
}
