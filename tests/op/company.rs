//! Products have the same bits whoever shares the work and whatever stands beside them: on 1, 2, 3, 5 and 8 threads, for
//! a sample alone, among 8, as the last of 23 and in another order; and so have their gradients.

use diadc::execute::HostTensor;
use diadc::fact::{Dim, Fact, Shape};
use diadc::op::{Attention, Conv2d, ConvTranspose2d, Interpolation, Op, Resize, Sight};
use diadc::plan::Choice;
use proptest::prelude::*;
use proptest::sample::select;

use super::device::Own;
use super::fixture::{gradients_of, run_by};
use crate::run::net;

/// Samples of the largest company.
const SAMPLES: usize = 23;

/// The most terms that are multiplied for one sample.
const MOST: usize = 2 << 20;

fn dim(n: usize) -> Dim {
    Dim::from(i64::try_from(n).expect("a small extent"))
}

/// An operation, and the shapes of its operands for one sample; those of the others are its weights.
struct Trial {
    op: Op,
    samples: Vec<Vec<usize>>,
    weights: Vec<Vec<usize>>,
}

impl Trial {
    /// What a plan chooses while the number of samples is open.
    fn choice(&self) -> Choice {
        let shapes: Vec<Shape> = self.facts().into_iter().map(|fact| fact.shape).collect();
        let output = std::iter::once(Dim::symbol("B")).chain(self.output().into_iter().map(dim)).collect();
        Choice::of(&self.op, &shapes.iter().collect::<Vec<_>>(), &Shape(output))
    }

    /// What a plan knows of the operands.
    fn facts(&self) -> Vec<Fact> {
        let open =
            |extents: &Vec<usize>| std::iter::once(Dim::symbol("B")).chain(extents.iter().copied().map(dim)).collect();
        let known = |extents: &Vec<usize>| extents.iter().copied().map(dim).collect();
        let shapes = self.samples.iter().map(open).chain(self.weights.iter().map(known));
        shapes.map(|extents| Fact::float(Shape(extents))).collect()
    }

    /// The shape of the output of one sample.
    fn output(&self) -> Vec<usize> {
        let facts: Vec<Fact> = self.operands(&[0]).iter().map(super::fixture::fact).collect();
        let Ok(inferred) = self.op.infer(&facts.iter().collect::<Vec<_>>()) else { panic!("the operands fit") };
        inferred.shape.known().expect("all extents are known")[1..].to_vec()
    }

    /// The operands for these samples.
    fn operands(&self, samples: &[usize]) -> Vec<HostTensor> {
        let own = (0..).zip(&self.samples).map(|(place, extents)| {
            let numbers = samples.iter().flat_map(|sample| {
                let one = net::floats(extents, 100 * place + *sample as u64 + 1);
                one.as_floats().expect("floats").to_vec()
            });
            let shape: Vec<usize> = std::iter::once(samples.len()).chain(extents.iter().copied()).collect();
            HostTensor::floats(&shape, numbers.collect())
        });
        let weights = (1000..).zip(&self.weights).map(|(seed, shape)| net::floats(shape, seed));
        own.chain(weights).collect()
    }

    fn shape(&self, samples: &[usize]) -> Vec<usize> {
        std::iter::once(samples.len()).chain(self.output()).collect()
    }

    fn run(&self, samples: &[usize]) -> Vec<u32> {
        bits(&run_by::<Own>(&self.op, self.choice(), &self.operands(samples), &self.shape(samples)))
    }

    /// The output and all gradients; the output's own gradient differs from sample to sample.
    fn train(&self, samples: &[usize]) -> Vec<Vec<u32>> {
        let shape = self.output();
        let slopes = samples
            .iter()
            .flat_map(|sample| net::floats(&shape, 5000 + *sample as u64).as_floats().expect("floats").to_vec());
        let slopes = HostTensor::floats(&self.shape(samples), slopes.collect());
        let (output, gradients) = gradients_of::<Own>(&self.op, &self.facts(), &self.operands(samples), &slopes);
        std::iter::once(bits(&output)).chain(gradients.iter().map(|(_, gradient)| bits(gradient))).collect()
    }

    fn is_steady(&self) -> Result<(), TestCaseError> {
        let all: Vec<usize> = (0..SAMPLES).collect();
        let whole = on_threads(1, || self.run(&all));
        let each = whole.len() / SAMPLES;
        let of = |sample: usize| &whole[sample * each..][..each];
        for threads in [2, 3, 5, 8] {
            prop_assert!(on_threads(threads, || self.run(&all)) == whole, "{} threads", threads);
        }
        let backwards: Vec<usize> = (0..SAMPLES).rev().collect();
        for (name, samples) in [("alone", &all[22..]), ("in 8", &all[15..]), ("backwards", &backwards)] {
            let found = self.run(samples);
            for (found, sample) in found.chunks(each).zip(samples) {
                prop_assert!(found == of(*sample), "sample {} {}", sample, name);
            }
        }
        let few = [4, 2, 7];
        let trained = on_threads(1, || self.train(&few));
        prop_assert!(
            trained[0].chunks(each).zip(few).all(|(found, sample)| found == of(sample)),
            "beside the gradients"
        );
        for threads in [2, 3, 5, 8] {
            for (place, (one, other)) in trained.iter().zip(on_threads(threads, || self.train(&few))).enumerate() {
                prop_assert!(*one == other, "result {} of training on {} threads", place, threads);
            }
        }
        let alone = self.train(&[7]);
        for operand in 1..=self.samples.len() {
            let company = &trained[operand];
            prop_assert!(company[company.len() / 3 * 2..] == alone[operand], "gradient {} of a sample alone", operand);
        }
        Ok(())
    }
}

