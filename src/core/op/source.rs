//! Operations without inputs: constants and random numbers.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::fact::{Fact, Shape};

use super::ShapeError;

/// The integers that tensors hold: those of 32 bits, on every device.
pub const INTS: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

/// The numbers of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Floating-point numbers, rounded to the device's precision only when it runs.
    Float(Arc<[f64]>),
    /// Integers.
    Int(Arc<[i64]>),
}

impl Elements {
    /// Whether all of them are 0.
    #[must_use]
    pub fn are_zero(&self) -> bool {
        match self {
            Elements::Float(numbers) => numbers.iter().all(|&x| x == 0.0),
            Elements::Int(numbers) => numbers.iter().all(|&n| n == 0),
        }
    }

    /// The number that all of them are, in single precision; none if two differ, there are none, or an integer is too
    /// large for it to be exact.
    #[must_use]
    pub fn common(&self) -> Option<f32> {
        match self {
            Elements::Float(numbers) => {
                let first = *numbers.first()?;
                numbers.iter().all(|x| *x == first).then_some(first as f32)
            }
            Elements::Int(numbers) => {
                let first = *numbers.first()?;
                (numbers.iter().all(|n| *n == first) && first.abs() < 1 << 24).then_some(first as f32)
            }
        }
    }

    /// Checks that a tensor can hold them.
    ///
    /// # Errors
    /// Names the first integer that has more than 32 bits.
    pub fn fit(&self) -> Result<(), ShapeError> {
        match self {
            Elements::Float(_) => Ok(()),
            Elements::Int(numbers) => numbers.iter().try_for_each(|&n| held(n)),
        }
    }
}

/// A tensor whose numbers are part of the program; all its extents are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// The elements in row-major order; a single one fills the whole shape.
    pub elements: Elements,
    /// The shape.
    pub shape: Shape,
}

impl Constant {
    pub(super) fn infer(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        self.elements.fit()?;
        given(inputs, &self.fact())
    }

    fn fact(&self) -> Fact {
        match self.elements {
            Elements::Float(_) => Fact::float(self.shape.clone()),
            Elements::Int(_) => Fact::int(self.shape.clone()),
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, first) = match &self.elements {
            Elements::Float(v) => (v.len(), v.first().map(|x| format!("{x:.6}"))),
            Elements::Int(v) => (v.len(), v.first().map(ToString::to_string)),
        };
        match (count, first) {
            (1, Some(value)) => write!(f, "constant {value}"),
            (_, Some(value)) => write!(f, "constant {value}, .."),
            (_, None) => f.write_str("constant"),
        }
    }
}

/// The distribution from which random numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum Distribution {
    /// Mean 0, variance 1.
    Normal,
    /// At least 0 and less than 1.
    Uniform,
    /// Integers from `low` up to but not including `high`, all equally likely.
    Int { low: i64, high: i64 },
}

/// A source of random numbers. The first axis of its shape counts samples: each sample has a stream
/// of its own, so that numbers do not depend on how samples are put into batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Random {
    /// What is drawn.
    pub distribution: Distribution,
    /// Element type and shape.
    pub fact: Fact,
    /// Name of the stream: where in the program the numbers are used.
    pub purpose: Arc<str>,
    /// What is added to the number of the turn in which they are drawn: the turns before it of loops that were written
    /// out.
    pub turn: u64,
}

impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.distribution {
            Distribution::Normal => write!(f, "random_normal \"{}\"", self.purpose),
            Distribution::Uniform => write!(f, "random_uniform \"{}\"", self.purpose),
            Distribution::Int { low, high } => write!(f, "random_int {low}..{high} \"{}\"", self.purpose),
        }
    }
}

impl Random {
    pub(super) fn infer(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        if let Distribution::Int { low, high } = self.distribution
            && (low >= high || !INTS.contains(&low) || !INTS.contains(&high))
        {
            return Err(ShapeError::new(format!(
                "random integers need a range of 32-bit integers, this is {low}..{high}"
            )));
        }
        if let Some(first) = self.fact.shape.0.first()
            && first.known().is_none()
            && first.as_symbol().is_none()
        {
            return Err(ShapeError::new(format!(
                "random numbers are drawn for each sample; {first} rows are no samples"
            ))
            .help("the samples of a batch can be multiplied, as in `shape: [4 * B, 3]`, but not added to or divided"));
        }
        given(inputs, &self.fact)
    }
}

/// Checks that a tensor can hold an integer.
pub(super) fn held(n: i64) -> Result<(), ShapeError> {
    if INTS.contains(&n) {
        return Ok(());
    }
    Err(ShapeError::new(format!("tensors hold integers from {} to {}, this is {n}", INTS.start(), INTS.end()))
        .help(format!("write `{n}.0` for a float")))
}

pub(super) fn given(inputs: &[&Fact], fact: &Fact) -> Result<Fact, ShapeError> {
    if inputs.is_empty() { Ok(fact.clone()) } else { Err(ShapeError::new("a source has no inputs")) }
}
