//! What each operation means: the closed [`Op`], its shape rule, and a record of what else the compiler knows of it.
//!
//! In: an operation and the facts of its inputs. Out: the fact of its output, or a [`ShapeError`] that has no place
//! yet. Nothing here computes a tensor; `execute` has a file of the same name for each family. Weights are ordinary
//! inputs: an operation does not know which of its inputs are trained.

mod convolution;
mod coreset;
mod descent;
mod elementwise;
mod error;
mod gradient;
mod layout;
mod linear;
mod normalize;
mod order;
mod pool;
mod record;
mod reduce;
mod resample;
mod samples;
mod source;

use std::borrow::Cow;
use std::fmt;

use crate::fact::{Bindings, DType, Dim, Fact};

pub use convolution::{Conv2d, ConvTranspose2d};
pub use coreset::Coreset;
pub use descent::{Decay, Descent, Moment, Optimizer, State};
pub use elementwise::{Binary, BinaryRecord, Comparison, Settings, Unary, UnaryRecord};
pub use error::ShapeError;
pub use gradient::Gradient;
pub use linear::{Attention, Sight};
pub use order::{Quantile, Rank, Ranking};
pub use pool::{Pool, PoolKind};
pub use record::{Identity, Moves, OpRecord, Zero};
pub use reduce::Reduction;
pub use resample::{Interpolation, PadMode, Resize};
pub use samples::{Across, Gathering, Samples, rows_of_sample};
pub use source::{Constant, Distribution, Elements, INTS, Random};

/// The most elements that a tensor has: 4 TiB of floats.
pub const MOST_ELEMENTS: i64 = 1 << 40;

/// Number of a weight in the weight table of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WeightId(pub u32);

/// One operation on tensors. Shapes are written with the outermost axis first; images are `[B, C, H, W]`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Op {
    /// A value from outside, by its name.
    Input { name: String, fact: Fact },
    /// A weight of the model.
    Weight { id: WeightId, fact: Fact },
    /// Numbers written in the spec or computed from it.
    Constant(Constant),
    /// Random numbers from the host generator.
    Random(Random),

    /// A function of one number, applied to each element.
    Unary(Unary),
    /// A function of two numbers with broadcasting: `a`, `b` to `c`.
    Binary(Binary),
    /// A comparison with broadcasting; the output is `bool`.
    Compare(Comparison),
    /// `condition`, `a`, `b`: `a` where the condition holds, else `b`, with broadcasting.
    Select,
    /// Another element type; truth becomes 1 and 0, floats are cut towards zero.
    Cast(DType),
    /// The same numbers, through which no gradient flows back.
    StopGradient,

    /// A reduction over axes.
    Reduce { kind: Reduction, axes: Vec<usize>, keep: bool },
    /// Softmax over one axis.
    Softmax { axis: usize },
    /// The places of numbers along an axis in an order, as `int`.
    Rank(Rank),
    /// A quantile of the numbers along axes.
    Quantile(Quantile),
    /// For each place along an axis the sum of the numbers up to it, or of those from it on.
    Cumulate { axis: usize, from_end: bool },

    /// Other extents for the same elements in the same order.
    Reshape(crate::fact::Shape),
    /// Axes in another order: output axis `i` is input axis `order[i]`.
    Permute(Vec<usize>),
    /// Repeats axes of extent 1, and adds axes in front, up to a shape.
    Expand(crate::fact::Shape),
    /// Inputs one after the other along an axis.
    Concat { axis: usize },
    /// Elements `start..end` of an axis.
    Slice { axis: usize, start: i64, end: i64 },
    /// Rows of `table: [N, ...]` by `index: int[...]`: `[...index, ...table without N]`.
    Gather,
    /// `x`, `index: int`: the elements at these places along an axis, as torch's `gather`.
    Take { axis: usize },
    /// Rows and columns added around the last two axes: `[left, right, top, bottom]`.
    Pad { sides: [usize; 4], mode: PadMode },

    /// `[..., n, k]` by `[..., k, m]`, batched over broadcast leading axes.
    MatMul,
    /// A few of the rows `[N, C]` that stand for all.
    Coreset(Coreset),
    /// `x: [..., in]`, `weight: [out, in]`, optional `bias: [out]`: `x weight^T + bias`, as torch's `Linear`.
    Linear,
    /// `x: [..., C]`, `rows: [M, C]`: the Euclidean distances of the `count` nearest rows, ascending, `[..., count]`.
    Nearest { count: usize },
    /// The same, and which rows they are, as `int`. Of equally near ones the first comes first.
    NearestIndex { count: usize },
    /// The inverse of each matrix of `[..., n, n]`.
    Inverse,
    /// Scaled dot-product attention of `q: [B, heads, n, d]`, `k: [B, heads, m, d]`, `v: [B, heads, m, e]`, and perhaps a mask `bool[n, m]`.
    Attention(Attention),

    /// `x: [B, C, H, W]`, `weight: [out, C/groups, kh, kw]`, optional `bias: [out]`, as torch's `Conv2d`.
    Conv2d(Conv2d),
    /// `x: [B, C, H, W]`, `weight: [C, out/groups, kh, kw]`, optional `bias: [out]`, as torch's `ConvTranspose2d`.
    ConvTranspose2d(ConvTranspose2d),
    /// `x: [B, C, ...]`, `weight: [C]`, `bias: [C]`: statistics per sample and group (Wu and He, 2018).
    GroupNorm { groups: usize, epsilon: f64 },
    /// `x: [..., C]`, `weight: [C]`, `bias: [C]`: statistics over the last axis (Ba et al., 2016).
    LayerNorm { epsilon: f64 },

    /// Average or maximum over windows of the last two axes.
    Pool(Pool),
    /// The last two axes at another size.
    Resize(Resize),
    /// Gaussian blur of the last two axes, as `scipy.ndimage.gaussian_filter` with mode `reflect`.
    GaussianBlur { sigma: f64, truncate: f64 },

    /// From the gradient of an operation's output to that of its inputs. `differentiate` makes them.
    Gradient(Gradient),
    /// What the step of an optimiser changes, as it was before. Nothing reads it after the step.
    State { state: State, fact: Fact },
    /// A number and values of any shape: the number plus the sum of all their squares.
    Squares,
    /// Perhaps a loss, perhaps a factor of gradients; then of each weight: itself, its gradient, its moments.
    Descent(Descent),
}

