//! Devices that hold only so much in one tensor refuse what needs more, also where only a kernel makes it on the way.

use diadc::execute::{Engine, Kernels, RunError, Session};
use diadc::fact::{Dim, Precision};
use diadc::op::{Attention, Conv2d, ConvTranspose2d, Gradient, Interpolation, Op, Resize, Sight};
use diadc::plan::plan;

use super::device::{Own, device};
use super::elsewhere::graph;
use crate::run::net::{draw, floats};

/// What an engine that holds a number of bytes says of an operation on operands of these shapes.
fn refusal(op: &Op, shapes: &[&[usize]], bytes: usize) -> Option<RunError> {
    let operands: Vec<_> = (1..).zip(shapes).map(|(seed, shape)| floats(shape, seed)).collect();
    let (mut net, weights, given, values) = graph(&operands);
    let output = net.add(op.clone(), &values);
    let session = Session::<Own>::new("a small device".to_owned(), device(), Precision::F32);
    let mut engine = session.with_largest(bytes);
    engine.set_weights(&mut weights.into_iter());
    let id = engine.add(plan(&net.function(&[("out", output)])));
    engine.evaluate(id, &given, &draw(1)).err()
}

#[test]
fn what_needs_a_larger_tensor_than_a_device_holds_is_refused() {
    let conv = Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
    let (stride, padding) = ([2, 2], [1, 1]);
    let transposed = ConvTranspose2d { stride, padding, output_padding: [0, 0], dilation: [1, 1], groups: 1 };
    let attention = Op::Attention(Attention { scale: 1.0, sight: Sight::All });
    let size = |height, width| [height, width].map(|extent: i64| Dim::from(extent));
    let narrowed = Gradient::ConvolutionInput { conv, size: size(6, 6) };
    let resized = Resize { size: size(30, 2), interpolation: Interpolation::Bilinear };
    // The largest tensor of each where kernels are composed, and where a device has its own.
    let cases: [(Op, &[&[usize]], usize, usize); 7] = [
        (Op::MatMul, &[&[30, 2], &[2, 40]], 30 * 40, 30 * 40),
        // Windows of nine pixels.
        (Op::Conv2d(conv), &[&[2, 3, 8, 10], &[4, 3, 3, 3]], 2 * 3 * 9 * 8 * 10, 2 * 3 * 9 * 8 * 10),
        // Windows of sixteen pixels of the output's extents, or the input's.
        (Op::ConvTranspose2d(transposed), &[&[2, 3, 4, 5], &[3, 4, 4, 4]], 2 * 3 * 16 * 8 * 10, 2 * 4 * 16 * 4 * 5),
        // Windows of the two channels that arrive, or the eight that are wanted.
        (Op::Gradient(narrowed), &[&[2, 8, 3, 3], &[1, 2, 6, 6]], 2 * 9 * 8 * 8, 8 * 9 * 6 * 6),
        // Scores, or queries alone.
        (attention.clone(), &[&[2, 3, 20, 4], &[2, 3, 20, 4], &[2, 3, 20, 4]], 2 * 3 * 20 * 20, 2 * 3 * 20 * 4),
        // Heads that are too wide for a pass without scores.
        (attention, &[&[1, 1, 400, 161], &[1, 1, 400, 161], &[1, 1, 400, 161]], 400 * 400, 400 * 400),
        // The matrix for the columns, or the image itself.
        (Op::Resize(resized), &[&[1, 1, 40, 2]], 40 * 30, 40 * 2),
    ];
    for (op, shapes, composed, own) in cases {
        let bytes = 4 * if Own::WAYS.folds { own } else { composed };
        assert!(refusal(&op, shapes, bytes).is_none(), "{op} of {bytes} bytes");
        let error = refusal(&op, shapes, bytes - 1).expect("one byte is missing").to_string();
        let expected = format!(
            "in `f`, `{op}` makes a tensor of {bytes} bytes, and a small device holds at most {} in one; run it on fewer or \
             smaller images",
            bytes - 1
        );
        assert_eq!(error, expected);
    }
}
