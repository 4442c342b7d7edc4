//! Learning rates and the length of phases.

use diadc::graph::program::{Length, Schedule};
use diadc::train::{factor, steps};

use super::toy::{phases, program};

#[test]
fn the_rate_rises_then_stays() {
    let schedule = Schedule::Constant { warmup: 4 };
    let rates: Vec<f64> = (0..6).map(|step| factor(schedule, step, 6)).collect();
    assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
}

#[test]
fn the_rate_falls_along_half_a_cosine_to_its_end() {
    let schedule = Schedule::Cosine { warmup: 2, end: 0.2 };
    let rates: Vec<f64> = (0..10).map(|step| factor(schedule, step, 10)).collect();
    assert_eq!(rates[..3], [0.5, 1.0, 1.0]);
    assert!((rates[6] - 0.6).abs() < 1e-12, "half of the way down");
    assert!(rates[2..].is_sorted_by(|a, b| a >= b));
    assert!((factor(schedule, 10, 10) - 0.2).abs() < 1e-12);
}

#[test]
fn a_phase_shorter_than_its_warmup_only_rises() {
    let schedule = Schedule::Cosine { warmup: 10, end: 0.0 };
    assert_eq!(factor(schedule, 4, 5), 0.5);
}

#[test]
fn epochs_are_counted_in_images() {
    let mut phase = phases(&mut program())[0].clone();
    phase.length = Length::Epochs(3);
    (phase.batch, phase.accumulate) = (4, 2);
    assert_eq!(steps(&phase, 16), 6);
    assert_eq!(steps(&phase, 17), 7);
    phase.length = Length::Steps(9);
    assert_eq!(steps(&phase, 17), 9);
}
