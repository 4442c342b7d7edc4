//! Values about the whole training set, in double precision, and what is computed of them once.
//!
//! In: the graph that runs behind a pass, and the gathered values by their names. Out: its outputs. Elementwise
//! functions, reductions, products and changes of shape are computed here in double precision, so that a covariance
//! and its inverse do not lose digits; the device computes the rest, in its own.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use rayon::prelude::*;

use crate::execute::{Draw, Engine, HostData, HostTensor, RunError, invert};
use crate::fact::DType;
use crate::graph::program::{Function, plan_function};
use crate::graph::{Graph, Node, Task, ValueId};
use crate::op::{Elements, Op, Quantile, Reduction};

/// A tensor in double precision, elements in row-major order. Integers and truth values are numbers too.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Whole {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
}

impl Whole {
    pub(super) fn of(host: &HostTensor) -> Whole {
        let values = match &host.data {
            HostData::Float(values) => values.iter().map(|&x| f64::from(x)).collect(),
            HostData::Int(values) => values.iter().map(|&n| n as f64).collect(),
            HostData::Bool(values) => values.iter().map(|&b| f64::from(u8::from(b))).collect(),
        };
        Whole { shape: host.shape.clone(), values }
    }

    /// The tensor in the precision of a device.
    pub(super) fn as_host(&self, dtype: DType) -> HostTensor {
        let data = match dtype {
            DType::Float => HostData::Float(self.values.iter().map(|&x| x as f32).collect()),
            DType::Int => HostData::Int(self.values.iter().map(|&x| x as i64).collect()),
            DType::Bool => HostData::Bool(self.values.iter().map(|&x| x != 0.0).collect()),
        };
        HostTensor::new(self.shape.clone(), data)
    }

    /// The elements of another shape: for each, where it stands here, along axes with these strides.
    fn moved(&self, shape: &[usize], strides: &[usize], first: usize) -> Whole {
        let mut values = Vec::with_capacity(shape.iter().product());
        each_line(shape, strides, |start, step, count| {
            values.extend((0..count).map(|i| self.values[first + start + i * step]));
        });
        Whole { shape: shape.to_vec(), values }
    }

    /// The elements in a shape that it is repeated to.
    fn expanded(&self, shape: &[usize]) -> Whole {
        self.moved(shape, &self.repeated(shape), 0)
    }

    /// The strides with which it is read as a tensor of a shape that it is repeated to.
    fn repeated(&self, shape: &[usize]) -> Vec<usize> {
        let own = strides(&self.shape);
        let added = shape.len() - self.shape.len();
        (0..shape.len())
            .map(|axis| match axis.checked_sub(added) {
                Some(here) if self.shape[here] == shape[axis] => own[here],
                Some(_) | None => 0,
            })
            .collect()
    }
}

/// The distance of neighbours along each axis.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Calls a function with each line along the last axis of a shape, in row-major order: where the line starts in a tensor that
/// has these strides, how far its elements are apart, and how many there are.
fn each_line(shape: &[usize], strides: &[usize], mut call: impl FnMut(usize, usize, usize)) {
    let (Some((count, outer)), Some((step, outer_strides))) = (shape.split_last(), strides.split_last()) else {
        return call(0, 0, 1);
    };
    if shape.contains(&0) {
        return;
    }
    let mut index = vec![0; outer.len()];
    loop {
        call(index.iter().zip(outer_strides).map(|(i, stride)| i * stride).sum(), *step, *count);
        let Some(axis) = (0..outer.len()).rev().find(|&axis| index[axis] + 1 < outer[axis]) else { return };
        index[axis] += 1;
        index[axis + 1..].fill(0);
    }
}

