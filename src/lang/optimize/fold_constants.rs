//! Computes what follows from small constants alone, and writes a constant operand into the operation.
//!
//! Only operations that IEEE 754 defines exactly are computed here, in single precision, so that the result is the
//! device's own to the last bit. Exponentials and the like are left to the device, which computes them once.

use std::sync::Arc;

use diadc_core::fact::{DType, Shape};
use diadc_core::graph::{Graph, Task, ValueId};
use diadc_core::op::{Binary, Constant, Elements, Op, Unary};

use super::rebuild::Rebuild;

/// Larger constants are not worth a copy in the program.
const MOST_ELEMENTS: usize = 1024;

/// Integers up to here are exact in double precision.
const MOST_EXACT: i64 = 1 << 53;

/// The graph with operations on constants replaced by their results.
pub(super) fn fold_constants(graph: &Graph) -> Option<Graph> {
    let mut copy = Rebuild::new(graph);
    for (id, node) in graph.nodes() {
        let Task::Op(op) = &node.task else {
            copy.keep(id);
            continue;
        };
        let inputs = graph.inputs_of(id);
        let constants: Vec<Option<&Constant>> = inputs.iter().map(|value| constant(graph, *value)).collect();
        let shape = &node.facts[0].shape;
        let result = match (op, constants.as_slice()) {
            (_, [Some(x)]) => one(op, x, shape),
            (Op::Binary(binary), [Some(a), Some(b)]) => two(*binary, a, b, shape),
            _ => None,
        };
        if let Some(elements) = result {
            copy.put(id, Op::Constant(Constant { elements, shape: shape.clone() }), &[]);
            continue;
        }
        let same = |i: usize| *graph.fact(inputs[i]) == node.facts[0];
        match (op, constants.as_slice()) {
            (Op::Binary(binary), [_, Some(c)]) if same(0) => match scalar_on_the_right(*binary, c) {
                Some(unary) => copy.put(id, Op::Unary(unary), &inputs[..1]),
                None => copy.keep(id),
            },
            (Op::Binary(binary), [Some(c), _]) if same(1) && binary.record().commutes => {
                match scalar_on_the_right(*binary, c) {
                    Some(unary) => copy.put(id, Op::Unary(unary), &inputs[1..]),
                    None => copy.keep(id),
                }
            }
            _ => copy.keep(id),
        }
    }
    copy.finish()
}

fn constant(graph: &Graph, value: ValueId) -> Option<&Constant> {
    match &graph.node(value.node).task {
        Task::Op(Op::Constant(constant)) => Some(constant),
        Task::Op(_) | Task::Loop(_) => None,
    }
}

/// The operation with one number that does the same as one with a constant of equal elements.
fn scalar_on_the_right(binary: Binary, constant: &Constant) -> Option<Unary> {
    let c = match &constant.elements {
        Elements::Float(v) => v.first().copied()?,
        Elements::Int(v) => v.first().filter(|c| c.abs() < MOST_EXACT).map(|&c| c as f64)?,
    };
    if count(&constant.elements) != 1 {
        return None;
    }
    binary.record().by_constant.map(|unary| unary(c))
}

fn one(op: &Op, x: &Constant, shape: &Shape) -> Option<Elements> {
    shape.known()?;
    match (op, &x.elements) {
        (Op::Unary(unary), Elements::Float(v)) if v.len() <= MOST_ELEMENTS => {
            let exact = unary.record().exact.filter(|_| v.iter().all(|x| !x.is_nan()))?;
            Some(Elements::Float(v.iter().map(|&x| f64::from(exact(x as f32))).collect()))
        }
        (Op::Unary(unary), Elements::Int(v)) if v.len() <= MOST_ELEMENTS => {
            let integer = unary.record().integer?;
            v.iter().map(|&x| integer(x)).collect::<Option<Arc<[i64]>>>().map(Elements::Int)
        }
        (Op::Cast(DType::Float), Elements::Int(v)) if v.len() <= MOST_ELEMENTS => {
            Some(Elements::Float(v.iter().map(|&x| f64::from(x as f32)).collect()))
        }
        (Op::Cast(DType::Int), Elements::Float(v)) if v.len() <= MOST_ELEMENTS => {
            let whole = |x: f64| (x.abs() < f64::from(1 << 24)).then_some(x as f32 as i64);
            v.iter().map(|&x| whole(x)).collect::<Option<Arc<[i64]>>>().map(Elements::Int)
        }
        (Op::Reshape(_) | Op::StopGradient, elements) => Some(elements.clone()),
        (Op::Expand(_) | Op::Permute(_) | Op::Slice { .. }, elements) => {
            (count(elements) == 1).then(|| elements.clone())
        }
        _ => None,
    }
}

fn count(elements: &Elements) -> usize {
    match elements {
        Elements::Float(v) => v.len(),
        Elements::Int(v) => v.len(),
    }
}

/// Both of equal shape, or one of them a single number.
fn two(binary: Binary, a: &Constant, b: &Constant, shape: &Shape) -> Option<Elements> {
    let (m, n) = (count(&a.elements), count(&b.elements));
    let aligned = (m == 1 || a.shape == *shape) && (n == 1 || b.shape == *shape);
    let length = m.max(n);
    if !aligned || length > MOST_ELEMENTS || (m != n && m.min(n) != 1) {
        return None;
    }
    let at = |i: usize, count: usize| if count == 1 { 0 } else { i };
    match (&a.elements, &b.elements) {
        (Elements::Float(a), Elements::Float(b)) => {
            let exact = binary.record().exact?;
            let value = |i: usize| f64::from(exact(a[at(i, m)] as f32, b[at(i, n)] as f32));
            Some(Elements::Float((0..length).map(value).collect()))
        }
        (Elements::Int(a), Elements::Int(b)) => {
            let integer = binary.record().integer?;
            let value = |i: usize| integer(a[at(i, m)], b[at(i, n)]);
            (0..length).map(value).collect::<Option<Arc<[i64]>>>().map(Elements::Int)
        }
        (Elements::Float(_), Elements::Int(_)) | (Elements::Int(_), Elements::Float(_)) => None,
    }
}
