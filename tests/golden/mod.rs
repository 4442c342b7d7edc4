//! The reference numbers of public PyTorch implementations, reproduced from the same weights and inputs.
//!
//! `a.safetensors`, `a.grad_norms.json` and `clip_a.safetensors` are DiAD at small width; `wide.safetensors` is made by
//! `tests/oracle/diad.py`, which reproduces them too, at another width, batch and size. `systems`
//! holds those of other systems. Weights come from their names.

mod diffusion;
mod distillation;
mod formula;
mod networks;
mod sampling;
mod steps;
mod system;
mod text;
mod training;
mod uniad;
mod wide;

use diadc::compile::{Compiled, compile_call};
use diadc::execute::{Draw, Engine, Evaluation, HostData, HostTensor, NamedTensors};
use diadc::fact::{Fact, Shape};
use diadc::graph::program::{Function, plan_function};
use diadc::resolve::Location;
use safetensors::{Dtype, SafeTensors};

use crate::run::net;
use crate::skip;

/// What the same mathematics in f32 meets for one network, as a share of the largest number.
pub(crate) const NETWORK: f64 = 1e-4;
/// After ten steps of a sampler, and for gradients.
pub(crate) const LONG: f64 = 1e-3;

const SPEC: &str = "tests/golden/golden.diad";

/// Reference numbers by name.
pub(crate) struct Reference(pub(crate) SafeTensors<'static>);

impl Reference {
    pub(crate) fn new(bytes: &'static [u8]) -> Reference {
        Reference(SafeTensors::deserialize(bytes).expect("the reference numbers are whole"))
    }

    /// A tensor as it is stored; doubles become floats.
    pub(crate) fn tensor(&self, name: &str) -> HostTensor {
        let view = self.0.tensor(name).unwrap_or_else(|_| panic!("there is no reference `{name}`"));
        let bytes = view.data();
        let data = if view.dtype() == Dtype::F32 {
            HostData::Float(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
        } else if view.dtype() == Dtype::F64 {
            HostData::Float(bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect())
        } else {
            assert_eq!(view.dtype(), Dtype::I64, "`{name}`");
            HostData::Int(bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect())
        };
        HostTensor::new(view.shape().to_vec(), data)
    }
}

fn a() -> Reference {
    Reference::new(include_bytes!("a.safetensors"))
}

/// Inputs by name.
pub(crate) fn inputs<const N: usize>(named: [(&str, HostTensor); N]) -> NamedTensors {
    net::inputs(named)
}

/// A compiled expression with the weights of the formula on the device under test.
struct Called {
    compiled: Compiled,
    function: Function,
    engine: Box<dyn Engine>,
}

fn prepare(spec: &str, settings: &[(&str, &str)], text: &str, inputs: &NamedTensors) -> Called {
    let settings: Vec<(String, String)> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let facts: Vec<(String, Fact)> = inputs.iter().map(|(name, tensor)| (name.clone(), fact(tensor))).collect();
    let location = Location::File(skip::repository().join(spec));
    let (compiled, function) = compile_call(&location, &settings, text, &facts).unwrap_or_else(|failed| {
        panic!("{}", diadc::diagnostic::render(&failed.diagnostics, &failed.sources, diadc::diagnostic::Style::Plain))
    });
    let engine = net::engine(&formula::weights(&compiled.program));
    Called { compiled, function, engine }
}

/// The results of an expression with the weights of the formula.
fn call(settings: &[(&str, &str)], text: &str, inputs: &NamedTensors) -> Evaluation {
    let mut called = prepare(SPEC, settings, text, inputs);
    let id = called.engine.add(plan_function(&called.function, &[]));
    called.engine.evaluate(id, inputs, &draw()).expect("it runs")
}

pub(crate) fn draw() -> Draw {
    Draw { seed: 1, step: 0, samples: vec![0] }
}

pub(crate) fn fact(tensor: &HostTensor) -> Fact {
    let dims: Vec<i64> = tensor.shape.iter().map(|&n| n as i64).collect();
    Fact { dtype: tensor.data.dtype(), shape: Shape::of(&dims) }
}

/// The result with a name.
pub(crate) fn result<'a>(results: &'a Evaluation, name: &str) -> &'a HostTensor {
    let found = results.iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("there is no result `{name}`")).1
}

/// Fails if a tensor is further from what is expected than a share of the largest expected number.
#[track_caller]
pub(crate) fn assert_close(name: &str, found: &[f32], expected: &HostTensor, tolerance: f64) {
    let expected = expected.as_floats().expect("reference numbers are floats");
    assert_eq!(found.len(), expected.len(), "`{name}`");
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(f64::from(x.abs())));
    let pairs = found.iter().zip(expected);
    let off = pairs.map(|(a, b)| f64::from(a - b).abs()).fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) });
    let tolerance = net::tolerance(tolerance);
    assert!(
        off <= tolerance * largest,
        "`{name}` is off by {:.1e} of its maximum, {tolerance:.0e} is allowed",
        off / largest
    );
}

/// Compares results with references: their names and those of the references.
#[track_caller]
fn assert_all(results: &Evaluation, reference: &Reference, names: &[(&str, &str)], tolerance: f64) {
    for (name, expected) in names {
        let found = result(results, name).as_floats().expect("results are floats");
        assert_close(expected, found, &reference.tensor(expected), tolerance);
    }
}
