//! An array of a file: its shape, and its values in the narrowest type that holds each of them as it is.

use crate::evaluate::metric::Score;

/// The integers from which on 64-bit floating point does not hold each one.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

/// An array of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its extents; none for a single value.
    pub shape: Vec<usize>,
    /// Its values, the last extent fastest.
    pub values: Values,
}

/// What an array holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers that 32 bits hold as they are.
    Numbers(Vec<f32>),
    /// Numbers of which at least one needs 64 bits.
    Wide(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

impl Values {
    /// Numbers of 64 bits, in 32 if those hold each of them.
    pub(super) fn narrowed(numbers: Vec<f64>) -> Values {
        let fits = |&number: &f64| number.is_nan() || f64::from(number as f32) == number;
        if numbers.iter().all(fits) {
            return Values::Numbers(numbers.into_iter().map(|number| number as f32).collect());
        }
        Values::Wide(numbers)
    }

    /// Integers of up to 64 bits, if floating point holds each as it is.
    pub(super) fn integers(integers: Vec<i128>) -> Result<Values, String> {
        let inexact = integers.iter().find(|&&integer| integer as f64 as i128 != integer);
        match inexact {
            Some(integer) => Err(format!(
                "it holds the integer {integer}; from {EXACT} on, 64 bits of floating point do not tell each integer from \
                 the next: subtract a number from all of them"
            )),
            None => Ok(Values::narrowed(integers.into_iter().map(|integer| integer as f64).collect())),
        }
    }
}

impl Array {
    /// The numbers, if it holds numbers that fit into 32 bits.
    #[must_use]
    pub fn numbers(&self) -> Option<&[f32]> {
        match &self.values {
            Values::Numbers(numbers) => Some(numbers),
            Values::Wide(_) | Values::Texts(_) => None,
        }
    }

    /// The texts, if it holds texts.
    #[must_use]
    pub fn texts(&self) -> Option<&[String]> {
        match &self.values {
            Values::Texts(texts) => Some(texts),
            Values::Numbers(_) | Values::Wide(_) => None,
        }
    }

    /// Some of its values, from the first to the one before the last, as scores of a type that holds them; none if it holds
    /// texts.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    pub fn scores<S: Score>(&self, range: std::ops::Range<usize>) -> Option<Vec<S>> {
        match &self.values {
            Values::Numbers(numbers) => Some(numbers[range].iter().map(|&n| S::rounded(n.into())).collect()),
            Values::Wide(numbers) => Some(numbers[range].iter().map(|&n| S::rounded(n)).collect()),
            Values::Texts(_) => None,
        }
    }

    /// Whether its numbers need 64 bits.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        matches!(self.values, Values::Wide(_))
    }

    /// Number, rows and columns of the pictures in it: extents of 1 between the first and the last two are passed over, and
    /// one behind them, where a picture has the only one of its channels.
    #[must_use]
    pub fn pictures(&self) -> Option<[usize; 3]> {
        match *self.shape.as_slice() {
            [rows, columns] => Some([1, rows, columns]),
            [rows, columns, 1] if columns > 1 => Some([1, rows, columns]),
            [count, rows, columns] | [count, 1, rows, columns] | [count, rows, columns, 1] => {
                Some([count, rows, columns])
            }
            _ => None,
        }
    }
}
