//! Devices that hold only so much in one tensor refuse what needs more before anything runs, also where only a kernel makes it
//! on the way.

use diadc::execute::{Engine, HostTensor, Kernels, RunError, Session};
use diadc::fact::{Dim, Precision};
use diadc::graph::Loop;
use diadc::op::{Attention, Conv2d, ConvTranspose2d, Gradient, Interpolation, Op, Reduction, Resize, Sight};
use diadc::plan::plan;

use super::device::{Own, device};
use super::elsewhere::graph;
use crate::run::net::{Net, draw, floats, inputs};

/// An engine that holds a number of bytes in one tensor.
fn holding(bytes: usize) -> Session<Own> {
    Session::new("a small device".to_owned(), device(), Precision::F32).with_largest(bytes)
}

/// What an engine that holds a number of bytes says of an operation on operands of these shapes.
fn refusal(op: &Op, shapes: &[&[usize]], bytes: usize) -> Option<RunError> {
    let operands: Vec<_> = (1..).zip(shapes).map(|(seed, shape)| floats(shape, seed)).collect();
    let (mut net, weights, given, values) = graph(&operands);
    let output = net.add(op.clone(), &values);
    let mut engine = holding(bytes);
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

#[test]
fn nothing_runs_before_a_tensor_that_a_loop_makes_is_refused() {
    let mut body = Net::default();
    let column = body.input("column", "40 1");
    let row = body.add(Op::Permute(vec![1, 0]), &[column]);
    let square = body.add(Op::MatMul, &[column, row]);
    let mean = Op::Reduce { kind: Reduction::Mean, axes: vec![1], keep: true };
    let column = body.add(mean, &[square]);
    body.graph.set_output("column", column);
    let mut net = Net::default();
    let singular = net.input("singular", "2 2");
    let inverse = net.add(Op::Inverse, &[singular]);
    let column = net.input("column", "40 1");
    let turns = Loop { body: body.graph, carried: 1, stepped: Vec::new(), steps: 2 };
    let column = net.run_loop(turns, &[column])[0];
    let plan = plan(&net.function(&[("inverse", inverse), ("column", column)]));
    let given = inputs([("singular", HostTensor::floats(&[2, 2], vec![0.0; 4])), ("column", floats(&[40, 1], 1))]);
    let refusal = |bytes| {
        let mut engine = holding(bytes);
        let id = engine.add(plan.clone());
        engine.evaluate(id, &given, &draw(1)).expect_err("a matrix of zeros has no inverse")
    };
    let bytes = 4 * 40 * 40;
    assert!(matches!(refusal(bytes), RunError::NoInverse { .. }), "what comes first runs first");
    assert!(matches!(refusal(bytes - 1), RunError::BeyondDevice { bytes: needed, .. } if needed == bytes));
}
