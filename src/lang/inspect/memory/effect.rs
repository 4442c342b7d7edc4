//! The memory of one operation: whether its output needs any, and what it takes while it runs.
//!
//! In: an operation, the sizes of its operands, and the kernel that the plan has chosen. Out: an [`Effect`], in elements,
//! so that a precision can be applied later.

use diadc_core::op::{
    Attention, Binary, Conv2d, ConvTranspose2d, Decay, Descent, Gradient, Interpolation, Op, Optimizer, Resize, Sight,
    Unary,
};
use diadc_core::plan::{Choice, FEW_WINDOWS, LINES, PIECE, Windows, holds_scores, side_by_side};

/// What is known of an operand.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) shape: Vec<usize>,
    /// Whether its elements lie in order, without gaps.
    pub(super) dense: bool,
}

impl Seen {
    fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Where an output lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where the first operand does: it is a view.
    View,
    /// Where this operand does, if nobody else uses it.
    Over(usize),
    /// In memory of its own.
    Own,
    /// In memory of its own, with its axes in this order.
    Turned([usize; 4]),
}

/// Memory of one operation, in elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    pub(super) place: Place,
    /// Taken and given back, besides the output.
    pub(super) scratch: usize,
}

/// Whose kernels compute an operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Runner {
    /// What is composed of the backend's own operations: on graphics processors, and of rounded numbers on the CPU.
    Composed,
    /// The CPU's own, as the plan has chosen them, on so many cores.
    Own { choice: Choice, cores: usize },
}

impl Runner {
    /// The effect of the CPU's kernel for single numbers, which writes over an operand.
    fn over(self, operand: usize) -> Effect {
        match self {
            Runner::Own { .. } => Effect::over(operand),
            Runner::Composed => Effect::own(),
        }
    }
}

impl Effect {
    fn own() -> Effect {
        Effect { place: Place::Own, scratch: 0 }
    }

    /// Memory of its own, and scratch memory.
    fn with(scratch: usize) -> Effect {
        Effect { scratch, ..Effect::own() }
    }

    fn over(operand: usize) -> Effect {
        Effect { place: Place::Over(operand), ..Effect::own() }
    }
}

/// The memory of an operation.
pub(super) fn effect(op: &Op, inputs: &[Seen], output: &[usize], runner: Runner) -> Effect {
    let count: usize = output.iter().product();
    match op {
        Op::Input { .. }
        | Op::Weight { .. }
        | Op::State { .. }
        | Op::StopGradient
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Expand(_) => Effect { place: Place::View, ..Effect::own() },
        // Drawn or listed on the host, then copied.
        Op::Constant(_) | Op::Random(_) => Effect::with(count),
        Op::Unary(unary) => of_unary(*unary, count, runner),
        Op::Binary(binary) => of_binary(*binary, inputs, count, runner),
        Op::Compare(_)
        | Op::Select
        | Op::Cast(_)
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Gather
        | Op::Take { .. } => Effect::own(),
        // The host has the numbers, and a line of keys at a time.
        Op::Rank(_) => Effect::with(inputs[0].count()),
        // The axes are turned, and the host has the numbers.
        Op::Quantile(_) => Effect::with(2 * inputs[0].count()),
        Op::Cumulate { .. } | Op::Inverse => Effect::with(count),
        // The host has both operands.
        Op::Nearest { .. } | Op::NearestIndex { .. } => Effect::with(2 * inputs[0].count() + inputs[1].count()),
        Op::Reduce { .. } | Op::Softmax { .. } | Op::GroupNorm { .. } | Op::LayerNorm { .. } => {
            Effect::with(made_dense(&inputs[..1]))
        }
        Op::Concat { .. } => Effect::with(made_dense(inputs)),
        // Chosen on the host.
        Op::Coreset(_) => Effect::with(2 * inputs[0].count()),
        Op::MatMul | Op::Linear => Effect::with(made_dense(&inputs[..1])),
        Op::Attention(attention) => of_attention(*attention, inputs, runner),
        Op::Conv2d(conv) => of_convolution(*conv, inputs, output, runner),
        Op::ConvTranspose2d(conv) => of_transposed_convolution(*conv, inputs, output, runner),
        Op::Pool(_) | Op::Resize(Resize { interpolation: Interpolation::Nearest, .. }) => Effect::own(),
        Op::Resize(_) | Op::GaussianBlur { .. } => Effect::with(made_dense(&inputs[..1])),
        Op::Gradient(gradient) => of_gradient(gradient, inputs, output, runner),
        Op::Squares => Effect::with(made_dense(inputs)),
        Op::Descent(descent) => of_descent(*descent, inputs),
    }
}

/// A step has a kernel that changes weights where they lie, or is composed, a weight at a time.
fn of_descent(descent: Descent, inputs: &[Seen]) -> Effect {
    let has_kernel = match descent.optimizer {
        Optimizer::Adam { decay: Decay::OfGradient(share), amsgrad: false, .. } => share == 0.0,
        Optimizer::Adam { amsgrad, .. } => !amsgrad,
        Optimizer::Sgd { .. } => false,
    };
    let largest = inputs.iter().map(Seen::count).max().unwrap_or(0);
    Effect::with(if has_kernel { 0 } else { 2 * largest })
}