/// The outputs of a graph whose inputs are given by their names.
///
/// # Errors
/// If the device fails at an operation that is computed there.
pub(super) fn evaluate(
    function: &Function,
    mut given: BTreeMap<String, Arc<Whole>>,
    engine: &mut dyn Engine,
    draw: &Draw,
) -> Result<BTreeMap<String, Arc<Whole>>, RunError> {
    let graph = &function.graph;
    let mut left = graph.uses();
    let mut values: BTreeMap<ValueId, Arc<Whole>> = BTreeMap::new();
    for (id, node) in graph.nodes() {
        let inputs = graph.inputs_of(id);
        // Banks and covariances are large: who reads one last owns it, and may write over it.
        let mut take = |input: &ValueId| {
            let left = left.get_mut(input).expect("each input has been counted");
            *left -= 1;
            let value = if *left == 0 { values.remove(input) } else { values.get(input).cloned() };
            value.expect("an input is there while it is used")
        };
        let mut held: Vec<Arc<Whole>> = inputs.iter().map(&mut take).collect();
        let outputs = match &node.task {
            Task::Op(Op::Input { name, .. }) => vec![given.remove(name).expect("each input is given")],
            Task::Op(Op::Weight { id, .. }) => vec![Arc::new(Whole::of(&engine.weight(*id)?))],
            Task::Op(Op::Inverse) => vec![Arc::new(inverse(function, node, &mut held[0])?)],
            Task::Op(op) => match exact(op, &mut held, node) {
                Some(value) => vec![Arc::new(value)],
                None => on_device(node, &held, graph, &inputs, engine, draw)?,
            },
            Task::Loop(_) => on_device(node, &held, graph, &inputs, engine, draw)?,
        };
        for (slot, value) in (0..).zip(outputs) {
            values.insert(ValueId { node: id, slot }, value);
        }
    }
    Ok(graph.outputs().iter().map(|(name, value)| (name.clone(), Arc::clone(&values[value]))).collect())
}

/// The elements of a tensor, which are copied if somebody else reads it too.
fn taken(x: &mut Arc<Whole>) -> Vec<f64> {
    mem::take(&mut Arc::make_mut(x).values)
}

/// The inverse of each matrix.
fn inverse(function: &Function, node: &Node, matrices: &mut Arc<Whole>) -> Result<Whole, RunError> {
    let shape = matrices.shape.clone();
    let rows = shape.last().copied().unwrap_or(1);
    let mut values = taken(matrices);
    invert(&mut values, rows).map_err(|place| {
        let size = (rows * rows).max(1);
        let is_finite = values[place * size..][..size].iter().all(|x| x.is_finite());
        let function = function.name.clone();
        RunError::NoInverse { function, place, of: values.len() / size, is_finite, origin: node.origin }
    })?;
    Ok(Whole { shape, values })
}

/// The value of an operation in double precision, and then its inputs are used up; none if it is computed on the device.
fn exact(op: &Op, inputs: &mut [Arc<Whole>], node: &Node) -> Option<Whole> {
    let shape = node.facts[0].shape.known()?;
    let is_float = node.facts[0].dtype == DType::Float;
    Some(match op {
        Op::Constant(constant) => {
            let values: Vec<f64> = match &constant.elements {
                Elements::Float(values) => values.to_vec(),
                Elements::Int(values) => values.iter().map(|&n| n as f64).collect(),
            };
            let count = shape.iter().product();
            let values = if values.len() == 1 { vec![values[0]; count] } else { values };
            Whole { shape, values }
        }
        Op::Unary(unary) if is_float => {
            let record = unary.record();
            let mut values = taken(&mut inputs[0]);
            values.iter_mut().for_each(|x| *x = (record.value)(*x));
            Whole { shape, values }
        }
        Op::Binary(binary) if is_float => {
            let value = binary.record().value;
            let other = Arc::clone(&inputs[1]);
            let mut values =
                if inputs[0].shape == shape { taken(&mut inputs[0]) } else { inputs[0].expanded(&shape).values };
            let mut elements = values.iter_mut();
            each_line(&shape, &other.repeated(&shape), |start, step, count| {
                for (i, x) in elements.by_ref().take(count).enumerate() {
                    *x = value(*x, other.values[start + i * step]);
                }
            });
            Whole { shape, values }
        }
        Op::StopGradient | Op::Reshape(_) => Whole { shape, values: taken(&mut inputs[0]) },
        Op::Reduce { kind, axes, .. } => reduced(*kind, axes, &inputs[0], shape),
        Op::Permute(order) => {
            let own = strides(&inputs[0].shape);
            let strides: Vec<usize> = order.iter().map(|&axis| own[axis]).collect();
            inputs[0].moved(&shape, &strides, 0)
        }
        Op::Expand(_) => inputs[0].expanded(&shape),
        Op::Slice { axis, start, .. } => {
            let strides = strides(&inputs[0].shape);
            inputs[0].moved(&shape, &strides, *start as usize * strides[*axis])
        }
        Op::MatMul => product(&inputs[0], &inputs[1], shape),
        Op::Quantile(quantile) => quantile_of(quantile, &inputs[0], shape),
        Op::Input { .. }
        | Op::Weight { .. }
        | Op::Random(_)
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Compare(_)
        | Op::Select
        | Op::Cast(_)
        | Op::Softmax { .. }
        | Op::Rank(_)
        | Op::Cumulate { .. }
        | Op::Take { .. }
        | Op::Coreset(_)
        | Op::Nearest { .. }
        | Op::NearestIndex { .. }
        | Op::Inverse
        | Op::Concat { .. }
        | Op::Gather
        | Op::Pad { .. }
        | Op::Linear
        | Op::Attention(_)
        | Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::GroupNorm { .. }
        | Op::LayerNorm { .. }
        | Op::Pool(_)
        | Op::Resize(_)
        | Op::GaussianBlur { .. }
        | Op::Gradient(_)
        | Op::State { .. }
        | Op::Squares
        | Op::Descent(_) => return None,
    })
}