fn bits(x: &HostTensor) -> Vec<u32> {
    x.as_floats().expect("floats").iter().map(|x| x.to_bits()).collect()
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started").install(work)
}

/// Extents at which kernels change, and others.
fn extent() -> impl Strategy<Value = usize> {
    prop_oneof![
        select(vec![1, 2, 3, 4, 5, 8, 15, 16, 17, 63, 64, 65, 128, 255, 256, 257, 511, 512, 513, 1025]),
        1..40_usize,
        1..600_usize,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn linear_layers_do_not_look_at_company(rows in extent(), inner in extent(), out in extent(), biased in any::<bool>()) {
        prop_assume!(rows * inner * out <= MOST);
        let weights = if biased { vec![vec![out, inner], vec![out]] } else { vec![vec![out, inner]] };
        Trial { op: Op::Linear, samples: vec![vec![rows, inner]], weights: weights.clone() }.is_steady()?;
        Trial { op: Op::Linear, samples: vec![vec![inner]], weights }.is_steady()?;
    }

    #[test]
    fn matrix_products_do_not_look_at_company(rows in extent(), inner in extent(), out in extent()) {
        prop_assume!(rows * inner * out <= MOST);
        let (left, right) = (vec![rows, inner], vec![inner, out]);
        Trial { op: Op::MatMul, samples: vec![left.clone()], weights: vec![right.clone()] }.is_steady()?;
        Trial { op: Op::MatMul, samples: vec![left, right], weights: Vec::new() }.is_steady()?;
    }

    #[test]
    fn convolutions_do_not_look_at_company(
        (channels, out) in (extent(), extent()),
        size in (1..20_usize, 1..20_usize),
        kernel in (1..4_usize, 1..4_usize),
        stride in (1..3_usize, 1..3_usize),
        padding in (0..2_usize, 0..2_usize),
        dilation in 1..3_usize,
        groups in select(vec![1, 1, 2, 3]),
    ) {
        let (channels, out) = (channels.next_multiple_of(groups), out.next_multiple_of(groups));
        prop_assume!(channels * out * size.0 * size.1 * kernel.0 * kernel.1 <= 2 * MOST);
        prop_assume!(size.0 + 2 * padding.0 > dilation * (kernel.0 - 1));
        prop_assume!(size.1 + 2 * padding.1 > dilation * (kernel.1 - 1));
        let (stride, padding, dilation) = (stride.into(), padding.into(), [dilation; 2]);
        Trial {
            op: Op::Conv2d(Conv2d { stride, padding, dilation, groups }),
            samples: vec![vec![channels, size.0, size.1]],
            weights: vec![vec![out, channels / groups, kernel.0, kernel.1], vec![out]],
        }
        .is_steady()?;
    }

    #[test]
    fn transposed_convolutions_do_not_look_at_company(
        (channels, out) in (1..40_usize, 1..40_usize),
        size in (1..9_usize, 1..9_usize),
        stride in (1..4_usize, 1..4_usize),
        groups in select(vec![1, 1, 2]),
    ) {
        let (channels, out) = (channels.next_multiple_of(groups), out.next_multiple_of(groups));
        let (stride, output_padding) = (stride.into(), [0, 0]);
        Trial {
            op: Op::ConvTranspose2d(ConvTranspose2d { stride, padding: [1, 1], output_padding, dilation: [1, 1], groups }),
            samples: vec![vec![channels, size.0, size.1]],
            weights: vec![vec![channels, out / groups, 4, 4], vec![out]],
        }
        .is_steady()?;
    }

    #[test]
    fn resized_and_blurred_images_do_not_look_at_company(
        channels in 1..4_usize,
        size in (extent(), extent()),
        factor in 1..4_usize,
    ) {
        prop_assume!(channels * size.0 * size.1 * (size.0 + size.1) <= MOST);
        let shape = vec![channels, size.0, size.1];
        let blur = Op::GaussianBlur { sigma: 1.5, truncate: 4.0 };
        Trial { op: blur, samples: vec![shape.clone()], weights: Vec::new() }.is_steady()?;
        let op = Op::Resize(Resize {
            size: [size.0 * factor, size.1.div_ceil(factor)].map(|n| Dim::from(n as i64)),
            interpolation: Interpolation::Bilinear,
        });
        Trial { op, samples: vec![shape], weights: Vec::new() }.is_steady()?;
    }

    #[test]
    fn attention_does_not_look_at_company(
        (heads, inner, width) in (1..5_usize, 1..40_usize, 1..40_usize),
        (queries, keys) in (extent(), extent()),
        causal in any::<bool>(),
    ) {
        let keys = if causal { queries } else { keys };
        prop_assume!(heads * queries * keys * (inner + width) <= MOST);
        Trial {
            op: Op::Attention(Attention { scale: 0.7, sight: if causal { Sight::Earlier } else { Sight::All } }),
            samples: vec![vec![heads, queries, inner], vec![heads, keys, inner], vec![heads, keys, width]],
            weights: Vec::new(),
        }
        .is_steady()?;
    }
}

/// One image whose windows are unfolded in bands, which have few windows on one core and many on several.
#[test]
fn a_large_convolution_does_not_look_at_the_number_of_threads() {
    let trial = Trial {
        op: Op::Conv2d(Conv2d { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 }),
        samples: vec![vec![1000, 10, 40]],
        weights: vec![vec![40, 1000, 3, 3], vec![40]],
    };
    let one = on_threads(1, || trial.run(&[0]));
    let trained = on_threads(1, || trial.train(&[0]));
    assert!(trained[0] == one, "beside the gradients");
    for threads in [2, 3, 5, 8] {
        assert!(on_threads(threads, || trial.run(&[0])) == one, "{threads} threads");
        assert!(on_threads(threads, || trial.train(&[0])) == trained, "training on {threads} threads");
    }
}