/// The copies of those operands that have gaps in memory.
fn made_dense<'a>(inputs: impl IntoIterator<Item = &'a Seen>) -> usize {
    inputs.into_iter().filter(|input| !input.dense).map(Seen::count).sum()
}

fn of_unary(unary: Unary, count: usize, runner: Runner) -> Effect {
    match unary {
        Unary::Silu
        | Unary::Gelu
        | Unary::GeluTanh
        | Unary::Sigmoid
        | Unary::LeakyRelu(_)
        | Unary::Relu
        | Unary::GuidedRelu => runner.over(0),
        // The power, and what is above its limit.
        Unary::Softplus => Effect { scratch: count + count / 4, ..Effect::over(0) },
        Unary::Clamp(..) => Effect { scratch: count / 4, ..Effect::over(0) },
        Unary::Neg
        | Unary::AddScalar(_)
        | Unary::MulScalar(_)
        | Unary::Exp
        | Unary::Log
        | Unary::Sqrt
        | Unary::Abs
        | Unary::Sin
        | Unary::Cos
        | Unary::Tanh
        | Unary::Floor
        | Unary::Round
        | Unary::Sign
        | Unary::PowScalar(_) => Effect::over(0),
    }
}

fn of_binary(binary: Binary, inputs: &[Seen], count: usize, runner: Runner) -> Effect {
    let large = usize::from(inputs[0].count() < inputs[1].count());
    let other_fits = inputs[1 - large].dense || inputs[1 - large].count() < count;
    match binary {
        Binary::Add | Binary::Mul if other_fits => Effect::over(large),
        Binary::Sub | Binary::Div if inputs[0].count() == count && other_fits => Effect::over(0),
        Binary::Max | Binary::Min => runner.over(1),
        Binary::Add | Binary::Mul | Binary::Sub | Binary::Div => Effect::own(),
        Binary::Rem | Binary::Pow => Effect::own(),
    }
}

fn of_gradient(gradient: &Gradient, inputs: &[Seen], output: &[usize], runner: Runner) -> Effect {
    match gradient {
        Gradient::ConvolutionInput { conv, .. } => {
            let runner = match runner {
                Runner::Own { choice, cores } => Some((choice.convolution().input_gradient, cores)),
                Runner::Composed => None,
            };
            of_way_back(*conv, &inputs[0], &inputs[1], output, runner)
        }
        Gradient::ConvolutionWeight { conv, .. } => {
            let [x, gradient] = [&inputs[0], &inputs[1]];
            let forward = Unfolding::new(conv.groups, &x.shape, output, &gradient.shape);
            let wide = gradient.shape[0] * forward.positions();
            let held = match runner {
                Runner::Own { .. } if conv.groups == 1 && wide < FEW_WINDOWS => wide * (forward.inner + forward.out),
                Runner::Own { cores, .. } if conv.groups == 1 => {
                    let piece = gradient.shape[3].max(PIECE);
                    wide * forward.out + piece * LINES.min(forward.inner) * cores
                }
                Runner::Own { .. } | Runner::Composed => forward.for_weight_composed(),
            };
            Effect::with(made_dense(inputs) + held)
        }
        // The gradients of all operands are computed together, from scores that are computed again.
        Gradient::Attention(_) => {
            let [q, k] = [&inputs[0].shape, &inputs[1].shape];
            Effect::with(match runner {
                Runner::Own { choice, cores } => {
                    made_dense(inputs) + 2 * choice.attention().0.min(q[2]) * k[2] * cores.min(q[0] * q[1])
                }
                Runner::Composed => inputs[0].count() + 3 * q[0] * q[1] * q[2] * k[2],
            })
        }
        Gradient::Quantile(_) | Gradient::QuantileOther(_) => Effect::with(2 * inputs[0].count()),
        Gradient::Nearest { .. } => Effect::with(3 * (inputs[0].count() + inputs[1].count())),
        Gradient::Unary(_) => Effect { scratch: made_dense(&inputs[..1]), ..runner.over(1) },
        Gradient::MaxPoolOther(_) => Effect::with(2 * output.iter().product::<usize>()),
        Gradient::Softmax { .. }
        | Gradient::GroupNorm { .. }
        | Gradient::LayerNorm { .. }
        | Gradient::MaxPool(_)
        | Gradient::AveragePool { .. }
        | Gradient::Resize { .. }
        | Gradient::GaussianBlur { .. }
        | Gradient::Pad { .. }
        | Gradient::Gather { .. }
        | Gradient::Take { .. }
        | Gradient::Slice { .. }
        | Gradient::Concat { .. } => Effect::with(made_dense(inputs)),
    }
}

