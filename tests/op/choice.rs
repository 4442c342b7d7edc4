//! What the plan chooses, and that every choice gives the same numbers: an extent that is open when the plan is made is
//! taken for a large one, so a plan for open extents names other kernels than one for the extents of the run.

use diadc::execute::HostTensor;
use diadc::fact::{Dim, Fact, Shape};
use diadc::op::{Attention, Conv2d, ConvTranspose2d, Op, Sight};
use diadc::plan::{Choice, LinearChoice, Windows, plan};
use proptest::prelude::*;

use super::device::{GRADIENT_TOLERANCE, OUTPUT_TOLERANCE, Own};
use super::fixture::{choice, gradients_of, run_by};
use crate::run::net::{self, Net, dims};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_convolution_gives_the_same_whichever_windows_are_unfolded_at_once(
        (batch, channels, out) in (1..6_usize, 1..24_usize, 1..24_usize),
        size in (3..20_usize, 3..20_usize),
        kernel in (1..4_usize, 1..4_usize),
        stride in (1..3_usize, 1..3_usize),
        padding in (0..2_usize, 0..2_usize),
    ) {
        let conv = Conv2d { stride: stride.into(), padding: padding.into(), dilation: [1, 1], groups: 1 };
        every_choice_agrees(
            &Op::Conv2d(conv),
            &[&[batch, channels, size.0, size.1], &[out, channels, kernel.0, kernel.1], &[out]],
            "B C h w",
        )?;
    }

    #[test]
    fn a_transposed_convolution_gives_the_same_whichever_windows_are_unfolded_at_once(
        (batch, channels, out) in (1..6_usize, 1..16_usize, 1..16_usize),
        size in (2..12_usize, 2..12_usize),
        stride in (1..3_usize, 1..3_usize),
    ) {
        let conv = ConvTranspose2d {
            stride: stride.into(),
            padding: [1, 1],
            output_padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
        };
        every_choice_agrees(
            &Op::ConvTranspose2d(conv),
            &[&[batch, channels, size.0, size.1], &[channels, out, 4, 4]],
            "B C h w",
        )?;
    }

    #[test]
    fn attention_gives_the_same_however_many_queries_are_worked_on_at_once(
        (batch, heads, width) in (1..4_usize, 1..4_usize, 1..20_usize),
        (queries, keys) in (1..300_usize, 1..300_usize),
    ) {
        let op = Op::Attention(Attention { scale: 0.7, sight: Sight::All });
        let (q, k) = ([batch, heads, queries, width], [batch, heads, keys, width]);
        every_choice_agrees(&op, &[&q, &k, &k], "B h n d")?;
    }
}

/// The output, and the gradients if the operation is a convolution, are the same under the choice for the operands' own
/// extents and under the one for a first operand of an open shape.
fn every_choice_agrees(op: &Op, shapes: &[&[usize]], open: &str) -> Result<(), TestCaseError> {
    let known: Vec<Shape> = shapes.iter().map(|shape| of(shape)).collect();
    let facts: Vec<_> = known.iter().cloned().map(Fact::float).collect();
    let inferred = op.infer(&facts.iter().collect::<Vec<_>>());
    prop_assume!(inferred.is_ok());
    let shape = inferred.ok().and_then(|fact| fact.shape.known()).expect("all extents are known");
    let inputs: Vec<HostTensor> = (1..).zip(shapes).map(|(seed, shape)| net::floats(shape, seed)).collect();

    let own = choice(op, shapes.iter().map(|shape| shape.to_vec()), &shape);
    let mut opened: Vec<Shape> = known.clone();
    opened[0] = dims(open);
    if let Op::Attention(_) = op {
        opened[1] = dims(open);
    }
    let other = Choice::of(op, &opened.iter().collect::<Vec<_>>(), &dims(open));
    is_near(&run_by::<Own>(op, own, &inputs, &shape), &run_by::<Own>(op, other, &inputs, &shape), OUTPUT_TOLERANCE)?;
    if let Op::Conv2d(_) | Op::ConvTranspose2d(_) = op {
        let factors = net::floats(&shape, 9);
        let closed = gradients_of::<Own>(op, &facts, &inputs, &factors).1;
        // The shape rule asks for the number of channels.
        opened[0].0[1] = known[0].0[1].clone();
        let opened: Vec<Fact> = opened.into_iter().map(Fact::float).collect();
        let open = gradients_of::<Own>(op, &opened, &inputs, &factors).1;
        for ((_, a), (_, b)) in closed.iter().zip(&open) {
            is_near(a, b, GRADIENT_TOLERANCE)?;
        }
    }
    Ok(())
}

