//! Gathers a value about the whole training set, a few samples at a time, in double precision and in the order of the
//! data set.

use crate::execute::HostTensor;
use crate::graph::program::Gather;
use crate::op::{Gathering, Op};

use super::whole::{Reduced, Whole, add_product};

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
}

impl Gathered {
    /// Nothing yet.
    pub(super) fn new(gather: &Gather) -> Gathered {
        let shape = gather.fact.shape.known().expect("a value about the whole set has a known shape");
        let state = match gather.gathering {
            Gathering::Reduction(_) => State::Reduction(None),
            Gathering::Product => State::Product(vec![0.0; shape.iter().product()]),
        };
        Gathered { shape, state }
    }

    /// Adds the next samples.
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
        }
    }

    /// The value.
    pub(super) fn finish(self) -> Whole {
        let values = match self.state {
            State::Reduction(reduced) => reduced.expect("there was a sample").finish(),
            State::Product(sums) => sums,
        };
        Whole { shape: self.shape, values }
    }
}
