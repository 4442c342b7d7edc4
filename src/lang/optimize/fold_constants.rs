//! Computes operations on small constants at compile time, and turns an operation with one constant operand into a
//! function of the other.
//!
//! Only operations that IEEE 754 defines exactly are computed here, in single precision, so that the result is the
//! device's own to the last bit. Exponentials and the like are left to the device, which computes them once.

use std::sync::Arc;

use diadc_core::fact::{DType, Fact, Shape};
use diadc_core::graph::{Graph, Task, ValueId};
use diadc_core::op::{Constant, Elements, Moves, Op, Unary};

use super::rebuild::Rebuild;

/// Larger constants are not worth a copy in the program.
const MOST_ELEMENTS: usize = 1024;

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
        let result = match constants.as_slice() {
            [Some(x)] => one(op, x, shape),
            [Some(a), Some(b)] => two(op, a, b, shape),
            _ => None,
        };
        if let Some(elements) = result.filter(|elements| elements.fit().is_ok()) {
            copy.put(id, Op::Constant(Constant { elements, shape: shape.clone() }), &[]);
            continue;
        }
        let same = |operand: usize| *graph.fact(inputs[operand]) == node.facts[0];
        match without_constant(op, &constants, same) {
            Some((unary, operand)) if unary_fits(unary, graph.fact(inputs[operand])) => {
                copy.put(id, Op::Unary(unary), &[inputs[operand]]);
            }
            Some(_) | None => copy.keep(id),
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

/// Whether a function takes such values: the negative of the smallest integer is none that a tensor holds.
fn unary_fits(unary: Unary, x: &Fact) -> bool {
    Op::Unary(unary).infer(&[x]).is_ok()
}

/// An operation with a constant operand as a function of the other operand, and the number of that one. `same` says
/// whether an operand has the fact of the result.
fn without_constant(op: &Op, constants: &[Option<&Constant>], same: impl Fn(usize) -> bool) -> Option<(Unary, usize)> {
    let Op::Binary(binary) = op else { return None };
    let record = binary.record();
    let (constant, operand) = match constants {
        [_, Some(constant)] if same(0) => (constant, 0),
        [Some(constant), _] if same(1) && record.commutes => (constant, 1),
        _ => return None,
    };
    let c = match &constant.elements {
        Elements::Float(v) => v.first().copied()?,
        Elements::Int(v) => v.first().map(|&c| c as f64)?,
    };
    let unary = record.by_constant.filter(|_| count(&constant.elements) == 1)?;
    Some((unary(c), operand))
}

fn one(op: &Op, x: &Constant, shape: &Shape) -> Option<Elements> {
    shape.known()?;
    let (elements, count) = (&x.elements, count(&x.elements));
    match op.record().moves {
        Moves::InOrder => return Some(elements.clone()),
        Moves::Chosen => return (count == 1).then(|| elements.clone()),
        Moves::None if count > MOST_ELEMENTS => return None,
        Moves::None => {}
    }
    if let Op::Unary(unary) = op {
        return computed(*unary, elements);
    }
    if let Op::Cast(dtype) = op {
        return cast(*dtype, elements);
    }
    None
}

fn computed(unary: Unary, elements: &Elements) -> Option<Elements> {
    let record = unary.record();
    match elements {
        Elements::Float(v) => {
            let exact = record.exact.filter(|_| v.iter().all(|x| !x.is_nan()))?;
            Some(Elements::Float(v.iter().map(|&x| f64::from(exact(x as f32))).collect()))
        }
        Elements::Int(v) => {
            let integer = record.integer?;
            v.iter().map(|&n| integer(n)).collect::<Option<Arc<[i64]>>>().map(Elements::Int)
        }
    }
}

fn cast(dtype: DType, elements: &Elements) -> Option<Elements> {
    match (dtype, elements) {
        (DType::Float, Elements::Int(v)) => Some(Elements::Float(v.iter().map(|&n| f64::from(n as f32)).collect())),
        (DType::Int, Elements::Float(v)) => {
            let whole = |x: f64| (x.abs() < f64::from(1 << 24)).then_some(x as f32 as i64);
            v.iter().map(|&x| whole(x)).collect::<Option<Arc<[i64]>>>().map(Elements::Int)
        }
        (DType::Float, Elements::Float(_)) | (DType::Int, Elements::Int(_)) => None,
        (DType::Bool, Elements::Float(_) | Elements::Int(_)) => None,
    }
}

fn count(elements: &Elements) -> usize {
    match elements {
        Elements::Float(v) => v.len(),
        Elements::Int(v) => v.len(),
    }
}

/// The result for two constants of equal shape, or of which one is a single number.
fn two(op: &Op, a: &Constant, b: &Constant, shape: &Shape) -> Option<Elements> {
    let Op::Binary(binary) = op else { return None };
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
