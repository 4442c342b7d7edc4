//! From the gradient of an operation's output to the gradients of its inputs: what has a kernel of its own. The gradients of
//! all other operations are composed of operations that there are anyway.
//!
//! The gradient of the output is always the last input. Where the others are not enough to tell the shape of the result,
//! the operation holds it.

use std::fmt;

use crate::fact::{Bindings, DType, Dim, Fact, Shape};

use super::error::{float, of_rank};
use super::samples::{Across, Samples};
use super::{Attention, Conv2d, Interpolation, OpRecord, PadMode, Pool, Quantile, ShapeError, Sight, Unary, Zero};

/// The gradients of the inputs of one operation. Its inputs are listed first, then what it gives.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Gradient {
    /// `weight`, `gradient`: of the input of a convolution, whose height and width it holds.
    ConvolutionInput { conv: Conv2d, size: [Dim; 2] },
    /// `x`, `gradient`: of the weight of a convolution, whose kernels have these extents.
    ConvolutionWeight { conv: Conv2d, kernel: [Dim; 2] },
    /// `q`, `k`, `v`, perhaps a mask, `gradient`: of the first three.
    Attention(Attention),
    /// The output `y`, `gradient`: of the input of a softmax.
    Softmax { axis: usize },
    /// `x`, `weight`, `gradient`: of `x`, `weight` and `bias` of a group normalisation.
    GroupNorm { groups: usize, epsilon: f64 },
    /// `x`, `weight`, `gradient`: of `x`, `weight` and `bias` of a layer normalisation.
    LayerNorm { epsilon: f64 },
    /// `x`, `gradient`: of `x`, for activations.
    Unary(Unary),
    /// `x`, `gradient`: of `x`. Of equal numbers the first gets it.
    MaxPool(Pool),
    /// `x`, `other`: the numbers of `other` where those of `x` are the largest of their windows. The same, turned round.
    MaxPoolOther(Pool),
    /// `gradient`: of the input of an average over windows, whose height and width it holds.
    AveragePool { pool: Pool, size: [Dim; 2] },
    /// `gradient`: of an image before it was resized from this height and width.
    Resize { interpolation: Interpolation, size: [Dim; 2] },
    /// `gradient`: of an image before it was blurred.
    GaussianBlur { sigma: f64, truncate: f64 },
    /// `gradient`: of an image before it was padded.
    Pad { sides: [usize; 4], mode: PadMode },
    /// `index`, `gradient`: of a table with `rows` rows. A row that was read several times gets the sum, in the order of the
    /// indices.
    Gather { rows: Dim },
    /// `index`, `gradient`: of a tensor of which elements were taken along an axis of this extent, added in their order.
    Take { axis: usize, extent: Dim },
    /// `gradient`: of a tensor that was sliced along an axis; `before` and `after` count the elements left out on each side.
    Slice { axis: usize, before: Dim, after: Dim },
    /// `gradient`: of one of the tensors that were joined along an axis: `extent` elements from `from` on.
    Concat { axis: usize, from: Dim, extent: Dim },
    /// `x`, `gradient`: of `x`. It goes to the one or two numbers between which the quantile lies.
    Quantile(Quantile),
    /// `x`, `other`: of the numbers of `other` where those of `x` are between which the quantile lies, what lies between
    /// them. The same, turned round.
    QuantileOther(Quantile),
    /// `x`, `rows`, `gradient`: of both.
    Nearest { count: usize },
}

