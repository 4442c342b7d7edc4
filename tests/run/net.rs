//! Graphs written by hand, for tests that need no spec.

use diadc::execute::{Draw, Engine, Evaluation, HostTensor, NamedTensors, PlanId};
use diadc::fact::{DType, Dim, Fact, Precision, Shape};
use diadc::graph::program::{Function, Optimizer};
use diadc::graph::{Graph, Loop, Origin, Rules, ScopeId, ValueId, descend, differentiate};
use diadc::op::{Binary, Constant, Distribution, Elements, Op, Random, Reduction, Unary, WeightId};
use diadc::plan::{Plan, plan, plan_passes};
use diadc::source::SourceMap;
use diadc::span::Span;

use crate::device::open;
pub(crate) use crate::device::{SEEDS, UNITS, has_own_kernels, is_exact, precision, tolerance_in};

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
        self.add(Op::Random(Random { distribution: Distribution::Normal, fact, purpose: purpose.into(), turn: 0 }), &[])
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
        Function::new("f", self.graph)
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

/// A tolerance for f32, made wider for the precision in which tests multiply.
pub(crate) fn tolerance(of_f32: f64) -> f64 {
    tolerance_in(precision(), of_f32)
}

/// The plan of a function that trains weights, all by one rule and without clipping.
pub(crate) fn stepped(function: &Function, trained: &[WeightId], optimizer: Optimizer) -> Plan {
    stepped_by(function, trained, &Rules { of: &|_| optimizer, clip_norm: None, passes: 1 })
}

/// The same by other rules.
pub(crate) fn stepped_by(function: &Function, trained: &[WeightId], rules: &Rules<'_>) -> Plan {
    let (pass, after) = descend(&differentiate(function, trained), rules);
    plan_passes(&pass, after.as_ref())
}

/// Gradient descent without momentum.
pub(crate) fn sgd(lr: f64) -> Optimizer {
    Optimizer::Sgd { lr, momentum: 0.0, weight_decay: 0.0, nesterov: false }
}

/// The device under test with these weights.
pub(crate) fn engine(weights: &[HostTensor]) -> Box<dyn Engine> {
    engine_in(precision(), weights)
}

/// The same in a precision.
pub(crate) fn engine_in(precision: Precision, weights: &[HostTensor]) -> Box<dyn Engine> {
    let mut engine = open(precision);
    engine.set_weights(&mut weights.iter().cloned());
    engine
}

/// The outputs of a function.
pub(crate) fn evaluate(function: &Function, weights: &[HostTensor], inputs: &NamedTensors, samples: u64) -> Evaluation {
    let mut engine = engine(weights);
    let id: PlanId = engine.add(plan(function));
    engine.evaluate(id, inputs, &draw(samples)).expect("the function runs")
}