/// The quantile over axes, with linear interpolation between neighbours.
pub(super) fn quantile_of(quantile: &Quantile, x: &Whole, shape: Vec<usize>) -> Whole {
    let kept: Vec<usize> = (0..x.shape.len()).filter(|axis| !quantile.axes.contains(axis)).collect();
    let order: Vec<usize> = kept.iter().chain(&quantile.axes).copied().collect();
    let own = strides(&x.shape);
    let extents: Vec<usize> = order.iter().map(|&axis| x.shape[axis]).collect();
    let turned = x.moved(&extents, &order.iter().map(|&axis| own[axis]).collect::<Vec<_>>(), 0);
    let count: usize = quantile.axes.iter().map(|&axis| x.shape[axis]).product();
    let values = turned.values.par_chunks(count.max(1)).map(|group| {
        let mut group = group.to_vec();
        group.sort_unstable_by(f64::total_cmp);
        let at = quantile.q * (group.len() - 1) as f64;
        let (low, above) = (group[at.floor() as usize], group[at.ceil() as usize]);
        low + (above - low) * at.fract()
    });
    Whole { shape, values: values.collect() }
}

fn reduced(kind: Reduction, axes: &[usize], x: &Whole, shape: Vec<usize>) -> Whole {
    let mut sums = Reduced::new(kind, axes, &x.shape);
    sums.add(&x.shape, x.values.iter().copied());
    Whole { shape, values: sums.finish() }
}

/// A reduction in double precision, to which elements are added in their order.
pub(super) struct Reduced {
    kind: Reduction,
    /// For each axis of the elements, the distance in the result; 0 along reduced ones.
    strides: Vec<usize>,
    values: Vec<f64>,
    /// How many elements make one of the result.
    count: u64,
}

impl Reduced {
    /// Of elements in this shape, of which the reduced axes may have any extent.
    pub(super) fn new(kind: Reduction, axes: &[usize], shape: &[usize]) -> Reduced {
        let kept: Vec<usize> =
            (0..).zip(shape).map(|(axis, &extent)| if axes.contains(&axis) { 1 } else { extent }).collect();
        let own = strides(&kept);
        let strides = (0..shape.len()).map(|axis| if axes.contains(&axis) { 0 } else { own[axis] }).collect();
        let start = match kind {
            Reduction::Sum | Reduction::Mean => 0.0,
            Reduction::Max => f64::NEG_INFINITY,
            Reduction::Min => f64::INFINITY,
        };
        Reduced { kind, strides, values: vec![start; kept.iter().product()], count: 0 }
    }