impl Gradient {
    /// The fact of the first output.
    pub(super) fn infer(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let [others @ .., gradient] = inputs else {
            return Err(ShapeError::new("the gradient of the output is expected"));
        };
        float(gradient)?;
        let count = self.inputs();
        if inputs.len() != count {
            return Err(ShapeError::new(format!("{count} inputs are expected, {} are given", inputs.len())));
        }
        let mut shape = gradient.shape.clone();
        match self {
            Gradient::ConvolutionInput { conv, size } => {
                let weight = of_rank(others[0], 4, "a weight with four axes")?;
                of_rank(gradient, 4, "an image [B, C, H, W]")?;
                shape.0[1] = weight.0[1].times(&dim(conv.groups));
                shape.0[2..].clone_from_slice(size);
            }
            Gradient::ConvolutionWeight { conv, kernel } => {
                let x = of_rank(others[0], 4, "an image [B, C, H, W]")?;
                let out = of_rank(gradient, 4, "an image [B, C, H, W]")?.0[1].clone();
                let groups = dim(conv.groups);
                let each = x.0[1].divided_exactly(&groups).ok_or_else(|| {
                    ShapeError::new(format!("{} channels can't be split into {groups} groups", x.0[1]))
                })?;
                shape = Shape(vec![out, each, kernel[0].clone(), kernel[1].clone()]);
            }
            Gradient::AveragePool { size, .. } | Gradient::Resize { size, .. } => {
                of_rank(gradient, 4, "an image [B, C, H, W]")?;
                shape.0[2..].clone_from_slice(size);
            }
            Gradient::GaussianBlur { .. } => {
                of_rank(gradient, 4, "an image [B, C, H, W]")?;
            }
            Gradient::Pad { sides: [left, right, top, bottom], .. } => {
                of_rank(gradient, 4, "an image [B, C, H, W]")?;
                shape.0[2] = shape.0[2].minus(&dim(top + bottom));
                shape.0[3] = shape.0[3].minus(&dim(left + right));
            }
            Gradient::Gather { rows } => {
                let index = index(others[0])?;
                if shape.rank() < index.rank() {
                    return Err(ShapeError::new(format!("{gradient} has no row for each index of {}", others[0])));
                }
                shape = Shape(std::iter::once(rows).chain(&shape.0[index.rank()..]).cloned().collect());
            }
            Gradient::Take { axis, extent } => {
                shape = index(others[0])?.clone();
                *at(&mut shape, *axis)? = extent.clone();
            }
            Gradient::Slice { axis, before, after } => {
                let extent = at(&mut shape, *axis)?;
                *extent = extent.plus(before).plus(after);
            }
            Gradient::Concat { axis, extent, .. } => *at(&mut shape, *axis)? = extent.clone(),
            Gradient::Attention(_) => {
                others[..3].iter().try_for_each(|input| float(input).map(|_| ()))?;
                shape = others[0].shape.clone();
            }
            Gradient::Softmax { .. }
            | Gradient::GroupNorm { .. }
            | Gradient::LayerNorm { .. }
            | Gradient::Unary(_)
            | Gradient::MaxPool(_)
            | Gradient::Quantile(_)
            | Gradient::Nearest { .. } => {
                others.iter().try_for_each(|input| float(input).map(|_| ()))?;
                shape = others[0].shape.clone();
            }
            Gradient::MaxPoolOther(pool) => return pool.infer(&inputs[1..]),
            Gradient::QuantileOther(quantile) => return quantile.infer(&inputs[1..]),
        }
        Ok(Fact::float(shape))
    }

    /// The same with the places of a cut as numbers; none if they are numbers, or there are none.
    pub(super) fn bound(&self, bindings: &Bindings) -> Option<Gradient> {
        let number = |extent: &Dim| extent.value(bindings).filter(|_| extent.known().is_none()).map(Dim::from);
        if let Gradient::Slice { axis, before, after } = self {
            let before = number(before)?;
            return Some(Gradient::Slice { axis: *axis, before, after: after.clone() });
        }
        if let Gradient::Concat { axis, from, extent } = self {
            let from = number(from)?;
            return Some(Gradient::Concat { axis: *axis, from, extent: extent.clone() });
        }
        None
    }

    /// How many inputs there are.
    fn inputs(&self) -> usize {
        match self {
            Gradient::AveragePool { .. }
            | Gradient::Resize { .. }
            | Gradient::GaussianBlur { .. }
            | Gradient::Pad { .. }
            | Gradient::Slice { .. }
            | Gradient::Concat { .. } => 1,
            Gradient::ConvolutionInput { .. }
            | Gradient::ConvolutionWeight { .. }
            | Gradient::Softmax { .. }
            | Gradient::Unary(_)
            | Gradient::MaxPool(_)
            | Gradient::MaxPoolOther(_)
            | Gradient::Gather { .. }
            | Gradient::Take { .. }
            | Gradient::Quantile(_)
            | Gradient::QuantileOther(_) => 2,
            Gradient::GroupNorm { .. } | Gradient::LayerNorm { .. } | Gradient::Nearest { .. } => 3,
            Gradient::Attention(attention) if attention.sight == Sight::Chosen => 5,
            Gradient::Attention(_) => 4,
        }
    }

