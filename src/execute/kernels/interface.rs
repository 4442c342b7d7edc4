//! What a device has to compute itself.

use std::fmt::Debug;

use burn::tensor::Shape;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{BoolTensor, FloatTensor, IntTensor};

use diadc_core::op::{Attention, Conv2d, Pool, Reduction, Unary};
use diadc_core::plan::{ConvolutionChoice, LinearChoice, Queries, Ways};

use super::taps::Taps;

/// A floating-point tensor on the backend of these kernels.
pub type Floats<K> = FloatTensor<<K as Kernels>::Backend>;

/// A function of single numbers that has a kernel of its own, and another for its gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x / 2 (1 + erf(x / sqrt 2))`.
    Gelu,
    /// `x / 2 (1 + tanh u)` with `u = sqrt(2 / pi) (x + 0.044715 x^3)`.
    GeluTanh,
    /// `x` if positive, else a multiple of it.
    LeakyRelu(f64),
    /// `x` if positive, else 0.
    Relu,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `x / (1 + e^-x)`.
    Silu,
}

impl Activation {
    /// The kernel of a function, if it has one.
    #[must_use]
    pub fn of(unary: Unary) -> Option<Activation> {
        let plain = [
            (Unary::Gelu, Activation::Gelu),
            (Unary::GeluTanh, Activation::GeluTanh),
            (Unary::Relu, Activation::Relu),
            (Unary::Sigmoid, Activation::Sigmoid),
            (Unary::Silu, Activation::Silu),
        ];
        if let Unary::LeakyRelu(slope) = unary {
            return Some(Activation::LeakyRelu(slope));
        }
        plain.into_iter().find(|(own, _)| *own == unary).map(|(_, activation)| activation)
    }

    /// The kernel of a function's value, if it has one, whatever its gradient.
    #[must_use]
    pub fn of_value(unary: Unary) -> Option<Activation> {
        if unary == Unary::GuidedRelu { Some(Activation::Relu) } else { Activation::of(unary) }
    }
}

/// Arithmetic of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a b`.
    Mul,
    /// `a / b`.
    Div,
}

