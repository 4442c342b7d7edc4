//! Rules of a training beside its optimiser: which weights remain, several steps on a batch, and what objectives are given.

use std::error::Error;
use std::sync::Mutex;

use diadc::graph::program::Program;
use diadc::train::{Outcome, Samples};

use super::fit::program;
use super::toy::{Images, Run, train, train_on};

/// A small network that overshoots: the error on held-out images falls and rises again.
fn spec(training: &str) -> Program {
    program(
        &"
block Net() { fn (x) { x |> conv(3, out: 4, padding: 1) @ \"a\" |> tanh |> batch_norm @ \"norm\" |> conv(1, out: 3) @ \"b\" } }
model M {
    data { size = 2  hold_out = 0.3 }
    part net = Net()
    fn error(image) { mean((net(image) - image) ^ 2, axis: [1, 2, 3]) }
    objective rebuilding(image) trains net { mse(net(image), image + 0.3 * random_normal(like: image)) }
    training rebuilding { optimizer = adam(lr: 0.1)  batch = 2 TRAINING }
}"
        .replace("TRAINING", training),
    )
}

fn trained(training: &str) -> Run {
    train(&spec(training), None, false, None).expect("it trains")
}

#[test]
fn the_best_weights_are_those_of_the_step_at_which_they_were_the_best() {
    let all = trained("steps = 12  keep = best(of: error, every: 1)");
    let [remaining] = all.outcome.remaining.as_slice() else { panic!("one training chooses") };
    assert_eq!((remaining.of, remaining.objectives.as_slice()), (12, ["rebuilding".to_owned()].as_slice()));
    assert!(remaining.step < 12, "the test is of a training that overshoots: {remaining:?}");
    let until = trained(&format!("steps = {}", remaining.step));
    assert_eq!(all.weights, until.weights);
    // Evaluating changes nothing of the training.
    let losses = |outcome: &Outcome| outcome.curve.iter().map(|point| point.loss.to_bits()).collect::<Vec<_>>();
    assert_eq!(losses(&all.outcome), losses(&trained("steps = 12").outcome));
}

#[test]
fn patience_ends_a_training() {
    let run = trained("steps = 200  keep = best(of: error, every: 2, patience: 3)");
    let remaining = &run.outcome.remaining[0];
    assert_eq!(remaining.of, remaining.step + 6);
    assert_eq!(run.outcome.curve.len() as u64, remaining.of);
    assert!(run.outcome.is_finished);
}

#[test]
fn averages_are_what_remains() {
    let step = |steps: usize| trained(&format!("steps = {steps}")).weights;
    let (first, second, averaged) = (step(1), step(2), trained("steps = 2  average = 0.75").weights);
    for ((first, second), averaged) in first.iter().zip(&second).zip(&averaged) {
        let [first, second, averaged] = [first, second, averaged].map(|x| x.as_floats().expect("weights are floats"));
        let is_statistic = first.len() == 4 && averaged == second;
        let near = |((a, b), c): ((&f32, &f32), &f32)| (0.75 * a + 0.25 * b - c).abs() < 1e-6;
        assert!(is_statistic || first.iter().zip(second).zip(averaged).all(near));
    }
}

#[test]
fn a_training_that_is_stopped_ends_with_the_same_weights() {
    let texts = [
        "steps = 12  keep = best(of: error, every: 2, patience: 4)  average = 0.8",
        "steps = 11  inner = 3",
        "epochs = 4  keep = best(of: error)",
        "steps = 9  average = 0.5  schedule = step_schedule(at: [0.5])",
    ];
    for text in texts {
        let program = spec(text);
        let whole = train(&program, None, false, None).expect("it trains");
        for stop_after in [1, 4, 5, 7] {
            let folder = tempfile::tempdir().expect("a folder");
            let stopped = train(&program, Some(folder.path()), false, Some(stop_after)).expect("it stops");
            assert!(!stopped.outcome.is_finished, "{text}, {stop_after}");
            let run = train(&program, Some(folder.path()), true, None).expect("it goes on");
            assert_eq!(run.weights, whole.weights, "{text}, {stop_after}");
            assert_eq!(run.outcome.remaining, whole.outcome.remaining, "{text}, {stop_after}");
        }
    }
}

/// Images that remember which were read.
struct Recorded {
    images: Images,
    read: Mutex<Vec<(usize, Option<u64>)>>,
}

impl Samples for Recorded {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn image(&self, index: usize, pass: Option<u64>) -> Result<Vec<f32>, Box<dyn Error + Send + Sync>> {
        self.read.lock().expect("nobody panicked").push((index, pass));
        self.images.image(index, None)
    }

    fn class(&self, index: usize) -> usize {
        self.images.class(index)
    }
}

#[test]
fn inner_steps_are_taken_on_one_batch() {
    let text = |inner: usize, steps: usize| {
        let objective = "objective o(image) trains w { mse(w() * image, 0.5 * image) }";
        program(&format!(
            "block W() {{ fn () {{ weight([]) @ \"w\" }} }} model M {{ data {{ size = 2 }} part w = W() {objective}
             training o {{ optimizer = sgd(lr: 0.1)  batch = 3  steps = {steps}  inner = {inner} }} }}"
        ))
    };
    let recorded = Recorded { images: Images { count: 7, broken: None }, read: Mutex::default() };
    let run = train_on(&text(4, 8), &recorded, None, false, None).expect("it trains");
    assert_eq!(recorded.read.into_inner().expect("nobody panicked").len(), 6, "two batches are read");
    // On one batch the loss falls by the same factor in each step; two batches have two of them.
    let losses: Vec<f32> = run.outcome.curve.iter().map(|point| point.loss).collect();
    let ratio = |step: usize| losses[step + 1] / losses[step];
    assert!((ratio(0) - ratio(1)).abs() < 1e-4 && (ratio(4) - ratio(6)).abs() < 1e-4, "{losses:?}");
    assert!((ratio(0) - ratio(4)).abs() > 1e-3, "{losses:?}");
}