    /// The facts of the outputs after the first, for inputs that fit.
    pub(super) fn others(&self, inputs: &[&Fact]) -> Vec<Fact> {
        let of = |places: &[usize]| places.iter().map(|place| inputs[*place].clone()).collect();
        match self {
            Gradient::Attention(_) => of(&[1, 2]),
            Gradient::GroupNorm { .. } | Gradient::LayerNorm { .. } => of(&[1, 1]),
            Gradient::Nearest { .. } => of(&[1]),
            Gradient::ConvolutionInput { .. }
            | Gradient::ConvolutionWeight { .. }
            | Gradient::Softmax { .. }
            | Gradient::Unary(_)
            | Gradient::MaxPool(_)
            | Gradient::MaxPoolOther(_)
            | Gradient::AveragePool { .. }
            | Gradient::Resize { .. }
            | Gradient::GaussianBlur { .. }
            | Gradient::Pad { .. }
            | Gradient::Gather { .. }
            | Gradient::Take { .. }
            | Gradient::Slice { .. }
            | Gradient::Concat { .. }
            | Gradient::Quantile(_)
            | Gradient::QuantileOther(_) => Vec::new(),
        }
    }

    /// What else the compiler knows of it. Where the gradient of the output is zero, so are all others.
    pub(super) fn record(&self) -> OpRecord {
        const LAST: [&[&[usize]]; 5] = [&[&[0]], &[&[1]], &[&[2]], &[&[3]], &[&[4]]];
        let plain = OpRecord { zero: Zero::Products(LAST[self.inputs() - 1]), ..OpRecord::PLAIN };
        match self {
            Gradient::ConvolutionInput { .. } => {
                OpRecord { multiply_adds: Some(input_cost), zero: Zero::Products(&[&[0, 1]]), ..plain }
            }
            Gradient::ConvolutionWeight { .. } => {
                OpRecord { multiply_adds: Some(weight_cost), zero: Zero::Products(&[&[0, 1]]), ..plain }
            }
            Gradient::Attention(attention) => {
                // The shares of the values are never zero; those of queries and keys matter only if there are values.
                let zero = match attention.sight {
                    Sight::All | Sight::Earlier => Zero::Outputs(&[
                        Zero::Products(&[&[1, 2, 3]]),
                        Zero::Products(&[&[0, 2, 3]]),
                        Zero::Products(&[&[3]]),
                    ]),
                    Sight::Chosen => Zero::Outputs(&[
                        Zero::Products(&[&[1, 2, 4]]),
                        Zero::Products(&[&[0, 2, 4]]),
                        Zero::Products(&[&[4]]),
                    ]),
                };
                OpRecord { multiply_adds: Some(attention_cost), zero, ..plain }
            }
            // The derivative by the weight is the normalised value, that by the value has the weight as a factor.
            Gradient::GroupNorm { .. } | Gradient::LayerNorm { .. } => {
                let zero =
                    Zero::Outputs(&[Zero::Products(&[&[1, 2]]), Zero::Products(&[&[0, 2]]), Zero::Products(&[&[2]])]);
                OpRecord { zero, ..plain }
            }
            Gradient::Unary(unary) => OpRecord { zero: unary.gradient_zero(), ..plain },
            Gradient::Nearest { .. } | Gradient::Quantile(_) | Gradient::QuantileOther(_) => {
                OpRecord { on_host: true, ..plain }
            }
            Gradient::Softmax { .. }
            | Gradient::MaxPool(_)
            | Gradient::MaxPoolOther(_)
            | Gradient::AveragePool { .. }
            | Gradient::Resize { .. }
            | Gradient::GaussianBlur { .. }
            | Gradient::Pad { .. }
            | Gradient::Gather { .. }
            | Gradient::Take { .. }
            | Gradient::Slice { .. }
            | Gradient::Concat { .. } => plain,
        }
    }

