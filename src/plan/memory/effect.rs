//! What an operation does with memory: whether its output needs any, what it takes meanwhile, and what the way back
//! will need of it.
//!
//! In: an operation and the sizes of its operands. Out: an [`Effect`], in elements, so that a precision can be chosen
//! later. The rules are those of `execute` on the CPU; graphics processors take no windows but are counted alike.

use crate::op::{Binary, Conv2d, Op, PoolKind, Unary};

/// What is known of an operand.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) shape: Vec<usize>,
    /// Whether a gradient flows back to it.
    pub(super) tracked: bool,
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
}

/// Memory of one operation, in elements.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) place: Place,
    /// Taken and given back, besides the output.
    pub(super) scratch: usize,
    /// Operands that are kept for the way back.
    pub(super) keeps: Vec<usize>,
    /// Whether the output is.
    pub(super) keeps_output: bool,
    /// What else is.
    pub(super) extra: usize,
    /// Whether the gradient of the output is handed on as it is.
    pub(super) passes: bool,
    /// Taken and given back on the way back, besides the gradients.
    pub(super) scratch_back: usize,
}

/// Elements of unfolded windows of the CPU's convolutions, as in `execute`.
const TILE: usize = 512 * 1024;
const WIDE: usize = 256;
const UNFOLDED: usize = 16 << 20;

impl Effect {
    fn own() -> Effect {
        Effect {
            place: Place::Own,
            scratch: 0,
            keeps: Vec::new(),
            keeps_output: false,
            extra: 0,
            passes: false,
            scratch_back: 0,
        }
    }

    fn view() -> Effect {
        Effect { place: Place::View, passes: true, ..Effect::own() }
    }

    fn keeping(keeps: Vec<usize>) -> Effect {
        Effect { keeps, ..Effect::own() }
    }
}

/// The memory of an operation; `cores` is how many work at once.
pub(super) fn effect(op: &Op, inputs: &[Seen], output: &[usize], tracked: bool, cores: usize) -> Effect {
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
        Op::Reduce { .. } => Effect { scratch_back: inputs[0].count(), ..Effect::own() },
        Op::Softmax { .. } if tracked => {
            Effect { extra: count, scratch: count, scratch_back: 2 * count, ..Effect::own() }
        }
        Op::Softmax { .. } => Effect::own(),
        Op::Concat { .. } | Op::Slice { .. } | Op::Pad { .. } | Op::Gather => Effect::own(),
        Op::MatMul | Op::Linear => {
            let mut keeps: Vec<usize> = Vec::new();
            keeps.extend(inputs[1].tracked.then_some(0));
            keeps.extend(inputs[0].tracked.then_some(1));
            Effect::keeping(keeps)
        }
        Op::Attention(_) => of_attention(inputs, tracked),
        Op::Conv2d(conv) => of_convolution(*conv, inputs, output, cores),
        Op::ConvTranspose2d(_) => Effect { scratch: inputs[0].count(), ..Effect::keeping(vec![0, 1]) },
        Op::GroupNorm { .. } if tracked => {
            Effect { extra: count, scratch: count, scratch_back: 3 * count, ..Effect::own() }
        }
        Op::LayerNorm { .. } if tracked => {
            Effect { extra: 2 * count, scratch: count, scratch_back: 3 * count, ..Effect::own() }
        }
        Op::GroupNorm { .. } | Op::LayerNorm { .. } => Effect::own(),
        Op::Pool(pool) => {
            // Places of the largest are kept as integers of twice the size.
            let extra = if tracked && pool.kind == PoolKind::Max { 2 * count } else { 0 };
            Effect { extra, ..Effect::keeping(vec![0]) }
        }
        Op::Resize(_) | Op::GaussianBlur { .. } => {
            let [height, width] = [output[2], output[3]];
            let images = output[0] * output[1];
            let half = images * inputs[0].shape[2] * width;
            Effect { scratch: half + images * height * inputs[0].shape[2], scratch_back: half, ..Effect::own() }
        }
    }
}