    /// Adds elements in this shape.
    pub(super) fn add(&mut self, shape: &[usize], mut elements: impl Iterator<Item = f64>) {
        let kind = self.kind;
        each_line(shape, &self.strides, |first, step, count| {
            for (i, x) in elements.by_ref().take(count).enumerate() {
                merge(kind, &mut self.values[first + i * step], x);
            }
        });
        let reduced = shape.iter().zip(&self.strides).filter(|(_, stride)| **stride == 0);
        self.count += reduced.map(|(extent, _)| *extent as u64).product::<u64>();
    }

    pub(super) fn finish(mut self) -> Vec<f64> {
        if self.kind == Reduction::Mean {
            self.values.iter_mut().for_each(|sum| *sum /= self.count as f64);
        }
        self.values
    }
}

fn merge(kind: Reduction, into: &mut f64, x: f64) {
    match kind {
        Reduction::Sum | Reduction::Mean => *into += x,
        Reduction::Max if x > *into || x.is_nan() => *into = x,
        Reduction::Min if x < *into || x.is_nan() => *into = x,
        Reduction::Max | Reduction::Min => {}
    }
}

/// `[.., n, k]` by `[.., k, m]`.
fn product(a: &Whole, b: &Whole, shape: Vec<usize>) -> Whole {
    let mut values = vec![0.0; shape.iter().product()];
    add_product(a, b, &shape, &mut values);
    Whole { shape, values }
}

/// Adds the product of `[.., n, k]` by `[.., k, m]` to values of a shape, in the order of `k`.
pub(super) fn add_product(a: &Whole, b: &Whole, shape: &[usize], values: &mut [f64]) {
    let (outer, [n, m]) = shape.split_at(shape.len() - 2) else { return };
    let (n, m) = (*n, *m);
    let k = a.shape[a.shape.len() - 1];
    let matrix = |x: &Whole| -> Vec<usize> {
        let own = Whole { shape: x.shape[..x.shape.len() - 2].to_vec(), values: Vec::new() };
        own.repeated(outer)
    };
    let (left, right, own) = (matrix(a), matrix(b), strides(outer));
    let place = |row: usize, by: &[usize]| -> usize {
        (0..outer.len()).map(|axis| row / own[axis] % outer[axis] * by[axis]).sum()
    };
    values.par_chunks_mut(m.max(1)).enumerate().for_each(|(row, sums)| {
        let (batch, i) = (row / n, row % n);
        let x = &a.values[(place(batch, &left) * n + i) * k..][..k];
        let y = &b.values[place(batch, &right) * k * m..][..k * m];
        for (factor, row) in x.iter().zip(y.chunks_exact(m)) {
            for (sum, y) in sums.iter_mut().zip(row) {
                *sum += factor * y;
            }
        }
    });
}

/// The outputs of a node that the device computes.
fn on_device(
    node: &Node,
    inputs: &[Arc<Whole>],
    graph: &Graph,
    ids: &[ValueId],
    engine: &mut dyn Engine,
    draw: &Draw,
) -> Result<Vec<Arc<Whole>>, RunError> {
    let mut alone = Graph::default();
    let mut given = BTreeMap::new();
    let mut copies = Vec::new();
    for (i, (input, id)) in inputs.iter().zip(ids).enumerate() {
        let fact = graph.fact(*id).clone();
        given.insert(i.to_string(), input.as_host(fact.dtype));
        let op = Op::Input { name: i.to_string(), fact };
        copies.push(alone.add(op, &[], node.origin).expect("an input takes nothing"));
    }
    let outputs = match &node.task {
        Task::Op(op) => alone.add_all(op.clone(), &copies, node.origin).expect("the node stood in a graph"),
        Task::Loop(run) => alone.add_loop(run.as_ref().clone(), &copies, node.origin),
    };
    for (i, output) in outputs.iter().enumerate() {
        alone.set_output(i.to_string(), *output);
    }
    let function = Function::new("fit", alone);
    let plan = engine.add(plan_function(&function, &[]));
    let evaluation = engine.evaluate(plan, &given, draw);
    engine.release(plan);
    Ok(evaluation?.iter().map(|(_, host)| Arc::new(Whole::of(host))).collect())
}
