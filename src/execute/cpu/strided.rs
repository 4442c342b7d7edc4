//! Tensors that lie in memory with gaps, in another order or repeated: copied into order, and combined number by number, with
//! all cores.

use std::ops::Range;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{DType, Shape, TensorData, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use diadc_execute::Arithmetic;

use super::{CHUNK, Flexible, zeros};

/// Numbers that are brought in order before a function is applied to them: few enough for the first-level cache.
const BLOCK: usize = 1024;

/// Lines that are read side by side where the numbers of a line lie far apart: as many as lie in one piece of the cache.
const SIDE_BY_SIDE: usize = 16;

/// The tensor with its numbers one after the other from the first; the one that it was made of is let go.
pub(super) fn dense(x: Flexible) -> Flexible {
    let shape = x.shape();
    let fills = x.bytes().len() == shape.num_elements() * x.dtype().size();
    if x.dtype() != DType::F32 || (x.is_contiguous() && x.layout().start_offset() == 0 && fills) {
        return x.to_contiguous();
    }
    let view = View::of(&x, &shape);
    let mut result = zeros(shape.num_elements());
    match view.axes[..] {
        // A transposed matrix, perhaps of many.
        [.., (rows, 1), (columns, stride)] if stride > 1 => {
            let tasks = result.par_chunks_mut((rows * columns).max(1)).enumerate();
            tasks.with_min_len((CHUNK / (rows * columns).max(1)).max(1)).for_each(|(matrix, result)| {
                let first = view.place(matrix * rows);
                let bands = result.par_chunks_mut(SIDE_BY_SIDE * columns).enumerate();
                bands.with_min_len((CHUNK / (SIDE_BY_SIDE * columns)).max(1)).for_each(|(band, result)| {
                    turn(&view.numbers[first + band * SIDE_BY_SIDE..], stride as usize, columns, result);
                });
            });
        }
        _ => result.par_chunks_mut(CHUNK).enumerate().for_each(|(at, result)| view.copy(at * CHUNK, result)),
    }
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}

/// A few lines of `columns` numbers, which lie `stride` apart; those of different lines are neighbours.
fn turn(numbers: &[f32], stride: usize, columns: usize, lines: &mut [f32]) {
    let count = lines.len() / columns;
    for column in 0..columns {
        for (line, number) in numbers[column * stride..][..count].iter().enumerate() {
            lines[line * columns + column] = *number;
        }
    }
}

/// A function of two operands of the same rank, each of which may be repeated along axes in which it has one element. It is
/// written over one that nobody else holds and that is not repeated.
pub(super) fn arithmetic(kind: Arithmetic, a: Flexible, b: Flexible) -> Flexible {
    match kind {
        Arithmetic::Add => each_pair(a, b, |a, b| a + b),
        Arithmetic::Sub => each_pair(a, b, |a, b| a - b),
        Arithmetic::Mul => each_pair(a, b, |a, b| a * b),
        Arithmetic::Div => each_pair(a, b, |a, b| a / b),
    }
}

/// The same for any function.
pub(super) fn each_pair(mut a: Flexible, mut b: Flexible, function: impl Fn(f32, f32) -> f32 + Sync) -> Flexible {
    let extents = a.shape().iter().zip(b.shape().iter()).map(|(&a, &b)| if a == 1 { b } else { a }).collect::<Vec<_>>();
    let shape = Shape::from(extents);
    if let Some(numbers) = own(&mut b, &shape) {
        combine(numbers, [Some(View::of(&a, &shape)), None], function);
        return b;
    }
    if let Some(numbers) = own(&mut a, &shape) {
        combine(numbers, [None, Some(View::of(&b, &shape))], function);
        return a;
    }
    let mut result = zeros(shape.num_elements());
    combine(&mut result, [&a, &b].map(|x| Some(View::of(x, &shape))), function);
    Flex::float_from_data(TensorData::new(result, shape), &FlexDevice)
}

/// Writes the function of each pair of numbers over the result. An operand that is none stands there already.
fn combine(result: &mut [f32], operands: [Option<View<'_>>; 2], function: impl Fn(f32, f32) -> f32 + Sync) {
    result.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, result)| {
        let mut buffers = [[0.0; BLOCK]; 2];
        for (block, result) in result.chunks_mut(BLOCK).enumerate() {
            let at = chunk * CHUNK + block * BLOCK;
            let [a, b] = buffers.each_mut().map(|buffer| &mut buffer[..result.len()]);
            let a = numbers(operands[0].as_ref(), at, result, a);
            let b = numbers(operands[1].as_ref(), at, result, b);
            // One call for all cases, so that the function becomes part of the loop.
            Arch::new().dispatch(
                #[inline(always)]
                || result.iter_mut().zip(a).zip(b).for_each(|((result, &a), &b)| *result = function(a, b)),
            );
        }
    });
}