fn of_attention(attention: Attention, inputs: &[Seen], runner: Runner) -> Effect {
    let [q, k] = [&inputs[0].shape, &inputs[1].shape];
    let scores = q[0] * q[1] * q[2] * k[2];
    match runner {
        Runner::Own { choice, cores } => {
            let step = choice.attention().0.min(q[2]);
            let tasks = q[0] * q[2].div_ceil(step.max(1));
            Effect { place: Place::Turned([0, 2, 1, 3]), scratch: step * k[2] * cores.min(tasks) }
        }
        Runner::Composed => {
            let held = if attention.sight == Sight::Chosen || holds_scores(scores) { 2 * scores } else { 0 };
            Effect::with(inputs[0].count() + held)
        }
    }
}

fn of_convolution(conv: Conv2d, inputs: &[Seen], output: &[usize], runner: Runner) -> Effect {
    let [x, weight] = [&inputs[0], &inputs[1]];
    let forward = Unfolding::new(conv.groups, &x.shape, &weight.shape, output);
    let held = match runner {
        Runner::Own { choice, cores } => forward.held(choice.convolution().forward, cores),
        Runner::Composed => {
            let is_pointwise = weight.shape[2..] == [1, 1];
            if is_pointwise && conv.stride == [1, 1] && conv.padding == [0, 0] { 0 } else { forward.all() }
        }
    };
    Effect::with(made_dense(&inputs[..1]) + held)
}

fn of_transposed_convolution(conv: ConvTranspose2d, inputs: &[Seen], output: &[usize], runner: Runner) -> Effect {
    let ConvTranspose2d { stride, padding, dilation, groups, .. } = conv;
    let runner = match runner {
        Runner::Own { choice, cores } => Some((choice.convolution().forward, cores)),
        Runner::Composed => None,
    };
    of_way_back(Conv2d { stride, padding, dilation, groups }, &inputs[1], &inputs[0], output, runner)
}

/// The way back through a convolution, from its output `y` to its input `result`. `own` holds what the plan has chosen for the
/// CPU's kernels, and the number of cores; without it the way back is composed.
fn of_way_back(conv: Conv2d, weight: &Seen, y: &Seen, result: &[usize], own: Option<(Windows, usize)>) -> Effect {
    let back = Unfolding::new(conv.groups, &y.shape, &weight.shape, result);
    if let Some((Windows::Added(band), cores)) = own {
        let at_once = side_by_side(y.shape[0], cores);
        let pixels = band.rows([y.shape[2], y.shape[3]], cores / at_once) * y.shape[3];
        let window = weight.shape[1] * weight.shape[2] * weight.shape[3];
        // The result of a sample is summed with its numbers in another order.
        let sums = result[1] * result[2] * result[3].next_multiple_of(conv.stride[1]);
        return Effect::with(made_dense([weight, y]) + at_once * (window * pixels + sums));
    }
    let spread = if conv.stride == [1, 1] { 0 } else { y.shape[0] * y.shape[1] * result[2] * result[3] };
    let held = match own {
        Some((windows, cores)) => back.held(windows, cores),
        None if weight.shape[2..] == [1, 1] => 0,
        None => back.all(),
    };
    Effect::with(spread + weight.count() + held)
}

/// A convolution by unfolded windows.
struct Unfolding {
    batch: usize,
    groups: usize,
    /// Numbers of a window, of one group of channels.
    inner: usize,
    /// Channels of the output.
    out: usize,
    /// Rows and columns of the output.
    extent: [usize; 2],
    /// What the backend copies if there are groups: both operands, unless each channel has a weight of its own.
    copied: usize,
}

impl Unfolding {
    /// That of a convolution from one shape to another, whichever way the weight belongs to.
    fn new(groups: usize, from: &[usize], weight: &[usize], to: &[usize]) -> Unfolding {
        let inner = from[1] / groups * weight[2] * weight[3];
        let is_by_channel = groups == from[1] && groups == to[1];
        let count = |extents: &[usize]| extents.iter().product::<usize>();
        let copied = if is_by_channel { 0 } else { count(from) + count(weight) };
        Unfolding { batch: to[0], groups, inner, out: to[1], extent: [to[2], to[3]], copied }
    }

    /// Windows of a sample.
    fn positions(&self) -> usize {
        self.extent[0] * self.extent[1]
    }

    /// Elements of all windows.
    fn all(&self) -> usize {
        self.batch * self.positions() * self.groups * self.inner
    }

    /// What the gradient of the weight takes where it is composed: all windows, and again side by side.
    fn for_weight_composed(&self) -> usize {
        2 * self.all() + self.batch * self.positions() * self.out
    }

    /// Elements of windows that are held at once by the CPU's kernels, and of products that are not in order yet.
    fn held(&self, windows: Windows, cores: usize) -> usize {
        let Unfolding { inner, out, batch, .. } = *self;
        let positions = self.positions();
        match windows {
            Windows::Groups => self.copied,
            Windows::Columns(samples) => {
                let at_once = side_by_side(batch.div_ceil(samples), cores);
                let samples = samples.min(batch.max(1));
                let together = if samples > 1 { out } else { 0 };
                samples * positions * (inner + together) * at_once
            }
            Windows::Pixels => 0,
            Windows::Added(_) => unreachable!("windows that are added are not unfolded"),
            Windows::Bands(band) => inner * band.rows(self.extent, cores) * self.extent[1],
        }
    }
}
