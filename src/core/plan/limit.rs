//! The largest tensor that a plan makes, for devices that hold only so much in one: beyond that, some give wrong numbers
//! without a word.
//!
//! In: a plan, the values of its symbols, and which tensors kernels make on the way, which count as well. Out: an operation
//! and a number of bytes, before anything runs.

use crate::fact::{Bindings, Precision};
use crate::op::{Attention, Gradient, Interpolation, Op, Resize, Sight, WeightId};

use super::{Block, Operand, Plan, Target, Work};

/// What a device holds in one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The device, in words.
    pub device: String,
    /// How many bytes.
    pub bytes: usize,
    /// Which tensors its kernels make.
    pub ways: Ways,
}

/// Which tensors kernels make on the way to an output, where that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// The most numbers that a query and a value may have together for attention to make no tensor of its scores, in f32 and
    /// without a mask.
    pub unscored: usize,
    /// Whether the way back through a convolution makes windows of what it gives, which it folds; otherwise of what it is
    /// given.
    pub folds: bool,
    /// Whether resampling makes a matrix for each image.
    pub matrices: bool,
}

impl Ways {
    /// Those of composed kernels, and of devices without a limit, for which it does not matter.
    pub const COMPOSED: Ways = Ways { unscored: 0, folds: false, matrices: true };
}

/// The largest tensor of a plan, or a little more.
#[derive(Clone, Copy, Debug)]
pub struct Largest<'a> {
    /// The operation that makes it or is given it.
    pub op: &'a Op,
    /// How many bytes it takes.
    pub bytes: usize,
}

/// The largest tensor of a plan whose weights have these shapes; none if it has no operations, or a symbol has no value.
#[must_use]
pub fn largest<'a>(
    plan: &'a Plan,
    weights: &dyn Fn(WeightId) -> Vec<usize>,
    bindings: &Bindings,
    ways: Ways,
    precision: Precision,
) -> Option<Largest<'a>> {
    let mut search = Search { weights, bindings, ways, precision, kept: Vec::new(), found: None };
    search.kept = search.block(&plan.constants, Vec::new())?;
    let inputs = plan.inputs.iter().map(|input| input.fact.shape.value(bindings)).collect::<Option<_>>()?;
    search.block(&plan.steps, inputs)?;
    search.found
}

/// A walk over the steps of a plan, with the shapes of values in the place of values.
struct Search<'a, 's> {
    weights: &'s dyn Fn(WeightId) -> Vec<usize>,
    bindings: &'s Bindings,
    ways: Ways,
    precision: Precision,
    /// The shapes of what the constants give.
    kept: Vec<Vec<usize>>,
    found: Option<Largest<'a>>,
}

impl<'a> Search<'a, '_> {
    /// The shapes of the outputs of a block.
    fn block(&mut self, block: &'a Block, inputs: Vec<Vec<usize>>) -> Option<Vec<Vec<usize>>> {
        let mut slots: Vec<Vec<usize>> = vec![Vec::new(); block.slots];
        for (slot, shape) in block.inputs.iter().zip(inputs) {
            slot.iter().for_each(|slot| slots[slot.0 as usize].clone_from(&shape));
        }
        for step in &block.steps {
            let mut operands = self.shapes(&step.inputs, &slots);
            let outputs: Vec<Vec<usize>> =
                step.facts.iter().map(|fact| fact.shape.value(self.bindings)).collect::<Option<_>>()?;
            match &step.work {
                Work::Op(op) => self.see(op, &operands, &outputs[0]),
                Work::Loop(run) => {
                    // The constants of a step are single numbers.
                    let captured = operands.split_off(run.carried);
                    operands.extend(run.stepped.iter().map(|_| Vec::new()));
                    operands.extend(captured);
                    self.block(&run.block, operands)?;
                }
            }
            for (target, shape) in step.outputs.iter().zip(outputs) {
                if let Target::Slot(slot) = target {
                    slots[slot.0 as usize] = shape;
                }
            }
        }
        Some(self.shapes(&block.outputs, &slots))
    }

    fn shapes(&self, operands: &[Operand], slots: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let shape = |operand: &Operand| match operand {
            Operand::Slot { slot, .. } => slots[slot.0 as usize].clone(),
            Operand::Weight(id) => (self.weights)(*id),
            Operand::State { state, .. } => (self.weights)(state.weight()),
            Operand::Kept(place) => self.kept[*place].clone(),
        };
        operands.iter().map(shape).collect()
    }

    fn see(&mut self, op: &'a Op, operands: &[Vec<usize>], output: &[usize]) {
        let given = operands.iter().map(|shape| count(shape)).max().unwrap_or(0);
        let made = Made { operands, output, ways: self.ways, precision: self.precision }.by(op);
        let bytes = size_of::<f32>() * given.max(count(output)).max(made);
        if self.found.is_none_or(|found| bytes > found.bytes) {
            self.found = Some(Largest { op, bytes });
        }
    }
}

