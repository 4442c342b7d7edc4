//! Coresets: the rows of the oracle, those of the plain algorithm, and nothing that depends on portions or threads.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use diadc::execute::random::Key;
use diadc::execute::{Coreset, CoresetError, CoresetSettings, Seen, farthest_first};
use proptest::prelude::*;
use safetensors::SafeTensors;

use super::numbers;

static FIXTURE: LazyLock<SafeTensors<'static>> =
    LazyLock::new(|| SafeTensors::deserialize(include_bytes!("coreset.safetensors")).expect("the fixture is whole"));

const KEY: Key<'_> = Key { seed: 7, purpose: "bank", step: 0, sample: 0, iteration: 0 };

/// Numbers of a row in the fixture.
const WIDTH: usize = 24;

fn rows() -> Vec<f32> {
    let data = FIXTURE.tensor("rows").expect("the oracle writes rows").data();
    data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// The places of rows that the oracle chooses, in the order of their choice.
fn oracle(name: &str) -> Vec<usize> {
    let data = FIXTURE.tensor(&format!("{name}/chosen")).expect("the oracle writes cases").data();
    data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as usize).collect()
}

/// The coreset of rows that come in portions of so many.
fn coreset(settings: CoresetSettings, rows: &[f32], width: usize, portion: usize) -> (Vec<f32>, Seen) {
    let mut coreset = Coreset::new(settings, width, &KEY);
    rows.chunks(portion * width).for_each(|rows| coreset.push(rows).expect("finite numbers"));
    coreset.finish(&mut |_| ControlFlow::Continue(())).expect("there are enough rows")
}

fn take(rows: &[f32], width: usize, places: &[usize]) -> Vec<f32> {
    places.iter().flat_map(|place| rows[place * width..][..width].iter().copied()).collect()
}

/// The plain algorithm: all distances are kept up to date, in double precision.
fn plain(rows: &[f32], width: usize, first: usize, count: usize) -> Vec<usize> {
    let rows: Vec<&[f32]> = rows.chunks_exact(width).collect();
    let mut nearest = vec![f64::INFINITY; rows.len()];
    let mut chosen = vec![first];
    while chosen.len() < count {
        let last = *chosen.last().expect("one is chosen");
        for (row, nearest) in rows.iter().zip(&mut nearest) {
            let mut sums = [0.0; 4];
            for (i, (a, b)) in row.iter().zip(rows[last]).enumerate() {
                sums[i % 4] += (f64::from(*a) - f64::from(*b)).powi(2);
            }
            *nearest = nearest.min((sums[0] + sums[1]) + (sums[2] + sums[3]));
        }
        nearest[last] = -1.0;
        let mut next = 0;
        for (row, distance) in nearest.iter().enumerate() {
            if *distance > nearest[next] {
                next = row;
            }
        }
        chosen.push(next);
    }
    chosen
}

#[test]
fn the_rows_are_those_of_an_independent_implementation() {
    let rows = rows();
    let all = CoresetSettings { count: 500, project: None, at_most: 1000 };
    let some = CoresetSettings { count: 120, project: None, at_most: 250 };
    let cases = [
        ("as_they_are", all),
        ("projected", CoresetSettings { count: 300, project: Some(7), ..all }),
        ("some", some),
        ("some_projected", CoresetSettings { project: Some(40), ..some }),
    ];
    for (name, settings) in cases {
        let (chosen, seen) = coreset(settings, &rows, WIDTH, 64);
        assert!(chosen == take(&rows, WIDTH, &oracle(name)), "{name}: other rows");
        assert_eq!(seen, Seen { seen: 700, kept: settings.at_most.min(700) }, "{name}");
    }
}

#[test]
fn neither_portions_nor_threads_change_the_rows() {
    let rows = rows();
    let settings = CoresetSettings { count: 150, project: Some(9), at_most: 400 };
    let own = coreset(settings, &rows, WIDTH, 700);
    for portion in [1, 3, 31, 32, 33, 500] {
        assert!(coreset(settings, &rows, WIDTH, portion) == own, "portions of {portion} rows");
    }
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        assert!(pool.install(|| coreset(settings, &rows, WIDTH, 64)) == own, "{threads} threads");
    }
}

