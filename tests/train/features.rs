//! Features of frozen parts: whether and how many of them are kept changes no number, only what is read and computed.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};

use diadc::graph::program::Program;
use diadc::train::Samples;

use super::fit::program;
use super::toy::train_within;

/// A frozen network before two objectives that take turns, one with noise, and before two fits, the first in two passes.
const SPEC: &str = "
block Net(out: int) {
    fn (x) { x |> conv(3, out: 8, padding: 1) @ \"first\" |> relu |> conv(1, out: out) @ \"second\" |> norm }
    fn norm(x) { x |> batch_norm @ \"norm\" }
}
block Spread() { fn (x) { x / stored([4, 1, 1]) @ \"std\" } }
block Limit() { fn (x) { x / stored([]) @ \"limit\" } }
model M {
    data { size = 4 AUGMENTED }
    part frozen = Net(4)
    part spread = Spread()
    part limit = Limit()
    part head = Net(4)
    part tail = Net(3)

    fit spread(image) {
        let x = frozen(image)
        let centre = mean(x, axis: [0, 2, 3], keep: true)
        {std: sqrt(mean((x - centre) ^ 2, axis: [0, 2, 3])) |> reshape([4, 1, 1])}
    }
    objective copying(image) trains head {
        mse(head(image), spread(frozen(image)))
    }
    objective telling(image, class) trains tail {
        let noisy = frozen(image) + 0.1 * random_normal(like: frozen(image))
        mean(tail(noisy)) + mse(mean(tail(frozen(image)), axis: [1, 2, 3]), to_float(class))
    }
    training copying, telling { optimizer = adamw(lr: 1e-2)  batch = 3  accumulate = 2  steps = 12 }
    fn value(image) { max(abs(spread(frozen(image)) - head(image)), axis: [1, 2, 3]) }
    fit limit(image) { {limit: quantile(value(image), 0.9)} }
    score(image) {
        let map = mean(abs(spread(frozen(image)) - head(image)), axis: 1)
        {map: map, value: limit(value(image)) + mean(tail(frozen(image)), axis: [1, 2, 3])}
    }
}";

/// Made-up images, which count how often they are read.
#[derive(Default)]
struct Counted(AtomicUsize);

const COUNT: usize = 11;

impl Samples for Counted {
    fn len(&self) -> usize {
        COUNT
    }

    fn image(&self, index: usize, pass: Option<u64>) -> Result<Vec<f32>, Box<dyn Error + Send + Sync>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let turn = pass.filter(|_| index == usize::MAX).unwrap_or_default() as f32;
        Ok((0..48).map(|i| ((index * 48 + i) as f32 * 0.37 + turn).sin()).collect())
    }

    fn class(&self, index: usize) -> usize {
        index % 3
    }
}

/// The bits of all weights after a run with so many bytes for features, and how often an image was read.
fn trained(program: &Program, room: u64) -> (Vec<Vec<u32>>, usize) {
    let images = Counted::default();
    let run = train_within(room, program, &images, None, false, None).expect("it trains");
    let bits =
        run.weights.iter().map(|weight| weight.as_floats().expect("floats").iter().map(|x| x.to_bits()).collect());
    (bits.collect(), images.0.into_inner())
}

#[test]
fn what_is_kept_of_images_changes_no_bit_of_a_weight() {
    let program = program(&SPEC.replace("AUGMENTED", ""));
    // An image has 64 numbers: room for none, for three, and for all.
    let (without, read) = trained(&program, 0);
    let (some, _) = trained(&program, 3 * 64 * 4 + 8);
    let (all, read_less) = trained(&program, 1 << 20);
    assert!(without == some && without == all);
    // The second pass of the first fit needs no pixels; trainings and the last fit do.
    assert_eq!(read - read_less, COUNT);
}

#[test]
fn a_run_with_features_goes_on_where_it_was_stopped() {
    let program = program(&SPEC.replace("AUGMENTED", ""));
    let (whole, _) = trained(&program, 1 << 20);
    for stop_after in [1, 3, 4, 9, 17] {
        let folder = tempfile::tempdir().expect("a folder");
        let run = |resumes, stop| {
            train_within(1 << 20, &program, &Counted::default(), Some(folder.path()), resumes, stop).expect("it trains")
        };
        assert!(!run(false, Some(stop_after)).outcome.is_finished, "{stop_after}");
        let resumed = run(true, None);
        let bits = |weight: &diadc::execute::HostTensor| -> Vec<u32> {
            weight.as_floats().expect("floats").iter().map(|x| x.to_bits()).collect()
        };
        assert!(resumed.weights.iter().map(bits).eq(whole.iter().cloned()), "{stop_after}");
    }
}

#[test]
fn images_that_are_changed_at_random_are_computed_each_time() {
    let program = program(&SPEC.replace("AUGMENTED", "flip = horizontal"));
    let (without, _) = trained(&program, 0);
    let (with, _) = trained(&program, 1 << 20);
    assert!(without == with);
}