/// As many numbers of an operand as the buffer holds, from the one with number `at` on, in one piece.
fn numbers<'a>(operand: Option<&'a View<'_>>, at: usize, own: &[f32], buffer: &'a mut [f32]) -> &'a [f32] {
    match operand {
        Some(view) => {
            if let [(_, 1)] = view.axes[..] {
                return &view.numbers[view.first as usize + at..][..buffer.len()];
            }
            view.copy(at, buffer);
        }
        None => buffer.copy_from_slice(own),
    }
    buffer
}

/// The numbers of a tensor of this shape, if nobody else holds them and they lie in order.
fn own<'a>(x: &'a mut Flexible, shape: &Shape) -> Option<&'a mut [f32]> {
    let lies_in_order = x.shape() == *shape && x.is_contiguous() && x.layout().start_offset() == 0;
    let count = shape.num_elements();
    if lies_in_order { x.try_storage_mut().filter(|numbers| numbers.len() == count) } else { None }
}

/// Reads the numbers of a tensor in the order of a shape. Along axes in which the tensor has one element, that is repeated.
struct View<'a> {
    numbers: &'a [f32],
    /// Where its first number lies.
    first: isize,
    /// Extent and stride of each axis; those that run on in the next one are joined. There is at least one.
    axes: Vec<(usize, isize)>,
}

impl<'a> View<'a> {
    fn of(x: &'a Flexible, shape: &Shape) -> View<'a> {
        let mut axes: Vec<(usize, isize)> = Vec::new();
        for ((&extent, &stride), &full) in x.shape().iter().zip(x.layout().strides()).zip(shape.iter()) {
            let stride = if extent == full { stride } else { 0 };
            match axes.last_mut() {
                _ if full == 1 => {}
                Some((joined, step)) if *step == stride * full as isize => (*joined, *step) = (*joined * full, stride),
                _ => axes.push((full, stride)),
            }
        }
        if axes.is_empty() {
            axes.push((1, 1));
        }
        View { numbers: x.storage(), first: x.layout().start_offset() as isize, axes }
    }

    /// Where the first number of a line lies.
    fn place(&self, mut line: usize) -> usize {
        let mut place = self.first;
        for (extent, stride) in self.axes[..self.axes.len() - 1].iter().rev() {
            place += (line % extent) as isize * stride;
            line /= extent;
        }
        place as usize
    }

    /// Calls `work` with each part of `count` numbers from the one with number `at` on that lies in one line: with its range
    /// within them, where its first number lies, and how far apart its numbers lie.
    #[inline]
    fn each_line(&self, mut at: usize, count: usize, mut work: impl FnMut(Range<usize>, usize, isize)) {
        let (width, stride) = self.axes[self.axes.len() - 1];
        let begin = at;
        while at < begin + count {
            let (line, column) = (at / width, at % width);
            let end = (at + width - column).min(begin + count);
            let place = self.place(line) as isize + column as isize * stride;
            work(at - begin..end - begin, place as usize, stride);
            at = end;
        }
    }

    /// The numbers from the one with number `at` on.
    fn copy(&self, at: usize, result: &mut [f32]) {
        self.each_line(at, result.len(), |part, place, stride| {
            let part = &mut result[part];
            match stride {
                0 => part.fill(self.numbers[place]),
                1 => part.copy_from_slice(&self.numbers[place..][..part.len()]),
                _ => {
                    let places = (0..part.len() as isize).map(|column| place as isize + column * stride);
                    part.iter_mut().zip(places).for_each(|(to, place)| *to = self.numbers[place as usize]);
                }
            }
        });
    }
}