    /// What it does with the samples of its inputs: those that lie along the first axis of all stay there, where nothing is
    /// summed over them.
    pub(super) fn across(&self, samples: &[Samples]) -> Across {
        let first = Samples::Along(0);
        let keeps = match self {
            Gradient::ConvolutionInput { .. } => samples == [Samples::Whole, first],
            Gradient::Softmax { axis: over }
            | Gradient::Take { axis: over, .. }
            | Gradient::Slice { axis: over, .. }
            | Gradient::Concat { axis: over, .. } => *over != 0 && samples.iter().all(|samples| *samples == first),
            Gradient::Attention(attention) => attention.keeps_samples(samples),
            Gradient::Unary(_)
            | Gradient::MaxPool(_)
            | Gradient::MaxPoolOther(_)
            | Gradient::AveragePool { .. }
            | Gradient::Resize { .. }
            | Gradient::GaussianBlur { .. }
            | Gradient::Pad { .. } => samples.iter().all(|samples| *samples == first),
            Gradient::ConvolutionWeight { .. }
            | Gradient::GroupNorm { .. }
            | Gradient::LayerNorm { .. }
            | Gradient::Gather { .. }
            | Gradient::Quantile(_)
            | Gradient::QuantileOther(_)
            | Gradient::Nearest { .. } => false,
        };
        if keeps { Across::Keeps(first) } else { Across::Mixes }
    }
}

impl fmt::Display for Gradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gradient::ConvolutionInput { .. } => f.write_str("conv2d_input_gradient"),
            Gradient::ConvolutionWeight { .. } => f.write_str("conv2d_weight_gradient"),
            Gradient::Attention(_) => f.write_str("attention_gradient"),
            Gradient::Softmax { axis } => write!(f, "softmax_gradient axis={axis}"),
            Gradient::GroupNorm { groups, .. } => write!(f, "group_norm_gradient groups={groups}"),
            Gradient::LayerNorm { .. } => f.write_str("layer_norm_gradient"),
            Gradient::Unary(unary) => write!(f, "{}_gradient", unary.record().name),
            Gradient::MaxPool(_) => f.write_str("max_pool_gradient"),
            Gradient::MaxPoolOther(_) => f.write_str("max_pool_other"),
            Gradient::AveragePool { .. } => f.write_str("avg_pool_gradient"),
            Gradient::Resize { .. } => f.write_str("resize_gradient"),
            Gradient::GaussianBlur { sigma, .. } => write!(f, "gaussian_blur_gradient sigma={sigma}"),
            Gradient::Pad { sides, .. } => write!(f, "pad_gradient {sides:?}"),
            Gradient::Gather { .. } => f.write_str("gather_gradient"),
            Gradient::Take { axis, .. } => write!(f, "take_gradient axis={axis}"),
            Gradient::Slice { axis, before, .. } => write!(f, "slice_gradient axis={axis} from={before}"),
            Gradient::Concat { axis, from, .. } => write!(f, "concat_gradient axis={axis} from={from}"),
            Gradient::Quantile(quantile) => write!(f, "quantile_gradient {}", quantile.q),
            Gradient::QuantileOther(quantile) => write!(f, "quantile_other {}", quantile.q),
            Gradient::Nearest { count } => write!(f, "nearest_gradient count={count}"),
        }
    }
}

fn dim(n: usize) -> Dim {
    Dim::from(i64::try_from(n).unwrap_or(i64::MAX))
}

fn index(index: &Fact) -> Result<&Shape, ShapeError> {
    if index.dtype == DType::Int {
        return Ok(&index.shape);
    }
    Err(ShapeError::new(format!("int indices are expected, this is {index}")))
}

fn at(shape: &mut Shape, axis: usize) -> Result<&mut Dim, ShapeError> {
    let missing = ShapeError::new(format!("there is no axis {axis} in {shape}"));
    shape.0.get_mut(axis).ok_or(missing)
}

/// As many multiply-adds as the convolution itself.
fn input_cost(inputs: &[Fact], _output: &Fact) -> Dim {
    inputs[1].shape.elements().times(&Dim::product(inputs[0].shape.0[1..4].iter()))
}

fn weight_cost(inputs: &[Fact], output: &Fact) -> Dim {
    inputs[1].shape.elements().times(&Dim::product(output.shape.0[1..4].iter()))
}

/// The scores again, and one product for each operand and for the weights of the values.
fn attention_cost(inputs: &[Fact], _output: &Fact) -> Dim {
    let [q, k, v] = [&inputs[0].shape.0, &inputs[1].shape.0, &inputs[2].shape.0];
    let scores = Dim::product(q[..3].iter()).times(&k[2]);
    scores.times(&q[3].times(&Dim::from(3)).plus(&v[3].times(&Dim::from(2))))
}
