//! Learning rates and the length of phases.

use diadc::graph::program::{Length, Point, Schedule};
use diadc::train::{factor, steps};

use super::toy::{phases, program};

#[test]
fn the_rate_rises_then_stays() {
    let schedule = Schedule::Constant { warmup: Point::Step(4) };
    let rates: Vec<f64> = (0..6).map(|step| factor(&schedule, step, 6)).collect();
    assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
}

#[test]
fn the_rate_falls_along_half_a_cosine_to_its_end() {
    let schedule = Schedule::Cosine { warmup: Point::Step(2), end: 0.2 };
    let rates: Vec<f64> = (0..10).map(|step| factor(&schedule, step, 10)).collect();
    assert_eq!(rates[..3], [0.5, 1.0, 1.0]);
    assert!((rates[6] - 0.6).abs() < 1e-12, "half of the way down");
    assert!(rates[2..].is_sorted_by(|a, b| a >= b));
    assert!((factor(&schedule, 10, 10) - 0.2).abs() < 1e-12);
}

#[test]
fn a_phase_shorter_than_its_warmup_only_rises() {
    let schedule = Schedule::Cosine { warmup: Point::Step(10), end: 0.0 };
    assert_eq!(factor(&schedule, 4, 5), 0.5);
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
    (phase.length, phase.inner) = (Length::Epochs(3), 4);
    assert_eq!(steps(&phase, 16), 24);
}

#[test]
fn a_step_schedule_is_the_multi_step_rate_of_torch() {
    let fixture: serde_json::Value =
        serde_json::from_str(include_str!("optimizers.json")).expect("the fixture is JSON");
    let expected: Vec<f64> = serde_json::from_value(fixture["rates"].clone()).expect("a list of numbers");
    for at in [vec![Point::Step(6), Point::Step(15)], vec![Point::Share(0.3), Point::Share(0.75)]] {
        let schedule = Schedule::Steps { warmup: Point::Step(0), at, factor: 0.2 };
        let rates: Vec<f64> = (0..20).map(|step| factor(&schedule, step, 20)).collect();
        assert!(rates.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{rates:?}, {expected:?}");
    }
}

#[test]
fn shares_are_of_all_steps() {
    let schedule = Schedule::Cosine { warmup: Point::Share(0.1), end: 0.0 };
    let rates: Vec<f64> = (0..3).map(|step| factor(&schedule, step, 20)).collect();
    assert_eq!(rates, [0.5, 1.0, 1.0]);
    assert_eq!(schedule.idle(20), None);
    let late = Schedule::Steps { warmup: Point::Step(0), at: vec![Point::Step(5), Point::Step(30)], factor: 0.1 };
    let text = late.idle(20).expect("its second step never comes");
    assert_eq!(text, "the learning rate is not changed at step 30: the training has 20 steps");
    assert!(Schedule::Constant { warmup: Point::Step(20) }.idle(20).is_some_and(|text| text.contains("still rises")));
}