impl Op {
    /// The fact of the first output for inputs with these facts; only gradients and steps of an optimiser have more than one.
    ///
    /// # Errors
    /// If the operation has no meaning for such inputs, or the output would be too large for any machine.
    pub fn infer(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let fact = self.rule(inputs)?;
        match fact.shape.elements().known() {
            Some(count) if count > MOST_ELEMENTS => {
                Err(ShapeError::new(format!("{fact} would have more than 2^40 elements")))
            }
            Some(_) | None => Ok(fact),
        }
    }

    /// The operation with the extents that say where it cuts as numbers.
    #[must_use]
    pub fn bound(&self, bindings: &Bindings) -> Cow<'_, Op> {
        let bound = if let Op::Gradient(gradient) = self { gradient.bound(bindings) } else { None };
        bound.map_or(Cow::Borrowed(self), |gradient| Cow::Owned(Op::Gradient(gradient)))
    }

    /// The facts of all outputs.
    ///
    /// # Errors
    /// As [`Op::infer`].
    pub fn outputs(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, ShapeError> {
        if let Op::Descent(descent) = self {
            return descent.outputs(inputs);
        }
        let mut facts = vec![self.infer(inputs)?];
        if let Op::Gradient(gradient) = self {
            facts.extend(gradient.others(inputs));
        }
        Ok(facts)
    }

    fn rule(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        match self {
            Op::Input { fact, .. } | Op::Weight { fact, .. } | Op::State { fact, .. } => source::given(inputs, fact),
            Op::Constant(constant) => constant.infer(inputs),
            Op::Random(random) => random.infer(inputs),
            Op::Unary(unary) => unary.infer(inputs),
            Op::Binary(binary) => binary.infer(inputs),
            Op::Compare(_) => elementwise::compare(inputs),
            Op::Select => elementwise::select(inputs),
            Op::Cast(dtype) => Ok(Fact { dtype: *dtype, shape: error::one(inputs)?.shape.clone() }),
            Op::StopGradient => error::one(inputs).cloned(),
            Op::Reduce { kind, axes, keep } => reduce::infer(*kind, axes, *keep, inputs),
            Op::Softmax { axis } => reduce::softmax(*axis, inputs),
            Op::Rank(rank) => rank.infer(inputs),
            Op::Quantile(quantile) => quantile.infer(inputs),
            Op::Cumulate { axis, .. } => order::cumulate(*axis, inputs),
            Op::Reshape(shape) => layout::reshape(shape, inputs),
            Op::Permute(order) => layout::permute(order, inputs),
            Op::Expand(shape) => layout::expand(shape, inputs),
            Op::Concat { axis } => layout::concat(*axis, inputs),
            Op::Slice { axis, start, end } => layout::slice(*axis, *start, *end, inputs),
            Op::Gather => layout::gather(inputs),
            Op::Take { axis } => order::take(*axis, inputs),
            Op::Pad { sides, mode } => layout::pad(*sides, *mode, inputs),
            Op::MatMul => linear::matmul(inputs),
            Op::Coreset(coreset) => coreset.infer(inputs),
            Op::Linear => linear::linear(inputs),
            Op::Nearest { count } => order::nearest(*count, inputs).map(Fact::float),
            Op::NearestIndex { count } => order::nearest(*count, inputs).map(Fact::int),
            Op::Inverse => linear::inverse(inputs),
            Op::Attention(attention) => attention.infer(inputs),
            Op::Conv2d(conv) => conv.infer(inputs),
            Op::ConvTranspose2d(conv) => conv.infer(inputs),
            Op::GroupNorm { groups, .. } => normalize::group_norm(*groups, inputs),
            Op::LayerNorm { .. } => normalize::layer_norm(inputs),
            Op::Pool(pool) => pool.infer(inputs),
            Op::Resize(resize) => resize.infer(inputs),
            Op::GaussianBlur { sigma, truncate } => resample::gaussian_blur(*sigma, *truncate, inputs),
            Op::Gradient(gradient) => gradient.infer(inputs),
            Op::Squares => descent::squares(inputs),
            Op::Descent(descent) => descent.outputs(inputs).map(|mut facts| facts.swap_remove(0)),
        }
    }

    /// What the optimiser, the lints and the costs need to know of the operation.
    #[must_use]
    pub fn record(&self) -> OpRecord {
        let plain = OpRecord::PLAIN;
        let product = OpRecord::PRODUCT;
        match self {
            Op::Input { .. }
            | Op::Weight { .. }
            | Op::Random(_)
            | Op::Compare(_)
            | Op::State { .. }
            | Op::Squares
            | Op::Descent(_) => OpRecord { zero: Zero::Never, ..plain },
            Op::Constant(constant) => {
                OpRecord { zero: if constant.elements.are_zero() { Zero::Always } else { Zero::Never }, ..plain }
            }
            Op::Unary(unary) => unary.as_op(),
            Op::Binary(binary) => binary.as_op(),
            Op::Select => OpRecord { zero: Zero::Products(&[&[1], &[2]]), ..plain },
            Op::Cast(_) | Op::Resize(_) => OpRecord { identity: Identity::SameFact, ..plain },
            Op::StopGradient => OpRecord { identity: Identity::NoGradient, moves: Moves::InOrder, ..plain },
            Op::Softmax { .. } => OpRecord { zero: Zero::Never, ..plain },
            Op::Rank(_) => OpRecord { zero: Zero::Never, on_host: true, ..plain },
            Op::Reshape(_) => OpRecord { identity: Identity::SameFact, moves: Moves::InOrder, ..plain },
            Op::Permute(order) if order.is_sorted() => {
                OpRecord { identity: Identity::Always, moves: Moves::InOrder, ..plain }
            }
            Op::Permute(_) => OpRecord { moves: Moves::Chosen, ..plain },
            Op::Expand(_) | Op::Slice { .. } => {
                OpRecord { identity: Identity::SameFact, moves: Moves::Chosen, ..plain }
            }
            Op::Concat { .. } => OpRecord { identity: Identity::OneInput, zero: Zero::AllInputs, ..plain },
            Op::Pad { sides: [0, 0, 0, 0], .. } => OpRecord { identity: Identity::Always, ..plain },
            Op::Reduce { .. }
            | Op::Gather
            | Op::Take { .. }
            | Op::Pad { .. }
            | Op::Pool(_)
            | Op::GaussianBlur { .. } => plain,
            Op::Quantile(_) | Op::Cumulate { .. } | Op::Coreset(_) => OpRecord { on_host: true, ..plain },
            Op::Nearest { .. } | Op::NearestIndex { .. } => {
                OpRecord { multiply_adds: Some(order::nearest_cost), zero: Zero::Never, on_host: true, ..plain }
            }
            Op::Inverse => {
                OpRecord { multiply_adds: Some(linear::inverse_cost), zero: Zero::Never, on_host: true, ..plain }
            }
            Op::MatMul => OpRecord { multiply_adds: Some(linear::matmul_cost), ..product },
            Op::Linear => OpRecord { multiply_adds: Some(linear::linear_cost), ..product },
            Op::Attention(_) => {
                OpRecord { multiply_adds: Some(linear::attention_cost), zero: Zero::Products(&[&[2]]), ..plain }
            }
            Op::Conv2d(_) => OpRecord { multiply_adds: Some(convolution::cost), ..product },
            Op::ConvTranspose2d(_) => OpRecord { multiply_adds: Some(convolution::transposed_cost), ..product },
            Op::GroupNorm { .. } | Op::LayerNorm { .. } => product,
            Op::Gradient(gradient) => gradient.record(),
        }
    }

    /// Multiply-adds for inputs and an output with these facts.
    #[must_use]
    pub fn multiply_adds(&self, inputs: &[Fact], output: &Fact) -> Dim {
        self.record().multiply_adds.map_or(Dim::from(0), |count| count(inputs, output))
    }

    /// Whether it sums products of two inputs. Such operations take most of the time, and bf16 is enough for them.
    #[must_use]
    pub fn is_product(&self) -> bool {
        let record = self.record();
        record.multiply_adds.is_some() && !record.on_host
    }

    /// Its name in graphs, without settings.
    #[must_use]
    pub fn kind(&self) -> String {
        let text = self.to_string();
        text.split(' ').next().unwrap_or_default().to_owned()
    }

    /// A hash of the settings, equal for equal operations. It covers only the settings in which operations on the same
    /// inputs often differ.
    #[must_use]
    pub fn mark(&self) -> u64 {
        let all = |numbers: &mut dyn Iterator<Item = u64>| numbers.fold(0, |mark: u64, n| mark.wrapping_mul(31) ^ n);
        match self {
            Op::Constant(Constant { elements: Elements::Float(numbers), .. }) => {
                all(&mut numbers.iter().map(|number| number.to_bits()))
            }
            Op::Constant(Constant { elements: Elements::Int(numbers), .. }) => {
                all(&mut numbers.iter().map(|number| number.cast_unsigned()))
            }
            Op::Random(random) => all(&mut random.purpose.bytes().map(u64::from).chain([random.turn])),
            Op::Coreset(coreset) => all(&mut coreset.purpose.bytes().map(u64::from)),
            Op::Unary(unary) => all(&mut unary.record().settings.numbers().map(f64::to_bits)),
            Op::Slice { start, end, .. } => all(&mut [start.cast_unsigned(), end.cast_unsigned()].into_iter()),
            Op::Pad { sides, .. } => all(&mut sides.iter().map(|side| *side as u64)),
            Op::GaussianBlur { sigma, .. } => sigma.to_bits(),
            Op::Input { .. }
            | Op::Weight { .. }
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Select
            | Op::Cast(_)
            | Op::StopGradient
            | Op::Reduce { .. }
            | Op::Softmax { .. }
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Expand(_)
            | Op::Concat { .. }
            | Op::Rank(_)
            | Op::Quantile(_)
            | Op::Cumulate { .. }
            | Op::Gather
            | Op::Take { .. }
            | Op::Nearest { .. }
            | Op::NearestIndex { .. }
            | Op::Inverse
            | Op::MatMul
            | Op::Linear
            | Op::Attention(_)
            | Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::GroupNorm { .. }
            | Op::LayerNorm { .. }
            | Op::Pool(_)
            | Op::Resize(_)
            | Op::Gradient(_)
            | Op::State { .. }
            | Op::Squares
            | Op::Descent(_) => 0,
        }
    }

    /// The weight whose own numbers it gives, or what training keeps of it: these lie on the device before a run.
    #[must_use]
    pub fn stored(&self) -> Option<WeightId> {
        if let Op::Weight { id, .. } = self {
            return Some(*id);
        }
        if let Op::State { state, .. } = self { Some(state.weight()) } else { None }
    }

    /// Whether two nodes with this operation and the same inputs always hold the same numbers.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        !matches!(self, Op::Random(_))
    }
}

