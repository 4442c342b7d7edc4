//! Graphs written by hand, for tests that need no spec.

use diadc::execute::{DeviceChoice, Draw, Engine, Evaluation, HostTensor, NamedTensors, PlanId, open};
use diadc::fact::{DType, Dim, Fact, Precision, Shape};
use diadc::graph::program::Function;
use diadc::graph::{Graph, Loop, Origin, ScopeId, ValueId};
use diadc::op::{Binary, Constant, Distribution, Elements, Op, Random, Reduction, Unary, WeightId};
use diadc::plan::plan;
use diadc::source::SourceMap;
use diadc::span::Span;

/// A graph in the making; every method adds one node.
#[derive(Default)]
pub(crate) struct Net {
    pub(crate) graph: Graph,
}

/// A dimension: `B`, or a number.
pub(crate) fn dims(text: &str) -> Shape {
    let dim = |word: &str| word.parse::<i64>().map_or_else(|_| Dim::symbol(word), Dim::from);
    Shape(text.split_whitespace().map(dim).collect())
}

/// A place in no particular text.
pub(crate) fn origin() -> Origin {
    let source = SourceMap::default().add("test", "");
    Origin { span: Span { source, start: 0, end: 0 }, scope: ScopeId(0) }
}

impl Net {
    pub(crate) fn add(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        self.graph.add(op, inputs, origin()).expect("the test's graph is right")
    }

    pub(crate) fn input(&mut self, name: &str, shape: &str) -> ValueId {
        self.add(Op::Input { name: name.to_owned(), fact: Fact::float(dims(shape)) }, &[])
    }

    pub(crate) fn weight(&mut self, id: u32, shape: &str) -> ValueId {
        self.add(Op::Weight { id: WeightId(id), fact: Fact::float(dims(shape)) }, &[])
    }

    pub(crate) fn constant(&mut self, value: f64, shape: &str) -> ValueId {
        let elements = Elements::Float([value].into());
        self.add(Op::Constant(Constant { elements, shape: dims(shape) }), &[])
    }

    pub(crate) fn normal(&mut self, purpose: &str, shape: &str) -> ValueId {
        let fact = Fact { dtype: DType::Float, shape: dims(shape) };
        self.add(Op::Random(Random { distribution: Distribution::Normal, fact, purpose: purpose.into() }), &[])
    }

    pub(crate) fn unary(&mut self, unary: Unary, x: ValueId) -> ValueId {
        self.add(Op::Unary(unary), &[x])
    }

    pub(crate) fn binary(&mut self, binary: Binary, a: ValueId, b: ValueId) -> ValueId {
        self.add(Op::Binary(binary), &[a, b])
    }

    pub(crate) fn linear(&mut self, x: ValueId, weight: ValueId) -> ValueId {
        self.add(Op::Linear, &[x, weight])
    }

    /// The mean of all elements.
    pub(crate) fn mean(&mut self, x: ValueId) -> ValueId {
        let axes = (0..self.graph.fact(x).shape.rank()).collect();
        self.add(Op::Reduce { kind: Reduction::Mean, axes, keep: false }, &[x])
    }

    pub(crate) fn run_loop(&mut self, run: Loop, inputs: &[ValueId]) -> Vec<ValueId> {
        self.graph.add_loop(run, inputs, origin())
    }

    pub(crate) fn function(mut self, outputs: &[(&str, ValueId)]) -> Function {
        for (name, value) in outputs {
            self.graph.set_output(*name, *value);
        }
        Function { name: "f".to_owned(), graph: self.graph, updates: Vec::new() }
    }
}

/// Numbers between -1 and 1 that look random and are always the same.
pub(crate) fn floats(shape: &[usize], seed: u64) -> HostTensor {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let count = shape.iter().product();
    HostTensor::floats(shape, (0..count).map(|_| next()).collect())
}

/// Inputs by name.
pub(crate) fn inputs<const N: usize>(named: [(&str, HostTensor); N]) -> NamedTensors {
    named.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect()
}

/// Seed 7, and samples numbered from 0.
pub(crate) fn draw(samples: u64) -> Draw {
    Draw { seed: 7, step: 0, samples: (0..samples).collect() }
}

/// Where tests run: `DIADC_TEST_DEVICE`, as in `DIADC_TEST_DEVICE=cuda:0 cargo test`, or else the processor.
pub(crate) fn device() -> DeviceChoice {
    match std::env::var("DIADC_TEST_DEVICE") {
        Ok(name) => name.parse().expect("DIADC_TEST_DEVICE names a device"),
        Err(_) => DeviceChoice::Cpu,
    }
}

/// The precision in which tests multiply: `DIADC_TEST_PRECISION`, as in `DIADC_TEST_PRECISION=bf16 cargo test`, or else
/// f32.
pub(crate) fn precision() -> Precision {
    match std::env::var("DIADC_TEST_PRECISION") {
        Ok(name) => name.parse().expect("DIADC_TEST_PRECISION names a precision"),
        Err(_) => Precision::F32,
    }
}

/// Whether factors of products are multiplied as they are.
pub(crate) fn is_exact() -> bool {
    (precision(), device()) == (Precision::F32, DeviceChoice::Cpu)
}

/// A tolerance for f32, made wider for what is kept of each factor: bf16 keeps 7 bits and TF32, as which tensor cores
/// multiply f32, 10, where f32 keeps 23. Deep networks lose about as many bits more in each.
pub(crate) fn tolerance(of_f32: f64) -> f64 {
    tolerance_in(precision(), of_f32)
}

/// The same for a precision.
pub(crate) fn tolerance_in(precision: Precision, of_f32: f64) -> f64 {
    match (precision, device()) {
        (Precision::Bf16, _) => (1000.0 * of_f32).min(0.25),
        (Precision::F32, DeviceChoice::Cuda(_)) => (100.0 * of_f32).min(0.05),
        (Precision::F32, DeviceChoice::Cpu) => of_f32,
    }
}

/// The device under test with these weights.
pub(crate) fn engine(weights: &[HostTensor]) -> Box<dyn Engine> {
    engine_in(precision(), weights)
}

/// The same in a precision.
pub(crate) fn engine_in(precision: Precision, weights: &[HostTensor]) -> Box<dyn Engine> {
    let mut engine = open(device(), precision).expect("the device under test can be used");
    engine.set_weights(&mut weights.iter().cloned());
    engine
}

/// The outputs of a function.
pub(crate) fn evaluate(function: &Function, weights: &[HostTensor], inputs: &NamedTensors, samples: u64) -> Evaluation {
    let mut engine = engine(weights);
    let id: PlanId = engine.add(plan(function, &[]));
    engine.evaluate(id, inputs, &draw(samples)).expect("the function runs")
}
