//! One operation: the outputs for its inputs.
//!
//! In: an operation, tensors that fit its shape rule, and the concrete shape of its first output. Out: its outputs.
//! This file maps each operation to the function that computes it. Those functions lie in files named as in `op`.

use burn::tensor::backend::Backend;
use burn::tensor::ops::{Device, FloatTensor};

use diadc_core::op::{Op, Sight};
use diadc_core::plan::Choice;

use super::join::Join;
use super::kernels::{Kernels, composed_matmul, transposed_convolution};
use super::tensor::{Tensor, on_device};
use super::{elementwise, gradient, inverse, layout, linear, normalize, order, pool, resample, search, source};

/// The outputs of an operation, as the plan has chosen to compute it. `shape` is that of the first, with all symbols bound,
/// and so are those that the operation holds.
///
/// # Panics
/// If the inputs do not fit the operation's shape rule, which `check` has verified; if the choice was made for another
/// operation; and for `Input`, `Weight`, `State`, `Random`, `Coreset` and `Descent`, whose values the caller supplies itself.
#[must_use]
pub fn apply<K: Kernels>(
    op: &Op,
    choice: Choice,
    inputs: Vec<Tensor<K::Backend>>,
    shape: &[usize],
    device: &Device<K::Backend>,
) -> Vec<Tensor<K::Backend>> {
    joined::<K>(op, choice, inputs, Join::nothing(), shape, device)
}

