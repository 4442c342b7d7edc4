//! Where the samples of a value lie, and what an operation does with them.
//!
//! In a `fit` the batch is the whole training set, which no memory holds at once. A value of it is either about each
//! sample, along one axis, or about the whole set. An operation keeps the samples of its inputs apart, or gathers them
//! into a value about the whole set that can be computed a few samples at a time, or needs them all at once.

use crate::fact::{BATCH, Dim, Fact, Shape};

use super::{Op, Rank, Reduction};

/// Where the samples of a value lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// The value is about the whole set: its shape does not depend on the number of samples.
    Whole,
    /// One after the other along this axis, each with equally many rows.
    Along(usize),
}

/// What an operation does with the samples of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// The output has its samples here; each is computed from the same sample of the inputs.
    Keeps(Samples),
    /// The output is about the whole set, and can be gathered a few samples at a time.
    Gathers(Gathering),
    /// The output needs all samples at once.
    Mixes,
}

/// How a value about the whole set is gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathering {
    /// A reduction over axes, that of the samples among them.
    Reduction(Reduction),
    /// A product of matrices that is summed over the samples.
    Product,
    /// Rows of all samples that stand for all.
    Coreset,
    /// All of it is kept, and the operation runs once behind the pass.
    All,
}

/// How many rows a sample has along an axis of this extent; none if the axis does not hold samples.
#[must_use]
pub fn rows_of_sample(extent: &Dim) -> Option<i64> {
    extent.divided_exactly(&Dim::symbol(BATCH))?.known().filter(|&rows| rows > 0)
}

/// Where the samples of a value with this shape lie, if no other value says so; none if that is not clear.
fn seen(shape: &Shape) -> Option<Samples> {
    let mut axes = (0..).zip(&shape.0).filter(|(_, extent)| extent.known().is_none());
    match (axes.next(), axes.next()) {
        (None, _) => Some(Samples::Whole),
        (Some((axis, extent)), None) => rows_of_sample(extent).map(|_| Samples::Along(axis)),
        (Some(_), Some(_)) => None,
    }
}

impl Op {
    /// What the operation does with the samples of its inputs, which lie at `samples`. `output` is the fact of what it
    /// gives.
    #[must_use]
    pub fn across(&self, inputs: &[&Fact], samples: &[Samples], output: &Fact) -> Across {
        if samples.iter().all(|samples| *samples == Samples::Whole) {
            // Inputs, random numbers and repeated values may have samples although nothing before them has.
            return seen(&output.shape).map_or(Across::Mixes, Across::Keeps);
        }
        let first = samples.first().copied().unwrap_or(Samples::Whole);
        let along = |axis: usize| Across::Keeps(Samples::Along(axis));
        // The samples of the first input stay where they are, and no other input has any.
        let alone = |is_free: &dyn Fn(usize) -> bool| match first {
            Samples::Along(axis) if is_free(axis) && samples[1..].iter().all(|samples| *samples == Samples::Whole) => {
                along(axis)
            }
            Samples::Along(_) | Samples::Whole => Across::Mixes,
        };
        let rank = inputs.first().map_or(0, |input| input.shape.rank());
        match self {
            Op::Input { .. }
            | Op::Weight { .. }
            | Op::Constant(_)
            | Op::Random(_)
            | Op::State { .. }
            | Op::Squares
            | Op::Descent(_) => Across::Mixes,
            Op::Unary(_) | Op::Cast(_) | Op::StopGradient => Across::Keeps(first),
            Op::Binary(_) | Op::Compare(_) | Op::Select => broadcast(inputs, samples, output.shape.rank()),
            Op::Reduce { kind, axes, keep } => match first {
                Samples::Along(axis) if axes.contains(&axis) => Across::Gathers(Gathering::Reduction(*kind)),
                Samples::Along(axis) => along(kept(axis, axes, *keep)),
                Samples::Whole => Across::Mixes,
            },
            Op::Quantile(quantile) => match first {
                Samples::Along(axis) if !quantile.axes.contains(&axis) => {
                    along(kept(axis, &quantile.axes, quantile.keep))
                }
                Samples::Along(_) => Across::Gathers(Gathering::All),
                Samples::Whole => Across::Mixes,
            },
            Op::Softmax { axis: over } | Op::Cumulate { axis: over, .. } | Op::Rank(Rank { axis: over, .. }) => {
                alone(&|axis| axis != *over)
            }
            Op::Take { axis: over } => match first {
                Samples::Along(axis) if axis != *over && samples.iter().all(|samples| *samples == first) => along(axis),
                Samples::Along(_) | Samples::Whole => Across::Mixes,
            },
            Op::Reshape(shape) => reshaped(inputs[0], first, shape),
            Op::Permute(order) => match first {
                Samples::Along(axis) => order.iter().position(|from| *from == axis).map_or(Across::Mixes, along),
                Samples::Whole => Across::Mixes,
            },
            Op::Expand(_) => match first {
                Samples::Along(axis) => along(axis + output.shape.rank() - rank),
                Samples::Whole => Across::Mixes,
            },
            Op::Concat { axis: joined } => match first {
                Samples::Along(axis) if axis != *joined && samples.iter().all(|samples| *samples == first) => {
                    along(axis)
                }
                Samples::Along(_) | Samples::Whole => Across::Mixes,
            },
            Op::Slice { axis: cut, .. } => alone(&|axis| axis != *cut),
            Op::Gather => match samples {
                [Samples::Whole, Samples::Along(axis)] => along(*axis),
                [Samples::Along(axis), Samples::Whole] if *axis > 0 => along(axis - 1 + inputs[1].shape.rank()),
                _ => Across::Mixes,
            },
            Op::Coreset(_) if first == Samples::Along(0) => Across::Gathers(Gathering::Coreset),
            Op::Coreset(_) => Across::Mixes,
            Op::MatMul => product(inputs, samples, output.shape.rank()),
            Op::Linear | Op::LayerNorm { .. } | Op::Nearest { .. } | Op::NearestIndex { .. } => {
                alone(&|axis| axis + 1 < rank)
            }
            Op::Attention(attention) if attention.keeps_samples(samples) => along(0),
            Op::Attention(_) => Across::Mixes,
            Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::GroupNorm { .. } => alone(&|axis| axis == 0),
            Op::Pad { .. } | Op::Pool(_) | Op::Resize(_) | Op::GaussianBlur { .. } | Op::Inverse => {
                alone(&|axis| axis + 2 < rank)
            }
            Op::Gradient(gradient) => gradient.across(samples),
        }
    }
}