fn is_near(a: &HostTensor, b: &HostTensor, tolerance: f32) -> Result<(), TestCaseError> {
    let [a, b] = [a, b].map(|x| x.as_floats().expect("floats"));
    let largest = b.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
    prop_assert_eq!(a.len(), b.len());
    prop_assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * largest), "{:?} and {:?}", a, b);
    Ok(())
}

fn of(shape: &[usize]) -> Shape {
    Shape(shape.iter().map(|&n| Dim::from(i64::try_from(n).expect("a small extent"))).collect())
}

/// The choice of the only step of a plan.
fn planned(op: Op, shapes: &[&str]) -> Choice {
    let mut net = Net::default();
    let x = net.input("x", shapes[0]);
    let mut values = vec![x];
    values.extend((0..).zip(&shapes[1..]).map(|(id, shape)| net.weight(id, shape)));
    let y = net.add(op, &values);
    plan(&net.function(&[("y", y)])).steps.steps[0].choice
}

#[test]
fn the_plan_chooses_for_one_sample() {
    let conv = || Op::Conv2d(Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 });
    let of = |batch: &str| planned(conv(), &[&format!("{batch} 64 16 16"), "64 64 3 3"]).convolution();
    assert_eq!(of("B"), of("1"));
    assert_eq!(of("B"), of("40"));
    let attention = || Op::Attention(Attention { scale: 1.0, sight: Sight::All });
    let of = |batch: &str| {
        let mut net = Net::default();
        let [q, k, v] = ["q", "k", "v"].map(|name| net.input(name, &format!("{batch} 4 256 16")));
        let y = net.add(attention(), &[q, k, v]);
        plan(&net.function(&[("y", y)])).steps.steps[0].choice.attention()
    };
    assert_eq!(of("B"), of("40"));
}

#[test]
fn windows_are_unfolded_by_samples_in_bands_or_not_at_all() {
    let conv = |groups, padding| Op::Conv2d(Conv2d { stride: [1, 1], padding, dilation: [1, 1], groups });
    let forward = |op, shapes: &[&str]| planned(op, shapes).convolution().forward;
    assert_eq!(forward(conv(1, [1, 1]), &["B 32 8 8", "32 32 3 3"]), Windows::Columns(4));
    assert!(matches!(forward(conv(1, [1, 1]), &["B 128 256 256", "128 128 3 3"]), Windows::Bands(_)));
    assert_eq!(forward(conv(1, [0, 0]), &["B 128 256 256", "128 128 1 1"]), Windows::Pixels);
    assert_eq!(forward(conv(32, [1, 1]), &["B 32 8 8", "32 1 3 3"]), Windows::Groups);
}

#[test]
fn few_rows_are_multiplied_by_a_large_weight_as_it_lies() {
    let of = |x: &str, weight: &str| planned(Op::Linear, &[x, weight]).linear();
    let large = ["B 1280", "B 511 1280", "B 512 1280", "40 511 1280"].map(|x| of(x, "1280 1280"));
    assert_eq!(large[..2], [LinearChoice::Rows; 2]);
    assert_eq!(large[2..], [LinearChoice::Blocks; 2]);
    assert_eq!(
        ["B 64", "B 15 64", "B 16 64"].map(|x| of(x, "64 64")),
        [LinearChoice::Rows, LinearChoice::Rows, LinearChoice::Blocks]
    );
}
