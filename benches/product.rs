//! Products on the CPU in the sizes of DiAD at 256x256 pixels, `diadc` beside `burn`: the backend's own kernels, which
//! compute the same.
//!
//! Weights are taken in turn from many, so that they come from memory, as in a model.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::TensorMetadata;
use burn::tensor::ops::{
    AttentionModuleOptions, ConvOptions, ConvTransposeOptions, FloatTensor, FloatTensorOps, ModuleOps,
};
use diadc::allocator::Allocator;
use diadc::execute::{Cpu, HostTensor, Tensor, apply};
use diadc::fact::Shape;
use diadc::op::{Attention, Conv2d, ConvTranspose2d, Op};
use diadc::plan::Choice;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

/// Weights that are taken in turn hold so many numbers together.
const NUMBERS: usize = 64 << 20;

fn main() {
    divan::main();
}

fn tensor(shape: &[usize]) -> FloatTensor<Flex> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    };
    let count = shape.iter().product();
    Tensor::<Flex>::from_host(HostTensor::floats(shape, (0..count).map(|_| next()).collect()), &FlexDevice).float()
}

/// Calls a function with one weight after the other.
fn in_turn(
    bencher: divan::Bencher<'_, '_>,
    shape: &[usize],
    function: impl Fn(FloatTensor<Flex>) -> FloatTensor<Flex>,
) {
    let size: usize = shape.iter().product();
    let weights: Vec<FloatTensor<Flex>> = (0..(NUMBERS / size).max(1)).map(|_| tensor(shape)).collect();
    let mut turn = weights.iter().cycle();
    bencher.bench_local(|| function(turn.next().expect("there is one").clone()));
}

fn diadc(op: &Op, inputs: &[FloatTensor<Flex>], shape: &[usize]) -> FloatTensor<Flex> {
    let of = |extents: &[usize]| Shape(extents.iter().map(|&n| (n as i64).into()).collect());
    let shapes: Vec<Shape> = inputs.iter().map(|input| of(&input.shape().to_vec())).collect();
    let choice = Choice::of(op, &shapes.iter().collect::<Vec<_>>(), &of(shape));
    let inputs = inputs.iter().cloned().map(Tensor::<Flex>::Float).collect();
    apply::<Cpu>(op, choice, inputs, shape, &FlexDevice).swap_remove(0).float()
}

/// Rows, numbers of each, and numbers of each result.
const LINEAR: [[usize; 3]; 7] = [
    [1, 1280, 1280],
    [16, 1280, 10240],
    [64, 5120, 1280],
    [64, 1280, 10240],
    [256, 640, 5120],
    [1024, 320, 2560],
    [1024, 1280, 320],
];

#[divan::bench_group(sample_count = 12, sample_size = 2)]
mod linear {
    use super::{Flex, FloatTensorOps, LINEAR, Op, in_turn, tensor};

    #[divan::bench(args = LINEAR)]
    fn diadc(bencher: divan::Bencher<'_, '_>, [rows, inner, out]: [usize; 3]) {
        let (x, bias) = (tensor(&[rows, inner]), tensor(&[out]));
        in_turn(bencher, &[out, inner], |weight| {
            super::diadc(&Op::Linear, &[x.clone(), weight, bias.clone()], &[rows, out])
        });
    }

    #[divan::bench(args = LINEAR)]
    fn burn(bencher: divan::Bencher<'_, '_>, [rows, inner, out]: [usize; 3]) {
        let (x, bias) = (tensor(&[rows, inner]), tensor(&[1, out]));
        in_turn(bencher, &[out, inner], |weight| {
            Flex::float_add(Flex::float_matmul(x.clone(), Flex::float_swap_dims(weight, 0, 1)), bias.clone())
        });
    }
}

/// Channels, extent and channels of the result, of a 3x3 convolution.
const CONVOLUTION: [[usize; 3]; 6] =
    [[1280, 4, 1280], [1280, 8, 1280], [640, 16, 640], [320, 32, 320], [512, 64, 512], [128, 256, 128]];

#[divan::bench_group(sample_count = 6, sample_size = 1)]
mod convolution {
    use super::{CONVOLUTION, Conv2d, ConvOptions, Flex, ModuleOps, Op, in_turn, tensor};

    #[divan::bench(args = CONVOLUTION)]
    fn diadc(bencher: divan::Bencher<'_, '_>, [channels, size, out]: [usize; 3]) {
        let conv = Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
        let (x, bias) = (tensor(&[1, channels, size, size]), tensor(&[out]));
        in_turn(bencher, &[out, channels, 3, 3], |weight| {
            super::diadc(&Op::Conv2d(conv), &[x.clone(), weight, bias.clone()], &[1, out, size, size])
        });
    }