#[test]
fn objectives_are_told_the_step_and_how_far_it_is() {
    let program = program(
        "block W() { fn () { weight([], init: zeros()) @ \"w\" } }
         model M {
             data { size = 2 }
             part w = W()
             objective o(image, step, progress) trains w {
                 to_float(step) + 0.5 * progress + 0 * (w() + mean(image))
             }
             training o { optimizer = sgd(lr: 0.1)  batch = 2  steps = 5 }
         }",
    );
    let run = train(&program, None, false, None).expect("it trains");
    let losses: Vec<f32> = run.outcome.curve.iter().map(|point| point.loss).collect();
    assert_eq!(losses, [0.0, 1.125, 2.25, 3.375, 4.5]);
}

/// Images whose numbers are all their index.
struct Numbered;

impl Samples for Numbered {
    fn len(&self) -> usize {
        5
    }

    fn image(&self, index: usize, _pass: Option<u64>) -> Result<Vec<f32>, Box<dyn Error + Send + Sync>> {
        Ok(vec![index as f32; 12])
    }

    fn class(&self, _index: usize) -> usize {
        0
    }
}

#[test]
fn the_other_image_is_another_one_and_follows_from_the_seed() {
    let program = program(
        "block W() { fn () { weight([], init: ones()) @ \"w\" } }
         model M {
             data { size = 2 }
             part w = W()
             objective o(image, other) trains w {
                 let (a, b) = (mean(image, axis: [1, 2, 3]), mean(other, axis: [1, 2, 3]))
                 sum(10 * a + b) * w()
             }
             training o { optimizer = sgd(lr: 0.0)  batch = 1  steps = 60 }
         }",
    );
    let run = |program: &Program| train_on(program, &Numbered, None, false, None).expect("it trains");
    let all: Vec<u32> = run(&program).outcome.curve.iter().map(|point| point.loss as u32).collect();
    let again: Vec<u32> = run(&program).outcome.curve.iter().map(|point| point.loss as u32).collect();
    assert_eq!(all, again);
    let pairs: Vec<(u32, u32)> = all.iter().map(|pair| (pair / 10, pair % 10)).collect();
    assert!(pairs.iter().all(|(image, other)| image != other && *other < 5), "{pairs:?}");
    let others = |of: u32| pairs.iter().filter(|(image, _)| *image == of).map(|(_, other)| *other).collect::<Vec<_>>();
    assert!((0..5).all(|image| others(image).iter().collect::<std::collections::BTreeSet<_>>().len() > 2));
}

#[test]
fn a_choice_that_is_not_finite_ends_the_run() {
    let program = spec("steps = 4  keep = best(of: |image| log(0 * error(image)), every: 2)");
    let error = train(&program, None, false, None).err().expect("log 0 is not finite").to_string();
    assert!(error.contains("step 2 of `rebuilding`: the function of `best` is -inf"), "{error}");
}