/// Where an axis lies after a reduction over others.
fn kept(axis: usize, reduced: &[usize], keep: bool) -> usize {
    if keep { axis } else { axis - reduced.iter().filter(|other| **other < axis).count() }
}

/// Inputs that are aligned at their last axes.
fn broadcast(inputs: &[&Fact], samples: &[Samples], rank: usize) -> Across {
    let mut found = None;
    for (input, samples) in inputs.iter().zip(samples) {
        let Samples::Along(axis) = samples else { continue };
        let axis = axis + rank - input.shape.rank();
        if found.is_some_and(|found| found != axis) {
            return Across::Mixes;
        }
        found = Some(axis);
    }
    // A second extent with the number of samples would be one of pairs of samples.
    let clash = |axis: usize| {
        inputs.iter().any(|input| {
            (0..)
                .zip(&input.shape.0)
                .any(|(i, extent): (usize, _)| i + rank - input.shape.rank() != axis && extent.known().is_none())
        })
    };
    found.filter(|axis| !clash(*axis)).map_or(Across::Mixes, |axis| Across::Keeps(Samples::Along(axis)))
}

/// Samples keep apart in another shape if as many elements stand before them.
fn reshaped(x: &Fact, samples: Samples, shape: &Shape) -> Across {
    let Samples::Along(axis) = samples else { return Across::Mixes };
    let before = Dim::product(x.shape.0[..axis].iter());
    let fits = |to: &usize| rows_of_sample(&shape.0[*to]).is_some() && Dim::product(shape.0[..*to].iter()) == before;
    (0..shape.rank()).find(fits).map_or(Across::Mixes, |to| Across::Keeps(Samples::Along(to)))
}