/// The operation as `graph` prints it: a name, then the settings that are not defaults.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Input { name, .. } => write!(f, "input {name}"),
            Op::Weight { id, .. } => write!(f, "weight {}", id.0),
            Op::Constant(constant) => write!(f, "{constant}"),
            Op::Random(random) => write!(f, "{random}"),
            Op::Unary(unary) => write!(f, "{unary}"),
            Op::Binary(binary) => f.write_str(binary.record().name),
            Op::Compare(comparison) => f.write_str(comparison.name()),
            Op::Select => f.write_str("select"),
            Op::Cast(dtype) => write!(f, "cast {dtype}"),
            Op::StopGradient => f.write_str("stop_gradient"),
            Op::Reduce { kind, axes, .. } => write!(f, "{} axes={axes:?}", kind.name()),
            Op::Softmax { axis } => write!(f, "softmax axis={axis}"),
            Op::Rank(rank) => match rank.count {
                Some(count) => write!(f, "rank axis={} {} count={count}", rank.axis, rank.ranking.name()),
                None => write!(f, "rank axis={} {}", rank.axis, rank.ranking.name()),
            },
            Op::Quantile(quantile) => write!(f, "quantile {} axes={:?}", quantile.q, quantile.axes),
            Op::Cumulate { axis, from_end: false } => write!(f, "cumsum axis={axis}"),
            Op::Cumulate { axis, from_end: true } => write!(f, "cumsum_from_end axis={axis}"),
            Op::Reshape(_) => f.write_str("reshape"),
            Op::Permute(order) => write!(f, "permute {order:?}"),
            Op::Expand(_) => f.write_str("expand"),
            Op::Concat { axis } => write!(f, "concat axis={axis}"),
            Op::Slice { axis, start, end } => write!(f, "slice axis={axis} {start}..{end}"),
            Op::Gather => f.write_str("gather"),
            Op::Take { axis } => write!(f, "take axis={axis}"),
            Op::Pad { sides, mode } => write!(f, "pad {sides:?} {}", mode.name()),
            Op::MatMul => f.write_str("matmul"),
            Op::Coreset(coreset) => write!(f, "{coreset}"),
            Op::Linear => f.write_str("linear"),
            Op::Nearest { count } => write!(f, "nearest count={count}"),
            Op::NearestIndex { count } => write!(f, "nearest_index count={count}"),
            Op::Inverse => f.write_str("inverse"),
            Op::Attention(attention) => write!(f, "{attention}"),
            Op::Conv2d(conv) => write!(f, "{conv}"),
            Op::ConvTranspose2d(conv) => write!(f, "{conv}"),
            Op::GroupNorm { groups, .. } => write!(f, "group_norm groups={groups}"),
            Op::LayerNorm { .. } => f.write_str("layer_norm"),
            Op::Pool(pool) => write!(f, "{pool}"),
            Op::Resize(resize) => write!(f, "{resize}"),
            Op::GaussianBlur { sigma, .. } => write!(f, "gaussian_blur sigma={sigma}"),
            Op::Gradient(gradient) => write!(f, "{gradient}"),
            Op::State { state, .. } => write!(f, "{state}"),
            Op::Squares => f.write_str("sum_of_squares"),
            Op::Descent(descent) => write!(f, "{descent}"),
        }
    }
}
