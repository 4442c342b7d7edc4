//! What holds for all settings: shapes come out as inferred, and resampling keeps what it should.

use diadc::execute::HostTensor;
use diadc::execute::random::{Key, draw};
use diadc::fact::{Dim, Fact, Shape};
use diadc::op::{
    Attention, Binary, Conv2d, ConvTranspose2d, Distribution, Interpolation, Op, PadMode, Pool, PoolKind, Reduction,
    Resize, Sight,
};
use proptest::prelude::*;

use super::device::Own;
use super::fixture::{gradients, run};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_convolution_has_the_shape_its_rule_infers(
        conv in conv(),
        size in pair(1..12),
        kernel in pair(1..4),
        (batch, per_group, out_per_group) in (1..3_usize, 1..7_usize, 1..4_usize),
    ) {
        let weight = [out_per_group * conv.groups, per_group, kernel[0], kernel[1]];
        shape_is_inferred(&Op::Conv2d(conv), &[
            &[batch, per_group * conv.groups, size[0], size[1]],
            &weight,
            &weight[..1],
        ])?;
    }

    #[test]
    fn a_transposed_convolution_has_the_shape_its_rule_infers(
        conv in conv(),
        size in pair(1..7),
        kernel in pair(1..4),
        (per_group, out_per_group) in (1..3_usize, 1..4_usize),
    ) {
        let Conv2d { stride, padding, dilation, groups } = conv;
        let op = ConvTranspose2d { stride, padding, output_padding: stride.map(|n| n - 1), dilation, groups };
        let channels = per_group * groups;
        shape_is_inferred(&Op::ConvTranspose2d(op), &[
            &[2, channels, size[0], size[1]],
            &[channels, out_per_group, kernel[0], kernel[1]],
        ])?;
    }

    #[test]
    fn a_pool_has_the_shape_its_rule_infers(
        size in pair(1..12),
        window in pair(1..5),
        stride in pair(1..4),
        padding in pair(0..3),
        average in any::<bool>(),
    ) {
        let kind = if average { PoolKind::Average } else { PoolKind::Max };
        shape_is_inferred(&Op::Pool(Pool { kind, window, stride, padding }), &[&[2, 3, size[0], size[1]]])?;
    }

    #[test]
    fn a_padded_image_has_the_shape_its_rule_infers(
        size in pair(1..6),
        sides in [0..4_usize, 0..4, 0..4, 0..4],
        reflect in any::<bool>(),
    ) {
        let mode = if reflect { PadMode::Reflect } else { PadMode::Zero };
        shape_is_inferred(&Op::Pad { sides, mode }, &[&[2, 1, size[0], size[1]]])?;
    }

    #[test]
    fn a_slice_has_the_shape_its_rule_infers(axis in 0..3_usize, start in 0..5_i64, length in 1..5_i64) {
        shape_is_inferred(&Op::Slice { axis, start, end: start + length }, &[&[4, 5, 3]])?;
    }

    #[test]
    fn a_reduction_has_the_shape_its_rule_infers(axes in proptest::sample::subsequence(vec![0, 1, 2, 3], 0..5), keep in any::<bool>()) {
        shape_is_inferred(&Op::Reduce { kind: Reduction::Max, axes, keep }, &[&[2, 1, 3, 2]])?;
    }

    #[test]
    fn a_resized_image_has_the_shape_its_rule_infers(from in pair(1..9), to in pair(1..9), rule in rule()) {
        shape_is_inferred(&resize(to, rule), &[&[2, 2, from[0], from[1]]])?;
    }

    #[test]
    fn broadcasting_equals_repeating_the_smaller_operand(
        shape in proptest::collection::vec(1..4_usize, 1..5),
        kept in proptest::collection::vec(any::<bool>(), 4),
        swapped in any::<bool>(),
    ) {
        let small: Vec<usize> = shape.iter().zip(&kept).map(|(&n, &keep)| if keep { n } else { 1 }).collect();
        let (a, b) = (random(&shape), random(&small));
        let repeat = Op::Expand(Shape(shape.iter().map(|&n| extent(n)).collect()));
        let repeated = HostTensor::floats(&shape, floats(&repeat, &b, &shape));
        for binary in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div] {
            let of = |b: &HostTensor| {
                let operands = if swapped { [b.clone(), a.clone()] } else { [a.clone(), b.clone()] };
                run::<Own>(&Op::Binary(binary), &operands, &shape).into_host().expect("the device works")
            };
            prop_assert_eq!(of(&b), of(&repeated));
        }
    }

    #[test]
    fn the_nearest_pixel_is_found_by_whole_numbers(h in 1..60_usize, to in 1..60_usize) {
        let rows: Vec<f32> = (0..h).map(|i| i as f32).collect();
        let expected: Vec<f32> = (0..to).map(|i| (i * h / to) as f32).collect();
        let image = HostTensor::floats(&[1, 1, h, 1], rows);
        prop_assert_eq!(floats(&resize([to, 1], Interpolation::Nearest), &image, &[1, 1, to, 1]), expected);
    }

    #[test]
    fn resizing_keeps_a_constant_image(from in pair(1..9), to in pair(1..9), rule in rule()) {
        let image = HostTensor::floats(&[1, 1, from[0], from[1]], vec![3.0; from[0] * from[1]]);
        let resized = floats(&resize(to, rule), &image, &[1, 1, to[0], to[1]]);
        prop_assert!(resized.iter().all(|x| (x - 3.0).abs() < 1e-5), "{resized:?}");
    }

    #[test]
    fn resizing_to_the_same_size_changes_nothing(size in pair(1..9), rule in rule()) {
        let image = random(&[2, 2, size[0], size[1]]);
        prop_assert_eq!(floats(&resize(size, rule), &image, &image.shape), image.as_floats().expect("floats").to_vec());
    }

    #[test]
    fn a_blur_keeps_the_mean(size in pair(1..20), sigma in 0.2..5.0_f64) {
        let image = random(&[1, 1, size[0], size[1]]);
        let blurred = floats(&Op::GaussianBlur { sigma, truncate: 4.0 }, &image, &image.shape);
        let sum = |numbers: &[f32]| numbers.iter().map(|&x| f64::from(x)).sum::<f64>();
        let difference = sum(&blurred) - sum(image.as_floats().expect("floats"));
        prop_assert!(difference.abs() < 1e-5 * blurred.len() as f64, "{difference}");
    }

    #[test]
    fn rows_of_a_softmax_and_of_attention_weights_sum_to_one(n in 1..9_usize, m in 1..9_usize, causal in any::<bool>()) {
        let m = if causal { n } else { m };
        let (q, k) = (random(&[1, 2, n, 4]), random(&[1, 2, m, 4]));
        let v = HostTensor::floats(&[1, 2, m, 3], vec![1.0; 6 * m]);
        let op = Op::Attention(Attention { scale: 0.5, sight: if causal { Sight::Earlier } else { Sight::All } });
        let out = run::<Own>(&op, &[q, k, v], &[1, 2, n, 3]).into_host().expect("the device works");
        prop_assert!(out.as_floats().expect("floats").iter().all(|x| (x - 1.0).abs() < 1e-5), "{out:?}");
    }
}