fn of_unary(unary: Unary, count: usize, tracked: bool) -> Effect {
    let over = Effect { place: Place::Over(0), passes: false, ..Effect::own() };
    match unary {
        Unary::Neg | Unary::AddScalar(_) | Unary::MulScalar(_) | Unary::Exp | Unary::Tanh if tracked => {
            Effect { keeps_output: matches!(unary, Unary::Exp | Unary::Tanh), ..over }
        }
        Unary::Silu if !tracked => Effect::own(),
        Unary::Gelu if !tracked => Effect::own(),
        Unary::Relu | Unary::Silu | Unary::Log | Unary::Sqrt | Unary::Abs | Unary::Sin | Unary::Cos if tracked => {
            Effect { keeps: vec![0], ..over }
        }
        Unary::PowScalar(_) | Unary::LeakyRelu(_) if tracked => {
            Effect { keeps: vec![0], scratch: count, scratch_back: count, ..Effect::own() }
        }
        Unary::Sigmoid if tracked => Effect { extra: 2 * count + count / 4, scratch_back: count, ..Effect::own() },
        Unary::Gelu if tracked => Effect { extra: 3 * count, scratch_back: 2 * count, ..Effect::own() },
        Unary::GeluTanh if tracked => Effect { extra: 4 * count, scratch_back: 2 * count, ..Effect::own() },
        Unary::GeluTanh => Effect { scratch: count, ..Effect::own() },
        Unary::Clamp(..) => Effect { extra: count / 4, scratch: count / 4, ..over },
        _ => over,
    }
}

fn of_binary(binary: Binary, inputs: &[Seen], count: usize) -> Effect {
    let large = usize::from(inputs[0].count() < inputs[1].count());
    let place = match binary {
        Binary::Add | Binary::Mul => Place::Over(large),
        Binary::Sub | Binary::Div if inputs[0].count() == count => Place::Over(0),
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
        // The mask of which one wins.
        Binary::Max | Binary::Min => return Effect { extra: count / 4, ..Effect::own() },
    }
    let passes = binary == Binary::Add;
    Effect { place, keeps, passes, ..Effect::own() }
}

fn of_attention(inputs: &[Seen], tracked: bool) -> Effect {
    let [q, k] = [&inputs[0].shape, &inputs[1].shape];
    let scores = q[0] * q[1] * q[2] * k[2];
    let queries = inputs[0].count();
    if tracked {
        // Scaled queries, powers and their shares are kept.
        return Effect {
            extra: queries + 2 * scores,
            scratch: scores,
            scratch_back: 3 * scores,
            ..Effect::keeping(vec![1, 2])
        };
    }
    let held = if scores > 1 << 25 { 0 } else { 2 * scores };
    Effect { scratch: queries + held, ..Effect::own() }
}

fn of_convolution(conv: Conv2d, inputs: &[Seen], output: &[usize], cores: usize) -> Effect {
    let [x, weight] = [&inputs[0], &inputs[1]];
    let (batch, out, positions) = (output[0], output[1], output[2] * output[3]);
    let inner: usize = weight.shape[1..].iter().product();
    let is_pointwise = weight.shape[2..] == [1, 1] && conv.stride == [1, 1];
    let scratch = windows(inner, out, positions, output[3], batch, cores, is_pointwise);
    let samples = (UNFOLDED / (inner * positions).max(1)).clamp(1, batch.max(1));
    let for_weight = samples * positions * (inner + out) + weight.count();
    let spread = if conv.stride == [1, 1] { 0 } else { batch * out * x.shape[2] * x.shape[3] };
    let turned = out * weight.shape[2] * weight.shape[3];
    let pixels = x.shape[2] * x.shape[3];
    let for_input =
        spread + weight.count() + windows(turned, x.shape[1], pixels, x.shape[3], batch, cores, is_pointwise);
    Effect { scratch, scratch_back: for_weight.max(for_input), ..Effect::keeping(vec![0, 1]) }
}

/// Unfolded windows that are held at once.
fn windows(
    inner: usize,
    out: usize,
    positions: usize,
    columns: usize,
    batch: usize,
    cores: usize,
    is_pointwise: bool,
) -> usize {
    if inner * positions <= TILE {
        let samples = WIDE.div_ceil(positions.max(1)).min(batch.max(1));
        let together = if samples > 1 { out } else { 0 };
        return samples * positions * (inner + together) * cores.min(batch.div_ceil(samples).max(1));
    }
    let rows = (TILE * cores / inner.max(1) / columns.max(1)).clamp(1, (positions / columns.max(1)).max(1));
    if is_pointwise { 0 } else { inner * rows * columns }
}
