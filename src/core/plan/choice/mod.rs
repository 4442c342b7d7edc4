//! Which kernel computes an operation, and in portions of which size.
//!
//! In: an operation and the shapes of its inputs and its output. Out: a [`Choice`], which its step of the plan carries.
//! The kernels of the CPU follow it, and the estimate of memory reads it. It is made for one sample: neither the number
//! of samples nor the number of cores changes it. Cores only share the portions among them, as [`side_by_side`] and
//! [`Band::rows`] say. So a sample has the same result alone as in any company. Devices that compose their operations of
//! burn's do not use it.

mod convolution;

use crate::fact::{Shape, batch_of};
use crate::op::{Gradient, Op};

pub use convolution::{Band, ConvolutionChoice, FEW_WINDOWS, LINES, PIECE, Windows, side_by_side};

/// The size that is assumed for an extent that is not known before the run: too large for the kernels of small sizes.
const OPEN: usize = 1 << 20;

/// Up to so many rows, copying a weight that is larger than the cache into the order in which it is read takes longer
/// than it saves.
const FEW_ROWS: usize = 512;

/// The same for a weight that the cache holds.
const FEW_ROWS_IN_CACHE: usize = 16;

/// How many numbers of a weight the second-level cache holds beside the other data.
const IN_CACHE: usize = 256 * 1024;

/// The most queries that a core works on at once, and the most scores that more than eight of them may have.
const QUERIES: usize = 128;
const SCORES: usize = 256 * 1024;

/// With more scores than this in all samples together, the backend's own attention runs, which does not hold them all.
const MOST_SCORES: usize = 1 << 25;

/// How an operation is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// There is only one kernel.
    Only,
    /// A value times a weight.
    Linear(LinearChoice),
    /// Attention.
    Attention(Queries),
    /// A convolution, also a transposed one.
    Convolution(ConvolutionChoice),
}

/// How the rows of a sample are multiplied by the rows of a weight. Each is faster than the other for some numbers of
/// rows; that of one sample decides, since the two differ in the order of their sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinearChoice {
    /// As they lie, each with each.
    Rows,
    /// Copied in blocks into the order in which they are read.
    Blocks,
}

impl LinearChoice {
    /// What is chosen for a value and a weight of these extents.
    fn of(x: &[usize], weight: &[usize]) -> LinearChoice {
        let product = |extents: &[usize]| extents.iter().fold(1, |product: usize, n| product.saturating_mul(*n));
        let few = if product(weight) > IN_CACHE { FEW_ROWS } else { FEW_ROWS_IN_CACHE };
        if product(&x[..x.len() - 1]) < few { LinearChoice::Rows } else { LinearChoice::Blocks }
    }
}

/// How many queries a core works on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queries(pub usize);

impl Queries {
    fn of(inputs: &[&Shape]) -> Queries {
        let (queries, keys) = (extents(inputs[0])[2], extents(inputs[1])[2]);
        Queries((queries / 8).min(SCORES / keys.max(1)).clamp(8, QUERIES))
    }
}

impl Choice {
    /// What is chosen for an operation. Those that are not named here have one kernel only.
    #[must_use]
    pub fn of(op: &Op, inputs: &[&Shape], output: &Shape) -> Choice {
        if let Op::Linear = op {
            Choice::Linear(LinearChoice::of(&extents(inputs[0]), &extents(inputs[1])))
        } else if let Op::Attention(_) = op {
            Choice::Attention(Queries::of(inputs))
        } else if let Op::Conv2d(conv) = op {
            let [x, weight, y] = [inputs[0], inputs[1], output].map(extents);
            Choice::Convolution(ConvolutionChoice::of(*conv, &x, &weight, &y))
        } else if let Op::ConvTranspose2d(conv) = op {
            let [x, weight, y] = [inputs[0], inputs[1], output].map(extents);
            Choice::Convolution(ConvolutionChoice::of_transposed(*conv, &x, &weight, &y))
        } else if let Op::Gradient(gradient) = op {
            Choice::of_gradient(gradient, inputs, output)
        } else {
            Choice::Only
        }
    }

    /// What is chosen for a gradient: what would be for the operation itself.
    fn of_gradient(gradient: &Gradient, inputs: &[&Shape], output: &Shape) -> Choice {
        if let Gradient::Attention(_) = gradient {
            Choice::Attention(Queries::of(inputs))
        } else if let Gradient::ConvolutionInput { conv, .. } = gradient {
            let [weight, y, x] = [inputs[0], inputs[1], output].map(extents);
            Choice::Convolution(ConvolutionChoice::of(*conv, &x, &weight, &y))
        } else {
            Choice::Only
        }
    }

    /// That of a linear layer.
    ///
    /// # Panics
    /// If it was made for another operation.
    #[must_use]
    pub fn linear(self) -> LinearChoice {
        match self {
            Choice::Linear(linear) => Some(linear),
            Choice::Only | Choice::Attention(_) | Choice::Convolution(_) => None,
        }
        .expect("this step is a linear layer")
    }

    /// That of attention.
    ///
    /// # Panics
    /// If it was made for another operation.
    #[must_use]
    pub fn attention(self) -> Queries {
        match self {
            Choice::Attention(queries) => Some(queries),
            Choice::Only | Choice::Linear(_) | Choice::Convolution(_) => None,
        }
        .expect("this step is attention")
    }

    /// That of a convolution.
    ///
    /// # Panics
    /// If it was made for another operation.
    #[must_use]
    pub fn convolution(self) -> ConvolutionChoice {
        match self {
            Choice::Convolution(convolution) => Some(convolution),
            Choice::Only | Choice::Linear(_) | Choice::Attention(_) => None,
        }
        .expect("this step is a convolution")
    }
}

/// Whether attention that is composed of products holds all of so many scores at once.
#[must_use]
pub fn holds_scores(scores: usize) -> bool {
    scores <= MOST_SCORES
}

/// The extents for one sample.
fn extents(shape: &Shape) -> Vec<usize> {
    let one = batch_of(1);
    let extent = |n: i64| usize::try_from(n).unwrap_or(0);
    shape.0.iter().map(|dim| dim.value(&one).map_or(OPEN, extent)).collect()
}