#[test]
fn steps_of_zero_and_integers_in_place_of_floats_are_refused() {
    let image = Fact::float(Shape::of(&[1, 2, 8, 8]));
    let ints = Fact::int(Shape::of(&[1, 2, 8, 8]));
    let weight = Fact::float(Shape::of(&[4, 2, 3, 3]));
    let conv = Conv2d { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
    let pool = Pool { kind: PoolKind::Max, window: [2, 2], stride: [2, 2], padding: [0, 0] };
    let refused = |op: Op, inputs: &[&Fact]| {
        assert!(op.infer(inputs).is_err(), "{op}");
    };
    refused(Op::Conv2d(Conv2d { stride: [0, 1], ..conv }), &[&image, &weight]);
    refused(Op::Conv2d(Conv2d { dilation: [1, 0], ..conv }), &[&image, &weight]);
    refused(Op::Conv2d(conv), &[&ints, &weight]);
    refused(Op::Pool(Pool { stride: [0, 2], ..pool }), &[&image]);
    refused(Op::Pool(Pool { window: [0, 2], ..pool }), &[&image]);
    refused(Op::Pool(pool), &[&ints]);
    refused(resize([4, 4], Interpolation::Bilinear), &[&ints]);
    refused(Op::Attention(Attention { scale: 1.0, sight: Sight::All }), &[&ints, &ints, &ints]);
}

#[test]
fn nothing_flows_back_through_a_stopped_gradient() {
    let x = random(&[5]);
    let (output, gradients) = gradients::<Own>(&Op::StopGradient, std::slice::from_ref(&x), &random(&[5]));
    assert_eq!(output, x);
    assert_eq!(gradients[0].1, HostTensor::floats(&[5], vec![0.0; 5]));
}

/// The shape of the output for random inputs, where the rule accepts their shapes, is the inferred one.
fn shape_is_inferred(op: &Op, shapes: &[&[usize]]) -> Result<(), TestCaseError> {
    let facts: Vec<Fact> =
        shapes.iter().map(|shape| Fact::float(Shape(shape.iter().map(|&n| extent(n)).collect()))).collect();
    let inferred = op.infer(&facts.iter().collect::<Vec<_>>());
    prop_assume!(inferred.is_ok());
    let shape = inferred.ok().and_then(|fact| fact.shape.known()).expect("all extents are known");
    let inputs: Vec<HostTensor> = shapes.iter().map(|shape| random(shape)).collect();
    let stored = if shape.is_empty() { vec![1] } else { shape.clone() };
    prop_assert_eq!(run::<Own>(op, &inputs, &shape).shape(), stored);
    Ok(())
}

fn conv() -> impl Strategy<Value = Conv2d> {
    (pair(1..4), pair(0..6), pair(1..5), 1..4_usize).prop_map(|(stride, padding, dilation, groups)| Conv2d {
        stride,
        padding,
        dilation,
        groups,
    })
}

fn pair(range: std::ops::Range<usize>) -> impl Strategy<Value = [usize; 2]> {
    [range.clone(), range]
}

fn rule() -> impl Strategy<Value = Interpolation> {
    prop_oneof![Just(Interpolation::Nearest), Just(Interpolation::Bilinear), Just(Interpolation::BilinearAligned)]
}

fn resize(to: [usize; 2], interpolation: Interpolation) -> Op {
    Op::Resize(Resize { size: to.map(extent), interpolation })
}

fn extent(n: usize) -> Dim {
    Dim::from(i64::try_from(n).expect("a small extent"))
}

fn random(shape: &[usize]) -> HostTensor {
    let key = Key { seed: 1, purpose: "test", step: 0, sample: 0, iteration: 0 };
    HostTensor::new(shape.to_vec(), draw(Distribution::Normal, &key, shape.iter().product()))
}

fn floats(op: &Op, x: &HostTensor, shape: &[usize]) -> Vec<f32> {
    let out = run::<Own>(op, std::slice::from_ref(x), shape).into_host().expect("the device works");
    out.as_floats().expect("floats").to_vec()
}