#[test]
fn many_rows_are_chosen_as_by_the_plain_algorithm() {
    // More than are followed at each choice, so that thresholds sink often.
    for (count, width, spread) in [(5000, 6, 1), (3000, 33, 1), (4000, 12, 40)] {
        let mut rows = numbers(count * width, width as u64);
        // Clouds of different size around the first rows.
        for row in spread..count * usize::from(spread > 1) {
            for i in 0..width {
                rows[row * width + i] =
                    rows[row % spread * width + i] + rows[row * width + i] / (1 + row % 7) as f32 / 9.0;
            }
        }
        let chosen = farthest_first(&rows, width, count / 3, count / 5);
        assert_eq!(chosen, plain(&rows, width, count / 3, count / 5), "{count} rows of {width}");
    }
}

#[test]
fn equal_rows_are_chosen_last_and_each_once() {
    let mut rows = numbers(40 * 3, 1);
    rows.extend_from_within(..);
    let chosen = farthest_first(&rows, 3, 50, 80);
    let mut sorted = chosen.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..80).collect::<Vec<_>>());
    let mut first: Vec<usize> = chosen[..40].iter().map(|row| row % 40).collect();
    first.sort_unstable();
    assert_eq!(first, (0..40).collect::<Vec<_>>());
    assert!(chosen[40..].is_sorted());
}

#[test]
fn numbers_of_any_size_are_compared_exactly() {
    // Squares of some are too large for single precision, those of others too small.
    for size in [1e-30, 1e-22, 1e18, 1e30] {
        let rows: Vec<f32> = numbers(600 * 5, 3).into_iter().map(|x| x * size).collect();
        assert_eq!(farthest_first(&rows, 5, 0, 90), plain(&rows, 5, 0, 90), "{size:e}");
    }
}

#[test]
fn too_few_rows_and_numbers_that_are_not_finite_are_errors() {
    let settings = CoresetSettings { count: 11, project: None, at_most: 20 };
    let mut few = Coreset::new(settings, 2, &KEY);
    few.push(&numbers(20, 1)).expect("finite numbers");
    let error = few.finish(&mut |_| ControlFlow::Continue(())).expect_err("ten rows are too few");
    assert_eq!(error, CoresetError::TooFew { rows: 10, count: 11 });

    let mut broken = Coreset::new(settings, 2, &KEY);
    broken.push(&numbers(6, 1)).expect("finite numbers");
    let error = broken.push(&[0.0, 0.0, 1.0, f32::NAN]).expect_err("NaN has no distance");
    assert_eq!(error, CoresetError::NotFinite { row: 4 });
}

#[test]
fn a_choice_reports_its_progress_and_can_be_broken_off() {
    let settings = CoresetSettings { count: 30, project: None, at_most: 100 };
    let mut coreset = Coreset::new(settings, 2, &KEY);
    coreset.push(&numbers(200, 1)).expect("finite numbers");
    let mut told = Vec::new();
    let stopped = coreset.finish(&mut |chosen| {
        told.push(chosen);
        if chosen == 12 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped, Err(CoresetError::Stopped));
    assert_eq!(told, (2..=12).collect::<Vec<_>>());
}

#[test]
fn a_shorter_choice_begins_a_longer_one() {
    let rows = rows();
    assert_eq!(farthest_first(&rows, WIDTH, 5, 40), farthest_first(&rows, WIDTH, 5, 200)[..40]);
}

proptest! {
    #[test]
    fn small_integers_are_chosen_as_by_the_plain_algorithm(
        (width, rows, first, count) in (1_usize..6, 1_usize..120).prop_flat_map(|(width, rows)| {
            let numbers = prop::collection::vec(-3_i8..=3, width * rows);
            (Just(width), numbers, 0..rows, 1..=rows)
        })
    ) {
        let rows: Vec<f32> = rows.into_iter().map(f32::from).collect();
        let chosen = farthest_first(&rows, width, first, count);
        let plain = plain(&rows, width, first, count);
        prop_assert_eq!(chosen, plain);
    }
}