/// How operations, their gradients and steps of an optimiser are computed on a backend. Where an operation can be computed in
/// several ways, what the plan has chosen comes last; kernels that have only one way ignore it.
pub trait Kernels: Clone + Debug + Send + Sync + 'static {
    /// The backend.
    type Backend: Backend;

    /// Whether a tensor with gaps in memory is read about as fast as one without.
    const READS_GAPS: bool;

    /// Whether it saves something to be told what becomes of an output: the `rest` that is added to it, whose elements are in
    /// the same order whatever its axes, and the function that is applied to it.
    const JOINS: bool;

    /// Whether the copies of weights that are rounded for products are kept until the weights change.
    const KEEPS_ROUNDED: bool;

    /// Whether reading a number waits until the device has done all that it was asked for. The loss is then read at the end of a
    /// step of training, and not before weights are changed.
    const READS_LATE: bool;

    /// Which tensors are made on the way.
    const WAYS: Ways;

    /// Does work that starts many kernels. Threads that share out a kernel start it faster if the caller is one of them.
    fn among_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T;

    /// The same numbers in other extents.
    fn reshape(x: Floats<Self>, shape: Shape) -> Floats<Self>;

    /// A convolution: `[B, C, H, W]`, `[out, C/groups, kh, kw]` and perhaps `[out]` to `[B, out, h, w]`.
    fn convolve(
        conv: Conv2d,
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Option<Floats<Self>>,
        rest: Option<Floats<Self>>,
        choice: ConvolutionChoice,
    ) -> Floats<Self>;

    /// Products of matrices: `[.., n, k]` and `[.., k, m]`, with the same leading extents, to `[.., n, m]`.
    fn multiply(left: Floats<Self>, right: Floats<Self>) -> Floats<Self>;

    /// Rows times a matrix: `[n, in]`, `[out, in]` and perhaps `[out]` to `[n, out]`.
    fn project(
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Option<Floats<Self>>,
        rest: Option<Floats<Self>>,
        choice: LinearChoice,
    ) -> Floats<Self>;

    /// Attention: `[B, heads, n, d]`, `[B, heads, m, d]` and `[B, heads, m, e]` to `[B, heads, n, e]`. If the queries see
    /// chosen keys, the mask `[n, m]` is true for these.
    fn attend(
        attention: Attention,
        operands: [Floats<Self>; 3],
        mask: Option<BoolTensor<Self::Backend>>,
        choice: Queries,
    ) -> Floats<Self>;

    /// Softmax over an axis.
    fn softmax(x: Floats<Self>, axis: usize) -> Floats<Self>;

    /// Group normalisation: `[B, C, ..]`, `[C]` and `[C]`. With one group, the rows of `[n, C]` are layers.
    fn normalize_groups(
        groups: usize,
        epsilon: f64,
        x: Floats<Self>,
        weight: Floats<Self>,
        bias: Floats<Self>,
        then: Option<Activation>,
    ) -> Floats<Self>;

    /// A function of single numbers.
    fn activate(activation: Activation, x: Floats<Self>) -> Floats<Self>;

    /// Arithmetic of two values of one rank; an axis of extent 1 is repeated.
    fn arithmetic(kind: Arithmetic, a: Floats<Self>, b: Floats<Self>) -> Floats<Self>;

    /// The larger or the smaller of two values of one shape.
    fn extreme(is_larger: bool, a: Floats<Self>, b: Floats<Self>) -> Floats<Self>;

    /// A reduction over axes, which stay with extent 1.
    fn reduce(kind: Reduction, axes: &[usize], x: Floats<Self>) -> Floats<Self>;

    /// A number, `[1]`, and the squares of all numbers of at least one tensor, added up.
    fn add_squares(sum: Floats<Self>, xs: Vec<Floats<Self>>) -> Floats<Self>;

    /// Values one after the other along an axis, in which alone they may differ.
    fn concat(parts: Vec<Floats<Self>>, axis: usize) -> Floats<Self>;

    /// Rows of a table: `[n, ..]` and `[m]`, whose numbers are at least 0 and less than `n`, to `[m, ..]`.
    fn gather(table: Floats<Self>, index: IntTensor<Self::Backend>) -> Floats<Self>;

    /// The largest number of each window of `[B, C, H, W]`.
    fn max_pool(pool: Pool, x: Floats<Self>) -> Floats<Self>;

    /// The mean of each window of `[B, C, H, W]`; padding counts as zeros.
    fn average_pool(pool: Pool, x: Floats<Self>) -> Floats<Self>;

    /// Sums along the rows and the columns of `[B, C, H, W]`.
    fn resample(taps: &[Taps; 2], x: Floats<Self>) -> Floats<Self>;

    /// The way back through a convolution, from what has the extents of its output, `[B, out, h, w]`, to `[B, C, H, W]` with
    /// this height and width: the gradient of its input, or a transposed convolution with its bias. What the plan has chosen is
    /// for the convolution.
    fn convolve_back(
        conv: Conv2d,
        size: [usize; 2],
        weight: Floats<Self>,
        y: Floats<Self>,
        bias: Option<Floats<Self>>,
        choice: ConvolutionChoice,
    ) -> Floats<Self>;

    /// The gradient of a convolution's weight, whose kernels have these extents.
    fn convolve_weight_gradient(
        conv: Conv2d,
        x: Floats<Self>,
        kernel: [usize; 2],
        gradient: Floats<Self>,
    ) -> Floats<Self>;

    /// The gradients of the operands of attention, in their order, from that of its output.
    fn attend_gradients(
        attention: Attention,
        operands: [Floats<Self>; 3],
        mask: Option<BoolTensor<Self::Backend>>,
        gradient: Floats<Self>,
        choice: Queries,
    ) -> [Floats<Self>; 3];

    /// The gradient of the input of [`Kernels::softmax`], from its output.
    fn softmax_gradient(y: Floats<Self>, axis: usize, gradient: Floats<Self>) -> Floats<Self>;

    /// The gradients of the three inputs of [`Kernels::normalize_groups`].
    fn normalize_groups_gradient(
        groups: usize,
        epsilon: f64,
        x: Floats<Self>,
        weight: Floats<Self>,
        gradient: Floats<Self>,
    ) -> [Floats<Self>; 3];

    /// The gradient of the input of [`Kernels::activate`].
    fn activate_gradient(activation: Activation, x: Floats<Self>, gradient: Floats<Self>) -> Floats<Self>;

    /// The gradient of the input of [`Kernels::max_pool`].
    fn max_pool_gradient(pool: Pool, x: Floats<Self>, gradient: Floats<Self>) -> Floats<Self>;

    /// The gradient of the input of [`Kernels::average_pool`], which has this height and width.
    fn average_pool_gradient(pool: Pool, size: [usize; 2], gradient: Floats<Self>) -> Floats<Self>;

    /// Weights after one step of Adam, each with its two moments; at most [`Descent::MOST_WEIGHTS`]. Their gradients are first
    /// multiplied by `scale`, `[1]`, if there is one. If there is a `loss`, `[1]`, that is not finite, they stay as they are.
    ///
    /// [`Descent::MOST_WEIGHTS`]: diadc_core::op::Descent::MOST_WEIGHTS
    fn adam(
        factors: &AdamFactors,
        scale: Option<&Floats<Self>>,
        loss: Option<&Floats<Self>>,
        group: Vec<AdamWeight<Floats<Self>>>,
    ) -> Vec<[Floats<Self>; 3]>;
}

/// A weight that Adam changes. The three have the same shape.
#[derive(Clone, Debug)]
pub struct AdamWeight<F> {
    /// The weight.
    pub weight: F,
    /// Its gradient.
    pub gradient: F,
    /// Its moments.
    pub moments: [F; 2],
}

/// The numbers of one step of Adam.
#[derive(Clone, Copy, Debug)]
pub struct AdamFactors {
    /// What is kept of the running mean of gradients.
    pub beta1: f64,
    /// What is kept of the running mean of their squares.
    pub beta2: f64,
    /// Factor of the root of the squares.
    pub root: f64,
    /// What is added to it.
    pub epsilon: f64,
    /// Factor of the direction.
    pub change: f64,
    /// What is kept of the weight.
    pub keep: f64,
}