    #[divan::bench(args = CONVOLUTION)]
    fn burn(bencher: divan::Bencher<'_, '_>, [channels, size, out]: [usize; 3]) {
        let (x, bias) = (tensor(&[1, channels, size, size]), tensor(&[out]));
        in_turn(bencher, &[out, channels, 3, 3], |weight| {
            let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            <Flex as ModuleOps<Flex>>::conv2d(x.clone(), weight, Some(bias.clone()), options)
        });
    }
}

/// Channels, extent and channels of the result, of a transposed convolution that doubles the extent with kernels of 4x4.
const TRANSPOSED: [[usize; 3]; 4] = [[512, 8, 256], [128, 32, 64], [32, 64, 16], [16, 128, 3]];

#[divan::bench_group(sample_count = 12, sample_size = 2)]
mod transposed {
    use super::{ConvTranspose2d, ConvTransposeOptions, Flex, ModuleOps, Op, TRANSPOSED, in_turn, tensor};

    #[divan::bench(args = TRANSPOSED)]
    fn diadc(bencher: divan::Bencher<'_, '_>, [channels, size, out]: [usize; 3]) {
        let (stride, padding, output_padding, dilation) = ([2, 2], [1, 1], [0, 0], [1, 1]);
        let conv = ConvTranspose2d { stride, padding, output_padding, dilation, groups: 1 };
        let (x, bias) = (tensor(&[1, channels, size, size]), tensor(&[out]));
        in_turn(bencher, &[channels, out, 4, 4], |weight| {
            super::diadc(&Op::ConvTranspose2d(conv), &[x.clone(), weight, bias.clone()], &[1, out, 2 * size, 2 * size])
        });
    }

    #[divan::bench(args = TRANSPOSED)]
    fn burn(bencher: divan::Bencher<'_, '_>, [channels, size, out]: [usize; 3]) {
        let (x, bias) = (tensor(&[1, channels, size, size]), tensor(&[out]));
        in_turn(bencher, &[channels, out, 4, 4], |weight| {
            let options = ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], 1);
            <Flex as ModuleOps<Flex>>::conv_transpose2d(x.clone(), weight, Some(bias.clone()), options)
        });
    }
}

/// Queries, keys and width of each of eight heads, which lie side by side, as a projection leaves them.
const ATTENTION: [[usize; 3]; 4] = [[1024, 1024, 40], [1024, 77, 40], [256, 256, 80], [64, 64, 160]];

#[divan::bench_group(sample_count = 12, sample_size = 2)]
mod attention {
    use super::{
        ATTENTION, Attention, AttentionModuleOptions, Flex, FloatTensor, FloatTensorOps, ModuleOps, Op, TensorMetadata,
        tensor,
    };

    fn heads(rows: usize, width: usize) -> FloatTensor<Flex> {
        Flex::float_swap_dims(tensor(&[1, rows, 8, width]), 1, 2)
    }

    /// The heads side by side again.
    fn joined(x: FloatTensor<Flex>) -> FloatTensor<Flex> {
        let [_, heads, rows, width] = x.shape().dims();
        Flex::float_reshape(Flex::float_swap_dims(x, 1, 2), burn::tensor::Shape::new([1, rows, heads * width]))
    }

    #[divan::bench(args = ATTENTION)]
    fn diadc(bencher: divan::Bencher<'_, '_>, [queries, keys, width]: [usize; 3]) {
        let (q, k, v) = (heads(queries, width), heads(keys, width), heads(keys, width));
        let op = Op::Attention(Attention { scale: (width as f64).powf(-0.5), sight: diadc::op::Sight::All });
        let inputs = [q, k, v];
        bencher.bench_local(|| joined(super::diadc(&op, &inputs, &[1, 8, queries, width])));
    }

    #[divan::bench(args = ATTENTION)]
    fn burn(bencher: divan::Bencher<'_, '_>, [queries, keys, width]: [usize; 3]) {
        let (q, k, v) = (heads(queries, width), heads(keys, width), heads(keys, width));
        let options = || AttentionModuleOptions { scale: None, softcap: None, is_causal: false };
        bencher.bench_local(|| {
            joined(<Flex as ModuleOps<Flex>>::attention(q.clone(), k.clone(), v.clone(), None, None, options()))
        });
    }
}