fn product(inputs: &[&Fact], samples: &[Samples], rank: usize) -> Across {
    let [a, b] = inputs else { return Across::Mixes };
    let (m, n) = (a.shape.rank(), b.shape.rank());
    match samples {
        [Samples::Along(left), Samples::Along(right)] if *left == m - 1 && *right == n - 2 => {
            Across::Gathers(Gathering::Product)
        }
        // The samples are among the products that are made side by side.
        [Samples::Along(left), Samples::Along(right)] if left + rank - m == right + rank - n && *left + 2 < m => {
            Across::Keeps(Samples::Along(left + rank - m))
        }
        [Samples::Along(left), Samples::Whole] if *left + 1 < m => Across::Keeps(Samples::Along(left + rank - m)),
        [Samples::Whole, Samples::Along(right)] if *right != n - 2 => Across::Keeps(Samples::Along(right + rank - n)),
        _ => Across::Mixes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Binary, Quantile, Ranking, Unary};

    fn fact(extents: &[&str]) -> Fact {
        let extent = |text: &&str| match text.strip_suffix('B') {
            Some("") => Dim::symbol(BATCH),
            Some(rows) => Dim::symbol(BATCH).times(&Dim::from(rows.parse::<i64>().expect("a number of rows"))),
            None => Dim::from(text.parse::<i64>().expect("an extent")),
        };
        Fact::float(Shape(extents.iter().map(extent).collect()))
    }

    fn across(op: &Op, inputs: &[(&Fact, Samples)]) -> Across {
        let facts: Vec<&Fact> = inputs.iter().map(|(fact, _)| *fact).collect();
        let samples: Vec<Samples> = inputs.iter().map(|(_, samples)| *samples).collect();
        let output = op.infer(&facts).expect("the operation fits its inputs");
        op.across(&facts, &samples, &output)
    }

    const ALONG: fn(usize) -> Across = |axis| Across::Keeps(Samples::Along(axis));

    #[test]
    fn samples_follow_their_axis() {
        let x = fact(&["B", "8", "4", "4"]);
        let first = (&x, Samples::Along(0));
        assert_eq!(across(&Op::Unary(Unary::Relu), &[first]), ALONG(0));
        assert_eq!(across(&Op::Permute(vec![2, 3, 0, 1]), &[first]), ALONG(2));
        assert_eq!(across(&Op::Reshape(fact(&["B", "8", "16"]).shape), &[first]), ALONG(0));
        let reduced = Op::Reduce { kind: Reduction::Mean, axes: vec![1], keep: false };
        assert_eq!(across(&reduced, &[first]), ALONG(0));
        let places = fact(&["16", "B", "8"]);
        assert_eq!(
            across(&reduced, &[(&places, Samples::Along(1))]),
            Across::Gathers(Gathering::Reduction(Reduction::Mean))
        );
    }

    #[test]
    fn order_and_neighbours_are_those_of_each_sample() {
        let x = fact(&["B", "6", "8"]);
        let first = (&x, Samples::Along(0));
        let rank = |axis| Op::Rank(Rank { axis, count: None, ranking: Ranking::Ascending });
        let quantile = |axes: &[usize]| Op::Quantile(Quantile { q: 0.5, axes: axes.to_vec(), keep: false });
        let places = Fact::int(x.shape.clone());
        let rows = fact(&["20", "8"]);
        for (op, mixing) in
            [(rank(1), rank(0)), (Op::Cumulate { axis: 2, from_end: false }, Op::Cumulate { axis: 0, from_end: false })]
        {
            assert_eq!(across(&op, &[first]), ALONG(0));
            assert_eq!(across(&mixing, &[first]), Across::Mixes);
        }
        assert_eq!(across(&quantile(&[1, 2]), &[first]), ALONG(0));
        assert_eq!(across(&quantile(&[0, 1]), &[first]), Across::Gathers(Gathering::All));
        assert_eq!(across(&Op::Take { axis: 1 }, &[first, (&places, Samples::Along(0))]), ALONG(0));
        assert_eq!(across(&Op::Take { axis: 0 }, &[first, (&places, Samples::Along(0))]), Across::Mixes);
        assert_eq!(across(&Op::Nearest { count: 3 }, &[first, (&rows, Samples::Whole)]), ALONG(0));
        let places = fact(&["6", "B", "8", "8"]);
        assert_eq!(across(&quantile(&[0]), &[(&places, Samples::Along(1))]), ALONG(0));
        assert_eq!(across(&Op::Inverse, &[(&places, Samples::Along(1))]), ALONG(1));
        let among = fact(&["B", "8"]);
        let pairs = [(&rows, Samples::Whole), (&among, Samples::Along(0))];
        assert_eq!(across(&Op::Nearest { count: 1 }, &pairs), Across::Mixes);
    }

    #[test]
    fn rows_of_a_sample_stay_together_or_are_mixed() {
        let rows = Op::Reshape(fact(&["16B", "8"]).shape);
        assert_eq!(across(&rows, &[(&fact(&["B", "16", "8"]), Samples::Along(0))]), ALONG(0));
        assert_eq!(across(&rows, &[(&fact(&["16", "B", "8"]), Samples::Along(1))]), Across::Mixes);
    }

    #[test]
    fn a_product_over_the_samples_is_gathered() {
        let (a, b) = (fact(&["16", "8", "B"]), fact(&["16", "B", "8"]));
        let gathered = across(&Op::MatMul, &[(&a, Samples::Along(2)), (&b, Samples::Along(1))]);
        assert_eq!(gathered, Across::Gathers(Gathering::Product));
        let inverse = fact(&["16", "8", "8"]);
        let kept = across(&Op::MatMul, &[(&b, Samples::Along(1)), (&inverse, Samples::Whole)]);
        assert_eq!(kept, ALONG(1));
    }

    #[test]
    fn pairs_of_samples_need_all_at_once() {
        let (rows, columns) = (fact(&["B", "1"]), fact(&["1", "B"]));
        let inputs = [(&rows, Samples::Along(0)), (&columns, Samples::Along(1))];
        assert_eq!(across(&Op::Binary(Binary::Sub), &inputs), Across::Mixes);
        assert_eq!(across(&Op::Softmax { axis: 0 }, &[(&rows, Samples::Along(0))]), Across::Mixes);
    }
}
