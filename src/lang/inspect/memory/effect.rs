//! The memory of one operation: whether its output needs any, what it takes while it runs, and what it keeps for the
//! backward pass.
//!
//! In: an operation, the sizes of its operands, and the kernel that the plan has chosen. Out: an [`Effect`], in elements,
//! so that a precision can be applied later.

use diadc_core::op::{Binary, Conv2d, ConvTranspose2d, Interpolation, Op, Reduction, Resize, Unary};
use diadc_core::plan::{Choice, Windows, holds_scores, side_by_side};

/// What is known of an operand.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) shape: Vec<usize>,
    /// Whether a gradient flows back to it.
    pub(super) tracked: bool,
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
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) place: Place,
    /// Taken and given back, besides the output.
    pub(super) scratch: usize,
    /// Operands that are kept for the backward pass.
    pub(super) keeps: Vec<usize>,
    /// What else is kept for it.
    pub(super) extra: usize,
    /// How many operands, counted from the first, share the gradient of the output, if it has their size.
    pub(super) passes: usize,
    /// Taken and given back in the backward pass, while the gradients of the first and of the second operand are computed.
    pub(super) scratch_back: [usize; 2],
}

/// Whose kernels compute an operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Runner {
    /// What is composed of the backend's own operations: on graphics processors, and of rounded numbers on the CPU.
    Composed,
    /// The CPU's own, as the plan has chosen them, on so many cores.
    Own { choice: Choice, cores: usize },
}

impl Effect {
    fn own() -> Effect {
        Effect { place: Place::Own, scratch: 0, keeps: Vec::new(), extra: 0, passes: 0, scratch_back: [0; 2] }
    }

    fn view() -> Effect {
        Effect { place: Place::View, passes: 1, ..Effect::own() }
    }

    fn keeping(keeps: Vec<usize>) -> Effect {
        Effect { keeps, ..Effect::own() }
    }
}

/// The memory of an operation.
pub(super) fn effect(op: &Op, inputs: &[Seen], output: &[usize], tracked: bool, runner: Runner) -> Effect {
    let count: usize = output.iter().product();
    match op {
        Op::Input { .. } | Op::Weight { .. } => Effect::view(),
        // Drawn or listed on the host, then copied.
        Op::Constant(_) | Op::Random(_) => Effect { scratch: count, ..Effect::own() },
        Op::Unary(unary) => of_unary(*unary, count, tracked),
        Op::Binary(binary) => of_binary(*binary, inputs, count),
        Op::Compare(_) => Effect::own(),
        Op::Select => Effect { extra: count / 4, ..Effect::own() },
        Op::Cast(_) => Effect::own(),
        Op::StopGradient | Op::Reshape(_) | Op::Permute(_) | Op::Expand(_) => Effect::view(),
        // Where the extremes are is looked for again.
        Op::Reduce { kind: Reduction::Max | Reduction::Min, .. } if tracked => {
            Effect { scratch_back: [2 * inputs[0].count(), 0], ..Effect::keeping(vec![0]) }
        }
        // The host has the numbers, and a line of keys at a time.
        Op::Rank(_) => Effect { scratch: inputs[0].count(), ..Effect::own() },
        // The axes are turned, and the host has the numbers.
        Op::Quantile(_) => {
            Effect { scratch: 2 * inputs[0].count(), scratch_back: [inputs[0].count(), 0], ..Effect::own() }
        }
        Op::Cumulate { .. } => Effect { scratch: count, scratch_back: [count, 0], ..Effect::own() },
        Op::Take { .. } => Effect::own(),
        // Values are kept side by side, and the host has both operands.
        Op::Nearest { .. } => {
            let [x, rows] = [inputs[0].count(), inputs[1].count()];
            let keeps = if tracked { vec![0, 1] } else { Vec::new() };
            Effect { scratch: 2 * x + rows, scratch_back: [3 * x + 3 * rows, rows], ..Effect::keeping(keeps) }
        }
        Op::NearestIndex { .. } => Effect { scratch: 2 * inputs[0].count() + inputs[1].count(), ..Effect::own() },
        Op::Inverse => {
            let keeps = if tracked { vec![0] } else { Vec::new() };
            Effect { scratch: count, scratch_back: [2 * count, 0], ..Effect::keeping(keeps) }
        }
        Op::Reduce { .. } => Effect { scratch: made_dense(&inputs[..1]), ..Effect::own() },
        // The output is kept.
        Op::Softmax { .. } if tracked => Effect { extra: count, ..Effect::own() },
        Op::Softmax { .. } => Effect { scratch: made_dense(&inputs[..1]), ..Effect::own() },
        Op::Concat { .. } => Effect { scratch: made_dense(inputs), ..Effect::own() },
        Op::Slice { .. } | Op::Pad { .. } | Op::Gather => Effect::own(),
        // Chosen on the host.
        Op::Coreset(_) => Effect { scratch: 2 * inputs[0].count(), ..Effect::own() },
        Op::MatMul | Op::Linear => of_product(inputs),
        Op::Attention(_) => of_attention(inputs, tracked, runner),
        Op::Conv2d(conv) => of_convolution(*conv, inputs, output, runner),
        Op::ConvTranspose2d(conv) => of_transposed_convolution(*conv, inputs, output, tracked, runner),
        Op::GroupNorm { .. } | Op::LayerNorm { .. } => {
            let keeps = if tracked { vec![0, 1] } else { Vec::new() };
            Effect { scratch: made_dense(&inputs[..1]), ..Effect::keeping(keeps) }
        }
        Op::Pool(_) => Effect::keeping(vec![0]),
        Op::Resize(Resize { interpolation: Interpolation::Nearest, .. }) => Effect::keeping(vec![0]),
        Op::Resize(_) | Op::GaussianBlur { .. } => Effect { scratch: made_dense(&inputs[..1]), ..Effect::own() },
    }
}

