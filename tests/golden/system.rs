//! A system of `specs/systems` beside its own oracle: numbers that a script in `tests/oracle` wrote, where `CASE/NAME#K`
//! holds every K-th number of a tensor. Weights come from their names there too.

use diadc::execute::{Evaluation, HostTensor, NamedTensors};
use diadc::graph::program::plan_function;
use diadc::op::WeightId;

use super::{LONG, Reference, assert_close, draw, prepare, result};

/// What the same mathematics in f32 is away from that in f64, as a share of the largest number.
pub(super) const EXACT: f64 = 1e-5;
/// For losses and gradients.
pub(super) const LOSS: f64 = 1e-4;

/// One case of a fixture, and the spec with the settings that it belongs to.
pub(super) struct System<'a> {
    pub(super) spec: &'static str,
    pub(super) settings: &'a [(&'a str, &'a str)],
    pub(super) fixture: &'static [u8],
    pub(super) case: &'static str,
}

impl System<'_> {
    /// Compares each result of an expression with the numbers of its name.
    #[track_caller]
    pub(super) fn agrees(&self, text: &str, inputs: &NamedTensors, names: &[&str]) {
        let mut called = prepare(self.spec, self.settings, text, inputs);
        let id = called.engine.add(plan_function(&called.function, &[]));
        let results: Evaluation = called.engine.evaluate(id, inputs, &draw()).expect("it runs");
        for name in names {
            self.assert_known(name, result(&results, name), EXACT);
        }
    }

    /// Compares a loss, and the gradients of all weights of which the fixture has one.
    #[track_caller]
    pub(super) fn gradients_agree(&self, text: &str, inputs: &NamedTensors) {
        let mut called = prepare(self.spec, self.settings, text, inputs);
        let program = &called.compiled.program;
        let grads = self.names().into_iter().filter_map(|name| name.strip_prefix("grad.").map(str::to_owned));
        let grads: Vec<String> = grads.collect();
        assert!(grads.len() >= 5, "{} gradients in the fixture", grads.len());
        let weights: Vec<WeightId> =
            program.weights().filter(|(_, weight)| grads.contains(&weight.path)).map(|(id, _)| id).collect();
        assert_eq!(weights.len(), grads.len(), "all of {grads:?} are weights of {}", self.spec);
        let id = called.engine.add(plan_function(&called.function, &weights));
        let made = called.engine.gradients(id, inputs, &draw()).expect("it runs");
        self.assert_known("loss", &HostTensor::floats(&[], vec![made.loss]), LOSS);
        for (id, gradient) in made.gradients {
            let path = &called.compiled.program.weight(id).path;
            let gradient = gradient.unwrap_or_else(|| panic!("no gradient reaches `{path}`"));
            self.assert_known(&format!("grad.{path}"), &gradient, LOSS.min(LONG));
        }
    }

    #[track_caller]
    fn assert_known(&self, name: &str, found: &HostTensor, tolerance: f64) {
        let reference = Reference::new(self.fixture);
        let start = format!("{}/{name}#", self.case);
        let key = reference.0.names().into_iter().find(|key| key.starts_with(&start));
        let key = key.unwrap_or_else(|| panic!("the fixture has no `{start}`"));
        let step: usize = key[start.len()..].parse().expect("a number follows");
        let numbers = found.as_floats().expect("results are floats");
        let kept: Vec<f32> = numbers.iter().copied().step_by(step).collect();
        assert_close(key, &kept, &reference.tensor(key), tolerance);
    }

    /// What the fixture has of this case, without the steps.
    fn names(&self) -> Vec<String> {
        let reference = Reference::new(self.fixture);
        let start = format!("{}/", self.case);
        let own = reference.0.names().into_iter().filter_map(|key| key.strip_prefix(&start));
        own.filter_map(|key| key.split_once('#')).map(|(name, _)| name.to_owned()).collect()
    }
}