/// The same, with what the kernel does with its output right away.
pub(super) fn joined<K: Kernels>(
    op: &Op,
    choice: Choice,
    inputs: Vec<Tensor<K::Backend>>,
    Join { then, rest }: Join<K>,
    shape: &[usize],
    device: &Device<K::Backend>,
) -> Vec<Tensor<K::Backend>> {
    if let Op::Gradient(gradient) = op {
        let gradients = gradient::gradient::<K>(gradient, choice, inputs, shape, device);
        return gradients.into_iter().map(Tensor::Float).collect();
    }
    let mut inputs = Operands(inputs.into_iter());
    vec![match op {
        Op::Input { .. } | Op::Weight { .. } | Op::State { .. } | Op::Random(_) | Op::Coreset(_) | Op::Descent(_) => {
            unreachable!("the caller supplies what does not follow from the inputs alone itself")
        }
        Op::Constant(constant) => source::constant(constant, shape, device),

        Op::Unary(unary) => elementwise::unary::<K>(*unary, inputs.next(), device),
        Op::Binary(binary) => elementwise::binary::<K>(*binary, inputs.next(), inputs.next(), shape, device),
        Op::Compare(comparison) => elementwise::compare::<K>(*comparison, inputs.next(), inputs.next(), shape, device),
        Op::Select => elementwise::select::<K>(inputs.next(), inputs.next(), inputs.next(), shape),
        Op::Cast(dtype) => elementwise::cast(*dtype, inputs.next(), device),
        Op::StopGradient => inputs.next(),

        Op::Reduce { kind, axes, .. } => {
            Tensor::Float(K::reshape(K::reduce(*kind, axes, inputs.float()), on_device(shape)))
        }
        Op::Softmax { axis } => Tensor::Float(K::softmax(inputs.float(), *axis)),
        Op::Rank(rank) => order::rank(*rank, inputs.float(), device),
        Op::Quantile(quantile) => {
            Tensor::Float(order::quantile::<K::Backend>(quantile, inputs.float(), None, shape, device))
        }
        Op::Cumulate { axis, from_end } => {
            Tensor::Float(order::cumulate::<K::Backend>(*axis, *from_end, inputs.float()))
        }

        Op::Reshape(_) => match inputs.next() {
            Tensor::Float(x) => Tensor::Float(K::reshape(x, on_device(shape))),
            x @ (Tensor::Int(_) | Tensor::Bool(_)) => layout::reshape(x, shape),
        },
        Op::Permute(order) => layout::permute(inputs.next(), order),
        Op::Expand(_) => layout::expand(inputs.next(), shape),
        Op::Concat { axis } => {
            let parts: Vec<_> =
                inputs.rest().into_iter().map(|x| layout::compact(x, K::READS_GAPS, K::reshape)).collect();
            match parts.first().expect("the shape rule refuses an empty list") {
                Tensor::Float(_) => Tensor::Float(K::concat(parts.into_iter().map(Tensor::float).collect(), *axis)),
                Tensor::Int(_) | Tensor::Bool(_) => layout::concat(parts, *axis),
            }
        }
        Op::Slice { axis, start, end } => {
            layout::compact(layout::slice(inputs.next(), *axis, *start, *end), K::READS_GAPS, K::reshape)
        }
        Op::Gather => {
            let (table, index) = (inputs.float(), inputs.next());
            let count = index.shape().iter().product();
            let rows = K::gather(table, layout::reshape(index, &[count]).int());
            Tensor::Float(K::reshape(rows, on_device(shape)))
        }
        Op::Take { axis } => order::take(*axis, inputs.next(), inputs.next().int()),
        Op::Pad { sides, mode } => layout::pad(inputs.next(), *sides, *mode, device),

        Op::MatMul => Tensor::Float(composed_matmul::<K>(inputs.float(), inputs.float(), shape)),
        Op::Linear => {
            let (x, weight) = (inputs.float(), inputs.float());
            Tensor::Float(linear::linear::<K>(x, weight, inputs.bias(), rest, shape, choice.linear()))
        }
        Op::Nearest { count } => Tensor::Float(search::distances::<K::Backend>(*count, inputs.float(), inputs.float())),
        Op::NearestIndex { count } => search::places(*count, inputs.float(), inputs.float(), device),
        Op::Inverse => Tensor::Float(inverse::inverse::<K::Backend>(inputs.float())),
        Op::Attention(attention) => {
            let (q, k, v) = (inputs.float(), inputs.float(), inputs.float());
            let mask = (attention.sight == Sight::Chosen).then(|| inputs.next().bool());
            Tensor::Float(K::attend(*attention, [q, k, v], mask, choice.attention()))
        }
        Op::Conv2d(conv) => {
            let (x, weight) = (inputs.float(), inputs.float());
            Tensor::Float(K::convolve(*conv, x, weight, inputs.bias(), rest, choice.convolution()))
        }
        Op::ConvTranspose2d(conv) => {
            let (x, weight) = (inputs.float(), inputs.float());
            Tensor::Float(transposed_convolution::<K>(*conv, x, weight, inputs.bias(), choice.convolution()))
        }
        Op::GroupNorm { groups, epsilon } => {
            let (x, weight, bias) = (inputs.float(), inputs.float(), inputs.float());
            Tensor::Float(K::normalize_groups(*groups, *epsilon, x, weight, bias, then))
        }
        Op::LayerNorm { epsilon } => {
            let (x, weight, bias) = (inputs.float(), inputs.float(), inputs.float());
            Tensor::Float(normalize::layer_norm::<K>(*epsilon, x, weight, bias, then))
        }

        Op::Pool(pool) => Tensor::Float(pool::pool::<K>(*pool, inputs.float())),
        Op::Resize(resize) => resample::resize::<K>(resize.interpolation, inputs.next(), shape, device),
        Op::GaussianBlur { sigma, truncate } => {
            Tensor::Float(resample::gaussian_blur::<K>(*sigma, *truncate, inputs.float()))
        }
        Op::Squares => {
            let (sum, rest) = (inputs.float(), inputs.rest());
            Tensor::Float(K::add_squares(sum, rest.into_iter().map(Tensor::float).collect()))
        }
        Op::Gradient(_) => unreachable!("gradients were computed above"),
    }]
}

/// The inputs of an operation, taken in order.
struct Operands<B: Backend>(std::vec::IntoIter<Tensor<B>>);

impl<B: Backend> Operands<B> {
    fn next(&mut self) -> Tensor<B> {
        self.0.next().expect("the shape rule has counted the inputs")
    }

    fn float(&mut self) -> FloatTensor<B> {
        self.next().float()
    }

    fn bias(&mut self) -> Option<FloatTensor<B>> {
        self.0.next().map(Tensor::float)
    }

    fn rest(self) -> Vec<Tensor<B>> {
        self.0.collect()
    }
}
