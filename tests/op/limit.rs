//! Devices that hold only so much in one tensor refuse what needs more, also where only a kernel makes it on the way.

use diadc::execute::{Engine, RunError, Session};
use diadc::fact::Precision;
use diadc::op::{Attention, Conv2d, ConvTranspose2d, Op, Sight};
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
    // The largest tensor of each: the output, windows of nine and of sixteen pixels, and scores.
    let cases: [(Op, &[&[usize]], usize); 4] = [
        (Op::MatMul, &[&[30, 2], &[2, 40]], 30 * 40),
        (Op::Conv2d(conv), &[&[2, 3, 8, 10], &[4, 3, 3, 3]], 2 * 3 * 9 * 8 * 10),
        (Op::ConvTranspose2d(transposed), &[&[2, 3, 4, 5], &[3, 4, 4, 4]], 2 * 3 * 16 * 8 * 10),
        (
            Op::Attention(Attention { scale: 1.0, sight: Sight::All }),
            &[&[2, 3, 20, 4], &[2, 3, 20, 4], &[2, 3, 20, 4]],
            2 * 3 * 20 * 20,
        ),
    ];
    for (op, shapes, elements) in cases {
        let bytes = 4 * elements;
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