/// The copies of those operands that have gaps in memory.
fn made_dense(inputs: &[Seen]) -> usize {
    inputs.iter().filter(|input| !input.dense).map(Seen::count).sum()
}

fn of_unary(unary: Unary, count: usize, tracked: bool) -> Effect {
    let over = Effect { place: Place::Over(0), ..Effect::own() };
    match unary {
        Unary::AddScalar(_) if tracked => Effect { passes: 1, ..over },
        Unary::Neg | Unary::AddScalar(_) | Unary::MulScalar(_) => over,
        Unary::Silu | Unary::Gelu | Unary::GeluTanh | Unary::Sigmoid | Unary::LeakyRelu(_) | Unary::Relu => {
            Effect::keeping(if tracked { vec![0] } else { Vec::new() })
        }
        Unary::Clamp(..) => Effect { extra: count / 4, scratch: count / 4, ..over },
        Unary::Exp | Unary::Log | Unary::Sqrt | Unary::Abs | Unary::Sin | Unary::Cos | Unary::Tanh if tracked => {
            Effect::keeping(vec![0])
        }
        Unary::PowScalar(_) if tracked => {
            Effect { scratch: count, scratch_back: [count, 0], ..Effect::keeping(vec![0]) }
        }
        Unary::Exp
        | Unary::Log
        | Unary::Sqrt
        | Unary::Abs
        | Unary::Sin
        | Unary::Cos
        | Unary::Tanh
        | Unary::PowScalar(_) => over,
    }
}

fn of_binary(binary: Binary, inputs: &[Seen], count: usize) -> Effect {
    let large = usize::from(inputs[0].count() < inputs[1].count());
    let other_fits = inputs[1 - large].dense || inputs[1 - large].count() < count;
    let place = match binary {
        Binary::Add | Binary::Mul if other_fits => Place::Over(large),
        Binary::Sub | Binary::Div if inputs[0].count() == count && other_fits => Place::Over(0),
        Binary::Add | Binary::Mul => Place::Own,
        Binary::Sub | Binary::Div | Binary::Max | Binary::Min => Place::Own,
    };
    let [first, second] = [inputs[0].tracked, inputs[1].tracked];
    let mut keeps: Vec<usize> = Vec::new();
    match binary {
        Binary::Add | Binary::Sub => {}
        Binary::Mul => {
            keeps.extend(second.then_some(0));
            keeps.extend(first.then_some(1));
        }
        Binary::Div => {
            keeps.extend(second.then_some(0));
            keeps.extend((first || second).then_some(1));
        }
        Binary::Max | Binary::Min => {
            let keeps = if first || second { vec![0, 1] } else { Vec::new() };
            return Effect { scratch_back: [2 * count, 0], ..Effect::keeping(keeps) };
        }
    }
    let passes = match binary {
        Binary::Add => 2,
        Binary::Sub => 1,
        Binary::Mul | Binary::Div | Binary::Max | Binary::Min => 0,
    };
    Effect { place, keeps, passes, ..Effect::own() }
}

/// A product with a matrix. An operand with gaps is copied first, and the copy is what is kept.
fn of_product(inputs: &[Seen]) -> Effect {
    let copied = made_dense(&inputs[..1]);
    let mut keeps: Vec<usize> = Vec::new();
    keeps.extend((inputs[1].tracked && copied == 0).then_some(0));
    keeps.extend(inputs[0].tracked.then_some(1));
    let extra = if inputs[1].tracked { copied } else { 0 };
    Effect { extra, scratch: copied - extra, ..Effect::keeping(keeps) }
}

