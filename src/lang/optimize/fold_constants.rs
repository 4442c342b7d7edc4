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
            (Op::Binary(binary @ (Binary::Add | Binary::Mul)), [Some(c), _]) if same(1) => {
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
    match binary {
        Binary::Add => Some(Unary::AddScalar(c)),
        Binary::Sub => Some(Unary::AddScalar(-c)),
        Binary::Mul => Some(Unary::MulScalar(c)),
        Binary::Div | Binary::Max | Binary::Min => None,
    }
}

fn one(op: &Op, x: &Constant, shape: &Shape) -> Option<Elements> {
    shape.known()?;
    match (op, &x.elements) {
        (Op::Unary(unary), Elements::Float(v)) if v.len() <= MOST_ELEMENTS => {
            let all: Option<Vec<f64>> = v.iter().map(|&x| float_unary(*unary, x as f32).map(f64::from)).collect();
            all.map(|v| Elements::Float(v.into()))
        }
        (Op::Unary(unary), Elements::Int(v)) if v.len() <= MOST_ELEMENTS => {
            let all: Option<Vec<i64>> = v.iter().map(|&x| int_unary(*unary, x)).collect();
            all.map(|v| Elements::Int(v.into()))
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

fn float_unary(unary: Unary, x: f32) -> Option<f32> {
    match unary {
        Unary::Neg => Some(-x),
        Unary::Abs => Some(x.abs()),
        Unary::Sqrt => Some(x.sqrt()),
        Unary::Relu if !x.is_nan() => Some(x.max(0.0)),
        Unary::AddScalar(c) => Some(x + c as f32),
        Unary::MulScalar(c) => Some(x * c as f32),
        Unary::Clamp(low, high) if low <= high && !x.is_nan() => Some(x.clamp(low as f32, high as f32)),
        Unary::Exp
        | Unary::Log
        | Unary::Sin
        | Unary::Cos
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Relu
        | Unary::LeakyRelu(_)
        | Unary::Silu
        | Unary::Gelu
        | Unary::GeluTanh
        | Unary::PowScalar(_)
        | Unary::Clamp(..) => None,
    }
}

fn int_unary(unary: Unary, x: i64) -> Option<i64> {
    match unary {
        Unary::Neg => x.checked_neg(),
        Unary::Abs => x.checked_abs(),
        Unary::AddScalar(c) => x.checked_add(c as i64),
        Unary::MulScalar(c) => x.checked_mul(c as i64),
        Unary::Clamp(low, high) if low <= high => Some(x.clamp(low as i64, high as i64)),
        Unary::Exp
        | Unary::Log
        | Unary::Sqrt
        | Unary::Sin
        | Unary::Cos
        | Unary::Tanh
        | Unary::Sigmoid
        | Unary::Relu
        | Unary::LeakyRelu(_)
        | Unary::Silu
        | Unary::Gelu
        | Unary::GeluTanh
        | Unary::PowScalar(_)
        | Unary::Clamp(..) => None,
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
            let value = |i: usize| f64::from(float_binary(binary, a[at(i, m)] as f32, b[at(i, n)] as f32));
            Some(Elements::Float((0..length).map(value).collect()))
        }
        (Elements::Int(a), Elements::Int(b)) => {
            let value = |i: usize| int_binary(binary, a[at(i, m)], b[at(i, n)]);
            (0..length).map(value).collect::<Option<Arc<[i64]>>>().map(Elements::Int)
        }
        (Elements::Float(_), Elements::Int(_)) | (Elements::Int(_), Elements::Float(_)) => None,
    }
}

fn float_binary(binary: Binary, a: f32, b: f32) -> f32 {
    match binary {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max if a < b => b,
        Binary::Min if b < a => b,
        Binary::Max | Binary::Min => a,
    }
}

fn int_binary(binary: Binary, a: i64, b: i64) -> Option<i64> {
    match binary {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div => None,
        Binary::Max => Some(a.max(b)),
        Binary::Min => Some(a.min(b)),
    }
}