/// What kernels make besides the output.
struct Made<'a> {
    operands: &'a [Vec<usize>],
    output: &'a [usize],
    ways: Ways,
    precision: Precision,
}

impl Made<'_> {
    fn by(&self, op: &Op) -> usize {
        match op {
            Op::Conv2d(conv) => {
                let [x, weight] = [&self.operands[0], &self.operands[1]];
                let padded = [x[0], x[1], x[2] + 2 * conv.padding[0], x[3] + 2 * conv.padding[1]];
                windows(x, weight, self.output).max(count(&padded))
            }
            Op::ConvTranspose2d(_) => self.back(&self.operands[0], &self.operands[1], self.output),
            Op::Gradient(gradient) => self.by_gradient(gradient),
            Op::Attention(attention) => self.scores(*attention),
            Op::Resize(Resize {
                interpolation:
                    Interpolation::Bilinear
                    | Interpolation::BilinearAligned
                    | Interpolation::Bicubic
                    | Interpolation::BicubicAligned
                    | Interpolation::Average,
                ..
            })
            | Op::GaussianBlur { .. } => self.resampling(),
            Op::Input { .. }
            | Op::Weight { .. }
            | Op::Constant(_)
            | Op::Random(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Select
            | Op::Cast(_)
            | Op::StopGradient
            | Op::Reduce { .. }
            | Op::Softmax { .. }
            | Op::Rank(_)
            | Op::Quantile(_)
            | Op::Cumulate { .. }
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Expand(_)
            | Op::Concat { .. }
            | Op::Slice { .. }
            | Op::Gather
            | Op::Take { .. }
            | Op::Nearest { .. }
            | Op::NearestIndex { .. }
            | Op::Inverse
            | Op::Coreset(_)
            | Op::Pad { .. }
            | Op::MatMul
            | Op::Linear
            | Op::GroupNorm { .. }
            | Op::LayerNorm { .. }
            | Op::Pool(_)
            | Op::Resize(Resize { interpolation: Interpolation::Nearest, .. })
            | Op::State { .. }
            | Op::Squares
            | Op::Descent(_) => 0,
        }
    }

    fn by_gradient(&self, gradient: &Gradient) -> usize {
        match gradient {
            Gradient::ConvolutionInput { conv, .. } => {
                let x = self.output;
                let padded = [x[0], x[1], x[2] + 2 * conv.padding[0], x[3] + 2 * conv.padding[1]];
                self.back(&self.operands[1], &self.operands[0], &padded)
            }
            Gradient::ConvolutionWeight { .. } => windows(&self.operands[0], self.output, &self.operands[1]),
            Gradient::Attention(attention) => self.scores(*attention),
            Gradient::Resize { .. } | Gradient::GaussianBlur { .. } => self.resampling(),
            Gradient::Softmax { .. }
            | Gradient::GroupNorm { .. }
            | Gradient::LayerNorm { .. }
            | Gradient::Unary(_)
            | Gradient::MaxPool(_)
            | Gradient::MaxPoolOther(_)
            | Gradient::AveragePool { .. }
            | Gradient::Pad { .. }
            | Gradient::Gather { .. }
            | Gradient::Take { .. }
            | Gradient::Slice { .. }
            | Gradient::Concat { .. }
            | Gradient::Quantile(_)
            | Gradient::QuantileOther(_)
            | Gradient::Nearest { .. } => 0,
        }
    }

    /// The windows on the way back through a convolution, from `y` to `x`.
    fn back(&self, y: &[usize], weight: &[usize], x: &[usize]) -> usize {
        if self.ways.folds { windows(x, weight, y) } else { windows(y, weight, x) }
    }

    /// The scores of all queries.
    fn scores(&self, attention: Attention) -> usize {
        let [q, k, v] = [&self.operands[0], &self.operands[1], &self.operands[2]];
        let is_plain = attention.sight != Sight::Chosen && self.precision == Precision::F32;
        if is_plain && q[3] + v[3] <= self.ways.unscored { 0 } else { count(&q[..3]) * k[2] }
    }

    /// What is resampled along its rows, and the matrices that resample its columns.
    fn resampling(&self) -> usize {
        let x = &self.operands[0];
        let matrices = if self.ways.matrices { x[2] * self.output[2] } else { 0 };
        x[0] * x[1] * matrices.max(x[2] * self.output[3])
    }
}

/// The windows of all positions of `to`, of the channels of `from`.
fn windows(from: &[usize], weight: &[usize], to: &[usize]) -> usize {
    from[0] * from[1] * count(&weight[2..]) * to[2] * to[3]
}

fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}
