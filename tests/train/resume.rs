//! Whole runs, also stopped and resumed.

use std::error::Error;
use std::sync::Mutex;

use diadc::train::{Sampler, Samples};

use super::toy::{Images, losses, phases, program, train, train_on};

#[test]
fn a_run_that_was_stopped_anywhere_ends_with_the_same_weights_and_losses() {
    let whole = train(&program(), None, false, None).expect("it trains");
    assert!(whole.outcome.is_finished);
    assert_eq!(whole.outcome.curve.len(), 12);
    for stop in [1, 5, 8, 10, 12] {
        let folder = tempfile::tempdir().expect("a folder");
        let first = train(&program(), Some(folder.path()), false, Some(stop)).expect("it trains");
        assert_eq!(first.outcome.curve.len(), stop);
        assert_eq!(first.outcome.is_finished, stop == 12);
        let second = train(&program(), Some(folder.path()), true, None).expect("it goes on");
        assert!(second.outcome.is_finished);
        assert_eq!(second.heard.lines, whole.heard.lines[stop..], "after {stop}");
        assert_eq!(second.outcome.curve, whole.outcome.curve, "after {stop}");
        assert_eq!(second.weights, whole.weights, "after {stop}");
    }
}

#[test]
fn objectives_take_turns_and_phases_follow_each_other() {
    let run = train(&program(), None, false, None).expect("it trains");
    let lines: Vec<&str> = run.heard.lines.iter().map(String::as_str).collect();
    assert_eq!(lines[..3], ["1/2 rebuild 1/8", "1/2 tell 2/8", "1/2 rebuild 3/8"]);
    // Two epochs of 7 images are 4 steps of 2 passes over 2 images.
    assert_eq!(lines[8..], ["2/2 rebuild 1/4", "2/2 rebuild 2/4", "2/2 rebuild 3/4", "2/2 rebuild 4/4"]);
    assert_eq!(losses(&run.outcome.curve, 0).len(), 8);
}

#[test]
fn training_makes_the_loss_smaller_and_moves_the_statistic() {
    let mut program = program();
    phases(&mut program)[0].length = diadc::graph::program::Length::Steps(120);
    let run = train(&program, None, false, None).expect("it trains");
    let losses = losses(&run.outcome.curve, 0);
    assert!(losses[losses.len() - 1] < 0.5 * losses[0], "from {} to {}", losses[0], losses[losses.len() - 1]);
    assert_ne!(run.weights[3].as_floats(), Some([0.0].as_slice()));
}

#[test]
fn checkpoints_are_written_as_often_as_asked_and_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = train(&program(), Some(folder.path()), false, None).expect("it trains");
    // Steps 3 and 6 of the first phase, 3 of the second, and the end.
    assert_eq!(run.heard.checkpoints, 4);
    let again = train(&program(), Some(folder.path()), true, None).expect("there is nothing left to do");
    assert!(again.heard.lines.is_empty());
    assert_eq!(again.weights, run.weights);
}

#[test]
fn no_two_passes_draw_the_same_noise() {
    let mut program = program();
    for phase in phases(&mut program) {
        phase.objectives.truncate(1);
        phase.optimizer =
            diadc::graph::program::Optimizer::Sgd { lr: 0.0, momentum: 0.0, weight_decay: 0.0, nesterov: false };
        phase.length = diadc::graph::program::Length::Steps(6);
    }
    program.functions[0].updates.clear();
    let image = Images { count: 1, broken: None };
    let run = train_on(&program, &image, None, false, None).expect("it trains");
    let mut losses: Vec<u32> = run.outcome.curve.iter().map(|point| point.loss.to_bits()).collect();
    losses.sort_unstable();
    losses.dedup();
    assert_eq!(losses.len(), 12);
}

/// Images that remember which of them were read for which pass.
struct Recorded {
    images: Images,
    read: Mutex<Vec<(u64, usize)>>,
}

impl Samples for Recorded {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn image(&self, index: usize, pass: Option<u64>) -> Result<Vec<f32>, Box<dyn Error + Send + Sync>> {
        self.read.lock().expect("nobody panicked").push((pass.expect("training shows changed images"), index));
        self.images.image(index, pass)
    }

    fn class(&self, index: usize) -> usize {
        self.images.class(index)
    }
}

#[test]
fn images_are_shown_in_the_order_of_the_sampler() {
    let mut program = program();
    program.stages.remove(0);
    let recorded = Recorded { images: Images { count: 7, broken: None }, read: Mutex::default() };
    train_on(&program, &recorded, None, false, None).expect("it trains");
    let mut read = recorded.read.into_inner().expect("nobody panicked");
    // Several threads read at once; what each pass is given does not depend on them.
    read.sort_unstable();
    let order = Sampler::new(5, 0, 7).images(0, 16);
    let mut expected: Vec<(u64, usize)> =
        order.chunks(2).zip(0..).flat_map(|(pair, pass)| pair.iter().map(move |&i| (pass, i))).collect();
    expected.sort_unstable();
    assert_eq!(read, expected);
}
