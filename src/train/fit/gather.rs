//! Gathers a value about the whole training set, a few samples at a time, in double precision and in the order of the
//! data set.

use std::ops::ControlFlow;

use diadc_execute::{Coreset, CoresetError, Seen};

use crate::execute::HostTensor;
use crate::graph::program::Gather;
use crate::op::{Gathering, Op, Samples};

use super::whole::{Reduced, Whole, add_product, quantile_of};

/// A value that is being gathered.
pub(super) struct Gathered {
    shape: Vec<usize>,
    state: State,
}

enum State {
    /// A reduction; none before the first samples.
    Reduction(Option<Reduced>),
    /// The sum of products.
    Product(Vec<f64>),
    /// Rows that stand for all.
    Coreset(Box<Coreset>),
    /// All samples so far, along their axis.
    All(Vec<Whole>),
}

impl Gathered {
    /// Nothing yet.
    pub(super) fn new(gather: &Gather, seed: u64) -> Gathered {
        let shape = gather.fact.shape.known().expect("a value about the whole set has a known shape");
        let state = match gather.gathering {
            Gathering::Reduction(_) => State::Reduction(None),
            Gathering::Product => State::Product(vec![0.0; shape.iter().product()]),
            Gathering::All => State::All(Vec::new()),
            Gathering::Coreset => {
                let Op::Coreset(coreset) = &gather.op else { unreachable!("a coreset is gathered as one") };
                State::Coreset(Box::new(Coreset::of(coreset, shape[1], seed)))
            }
        };
        Gathered { shape, state }
    }

    /// Adds the next samples, whose numbers are finite.
    pub(super) fn add(&mut self, gather: &Gather, inputs: &[&HostTensor]) {
        match &mut self.state {
            State::Reduction(reduced) => {
                let Op::Reduce { kind, axes, .. } = &gather.op else { unreachable!("a reduction is gathered as one") };
                let x = Whole::of(inputs[0]);
                let reduced = reduced.get_or_insert_with(|| Reduced::new(*kind, axes, &x.shape));
                reduced.add(&x.shape, x.values.into_iter());
            }
            State::Product(sums) => {
                add_product(&Whole::of(inputs[0]), &Whole::of(inputs[1]), &self.shape, sums);
            }
            State::All(parts) => parts.push(Whole::of(inputs[0])),
            State::Coreset(coreset) => {
                coreset.push(inputs[0].as_floats().unwrap_or_default()).expect("the numbers of a chunk are finite");
            }
        }
    }

    /// The value, and how many rows it was chosen from, if it was. `progress` is told how many rows are chosen.
    ///
    /// # Errors
    /// If there are too few rows, or `progress` breaks off.
    pub(super) fn finish(
        self,
        gather: &Gather,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<(Whole, Option<Seen>), CoresetError> {
        let (values, seen) = match self.state {
            State::Reduction(reduced) => (reduced.expect("there was a sample").finish(), None),
            State::Product(sums) => (sums, None),
            State::All(parts) => {
                let (Op::Quantile(quantile), [(_, Samples::Along(axis))]) = (&gather.op, gather.inputs.as_slice())
                else {
                    unreachable!("only a quantile keeps all samples, and it has some")
                };
                return Ok((quantile_of(quantile, &joined(&parts, *axis), self.shape), None));
            }
            State::Coreset(coreset) => {
                let (rows, seen) = coreset.finish(progress)?;
                (rows.into_iter().map(f64::from).collect(), Some(seen))
            }
        };
        Ok((Whole { shape: self.shape, values }, seen))
    }
}

/// Parts one after the other along an axis.
fn joined(parts: &[Whole], axis: usize) -> Whole {
    let mut shape = parts.first().map_or_else(Vec::new, |part| part.shape.clone());
    shape[axis] = parts.iter().map(|part| part.shape[axis]).sum();
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    let mut values = Vec::with_capacity(shape.iter().product());
    for row in 0..outer {
        for part in parts {
            let length = part.shape[axis] * inner;
            values.extend_from_slice(&part.values[row * length..(row + 1) * length]);
        }
    }
    Whole { shape, values }
}
