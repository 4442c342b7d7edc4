//! Matrix products: plain, with weights, and attention. And the inverse of a matrix.

use std::fmt;

use crate::fact::{DType, Dim, Fact, Shape};

use super::ShapeError;
use super::elementwise::broadcast;
use super::samples::Samples;

pub(super) fn matmul(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let [a, b] = inputs else {
        return Err(ShapeError::new("two matrices are expected"));
    };
    let (m, n) = (a.shape.rank(), b.shape.rank());
    if m < 2 || n < 2 || a.dtype != DType::Float || b.dtype != DType::Float {
        return Err(ShapeError::new(format!(
            "float matrices [.., n, k] and [.., k, m] are expected, these are {a} and {b}"
        )));
    }
    if a.shape.0[m - 1] != b.shape.0[n - 2] {
        return Err(ShapeError::new(format!(
            "{a} has {} columns, {b} has {} rows",
            a.shape.0[m - 1],
            b.shape.0[n - 2]
        )));
    }
    let mut shape = broadcast(&Shape(a.shape.0[..m - 2].to_vec()), &Shape(b.shape.0[..n - 2].to_vec()))?;
    shape.0.extend([a.shape.0[m - 2].clone(), b.shape.0[n - 1].clone()]);
    Ok(Fact::float(shape))
}

pub(super) fn linear(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let [x, weight, ..] = inputs else {
        return Err(ShapeError::new("a value and a weight are expected"));
    };
    let Some((last, leading)) = x.shape.0.split_last() else {
        return Err(ShapeError::new("a value [.., in] is expected, this is one number"));
    };
    if x.dtype != DType::Float {
        return Err(
            ShapeError::new(format!("a float tensor is expected, this is {x}")).help("convert it with `to_float(..)`")
        );
    }
    let [out, inner] = weight.shape.0.as_slice() else {
        return Err(ShapeError::new(format!("a weight [out, in] is expected, this is {weight}")));
    };
    if last != inner {
        return Err(ShapeError::new(format!("{x} has {last} features, the weight {weight} takes {inner}")));
    }
    let mut dims = leading.to_vec();
    dims.push(out.clone());
    Ok(Fact::float(Shape(dims)))
}

pub(super) fn inverse(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = super::error::float(super::error::one(inputs)?)?;
    match x.shape.0.as_slice() {
        [.., rows, columns] if rows == columns => Ok(x.clone()),
        _ => Err(ShapeError::new(format!("square matrices [.., n, n] are expected, this is {x}"))),
    }
}

/// As many as the product of two such matrices.
pub(super) fn inverse_cost(inputs: &[Fact], _output: &Fact) -> Dim {
    let shape = &inputs[0].shape;
    shape.0.last().map_or(Dim::from(0), |rows| shape.elements().times(rows))
}

pub(super) fn matmul_cost(inputs: &[Fact], output: &Fact) -> Dim {
    output.shape.elements().times(&inputs[0].shape.0[inputs[0].shape.rank() - 1])
}

pub(super) fn linear_cost(inputs: &[Fact], output: &Fact) -> Dim {
    output.shape.elements().times(&inputs[1].shape.0[1])
}

/// Multiply-adds of attention: of the queries with the keys, and of their scores with the values.
pub(super) fn attention_cost(inputs: &[Fact], _output: &Fact) -> Dim {
    let scores = Dim::product(inputs[0].shape.0[..3].iter()).times(&inputs[1].shape.0[2]);
    scores.times(&inputs[0].shape.0[3].plus(&inputs[2].shape.0[3]))
}

/// Scaled dot-product attention (Vaswani et al., 2017): `softmax(q k^T * scale) v`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Factor of the products; usually `1 / sqrt(d)`.
    pub scale: f64,
    /// Which keys a query sees.
    pub sight: Sight,
}

/// Which keys a query sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All.
    All,
    /// Query `i` those up to `i`.
    Earlier,
    /// Those for which a fourth input `bool[n, m]` is true.
    Chosen,
}

impl Attention {
    /// Whether samples that lie along the first axis of its inputs, or of those of its gradient, stay there: a mask must be
    /// the same for all.
    pub(super) fn keeps_samples(self, samples: &[Samples]) -> bool {
        let is_mask = |place: usize| place == 3 && self.sight == Sight::Chosen;
        let wanted = |place: usize| if is_mask(place) { Samples::Whole } else { Samples::Along(0) };
        samples.iter().enumerate().all(|(place, own)| *own == wanted(place))
    }

    pub(super) fn infer(self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let missing = || ShapeError::new("queries, keys and values are expected, and a mask where it chooses the keys");
        let [q, k, v, mask @ ..] = inputs else { return Err(missing()) };
        if mask.len() != usize::from(self.sight == Sight::Chosen) {
            return Err(missing());
        }
        inputs[..3].iter().try_for_each(|input| super::error::float(input).map(|_| ()))?;
        let ([b, h, n, d], [bk, hk, m, dk], [bv, hv, mv, e]) =
            (q.shape.0.as_slice(), k.shape.0.as_slice(), v.shape.0.as_slice())
        else {
            return Err(ShapeError::new(format!("[B, heads, n, d] each are expected, these are {q}, {k} and {v}")));
        };
        if (b, h, d) != (bk, hk, dk) || (b, h, m) != (bv, hv, mv) {
            return Err(ShapeError::new(format!("queries {q}, keys {k} and values {v} do not fit together")));
        }
        if self.sight == Sight::Earlier && n != m {
            return Err(ShapeError::new(format!(
                "causal attention needs as many queries as keys, these are {n} and {m}"
            )));
        }
        if let [mask] = mask
            && (mask.dtype != DType::Bool || mask.shape.0 != [n.clone(), m.clone()])
        {
            let error =
                ShapeError::new(format!("the mask must be bool[{n}, {m}], a row for each query: this is {mask}"));
            return Err(if mask.dtype == DType::Bool {
                error
            } else {
                error.help("compare it with a number, as in `mask > 0`")
            });
        }
        Ok(Fact::float(Shape(vec![b.clone(), h.clone(), n.clone(), e.clone()])))
    }
}

impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.sight {
            Sight::All => "attention",
            Sight::Earlier => "attention causal",
            Sight::Chosen => "attention masked",
        })
    }
}