fn of_attention(inputs: &[Seen], tracked: bool, runner: Runner) -> Effect {
    let [q, k] = [&inputs[0].shape, &inputs[1].shape];
    let scores = q[0] * q[1] * q[2] * k[2];
    let queries = inputs[0].count();
    let keeps = if tracked { vec![0, 1, 2] } else { Vec::new() };
    // The gradients of all operands are computed together, from scores that are computed again.
    match runner {
        Runner::Own { choice, cores } => {
            let step = choice.attention().0.min(q[2]);
            let tasks = q[0] * q[2].div_ceil(step.max(1));
            let scratch = step * k[2] * cores.min(tasks);
            let back = 2 * step * k[2] * cores.min(q[0] * q[1]);
            Effect { place: Place::Turned([0, 2, 1, 3]), scratch, scratch_back: [back, 0], ..Effect::keeping(keeps) }
        }
        Runner::Composed => {
            let held = if holds_scores(scores) { 2 * scores } else { 0 };
            Effect { scratch: queries + held, scratch_back: [queries + 3 * scores, 0], ..Effect::keeping(keeps) }
        }
    }
}

fn of_convolution(conv: Conv2d, inputs: &[Seen], output: &[usize], runner: Runner) -> Effect {
    let [x, weight] = [&inputs[0], &inputs[1]];
    let copied = made_dense(&inputs[..1]);
    let forward = Unfolding::new(conv.groups, &x.shape, weight, output);
    // The gradient of the input is a convolution of that of the output, spread by the stride.
    let [height, width] = [x.shape[2], x.shape[3]];
    let spread = if conv.stride == [1, 1] { 0 } else { output[0] * output[1] * height * width };
    let back = Unfolding::new(conv.groups, output, weight, &x.shape);
    let (ahead, back, for_weight) = match runner {
        Runner::Own { choice, cores } => {
            let chosen = choice.convolution();
            let samples = chosen.samples.min(output[0].max(1));
            let for_weight = match chosen.forward {
                Windows::Groups => forward.for_weight_composed(),
                Windows::Columns(_) | Windows::Pixels | Windows::Bands(_) => {
                    samples * forward.positions() * (forward.inner + forward.out)
                }
            };
            (forward.held(chosen.forward, cores), back.held(chosen.input_gradient, cores), for_weight)
        }
        Runner::Composed => {
            let is_pointwise = weight.shape[2..] == [1, 1];
            let ahead = if is_pointwise && conv.stride == [1, 1] && conv.padding == [0, 0] { 0 } else { forward.all() };
            (ahead, if is_pointwise { 0 } else { back.all() }, forward.for_weight_composed())
        }
    };
    Effect {
        scratch: copied + ahead,
        scratch_back: [spread + weight.count() + back, copied + for_weight],
        ..Effect::keeping(vec![0, 1])
    }
}

/// A convolution of the input, which zeros have spread; both are kept for the gradient of the weight.
fn of_transposed_convolution(
    conv: ConvTranspose2d,
    inputs: &[Seen],
    output: &[usize],
    tracked: bool,
    runner: Runner,
) -> Effect {
    let [x, weight] = [&inputs[0], &inputs[1]];
    let spread = x.count() * conv.stride.iter().product::<usize>();
    let kept = spread + weight.count();
    let unfolding = Unfolding::new(conv.groups, &x.shape, weight, output);
    let held = match runner {
        Runner::Own { choice, cores } => unfolding.held(choice.convolution().forward, cores),
        Runner::Composed if weight.shape[2..] == [1, 1] => 0,
        Runner::Composed => unfolding.all(),
    };
    let extra = if tracked { kept } else { 0 };
    Effect { extra, scratch: kept - extra + held, scratch_back: [spread, 0], ..Effect::own() }
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
    fn new(groups: usize, from: &[usize], weight: &Seen, to: &[usize]) -> Unfolding {
        let inner = from[1] / groups * weight.shape[2] * weight.shape[3];
        let is_by_channel = groups == from[1] && groups == to[1];
        let copied = if is_by_channel { 0 } else { from.iter().product::<usize>() + weight.count() };
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
            Windows::Bands(band) => inner * band.rows(self.extent, cores) * self.extent[1],
        }
    }
}

/// How many nodes an operation has on burn's autodiff tape, along the longest path. The backward pass visits the deepest
/// nodes of all branches first.
pub(super) fn links(op: &Op) -> usize {
    match op {
        Op::LayerNorm { .. } => 3,
        Op::Linear => 3,
        Op::Reduce { .. } => 2,
        Op::Concat { .. } | Op::Slice { .. } | Op::Pad { .. } => 3,
        // Turned, reshaped, taken, multiplied, added and reshaped.
        Op::Quantile(_) => 6,
        _ => 1,
    }
}
