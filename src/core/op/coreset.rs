//! A few rows that stand for many.

use std::fmt;
use std::sync::Arc;

use crate::fact::{Dim, Fact, Shape};

use super::ShapeError;
use super::error::{float, one};

/// Chooses `count` of the rows of `[N, C]`, each the farthest from those before it (Sener and Savarese, 2018); the
/// first is drawn at random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coreset {
    /// How many rows are chosen.
    pub count: usize,
    /// How many numbers a row has while distances are computed, after a random projection; its own if none.
    pub project: Option<usize>,
    /// Rows to choose from; of more, a random choice of so many.
    pub at_most: usize,
    /// Name of the stream of its random numbers.
    pub purpose: Arc<str>,
}

impl Coreset {
    pub(super) fn infer(&self, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
        let rows = float(one(inputs)?)?;
        let [many, width] = rows.shape.0.as_slice() else {
            return Err(ShapeError::new(format!("rows [N, C] are expected, this is {rows}")));
        };
        let count = Dim::from(i64::try_from(self.count).unwrap_or(i64::MAX));
        if let (Some(many), Some(wanted)) = (many.known(), count.known())
            && many < wanted
        {
            return Err(ShapeError::new(format!("{wanted} of {many} rows can't be chosen")));
        }
        if self.count > self.at_most {
            let (count, most) = (self.count, self.at_most);
            return Err(ShapeError::new(format!("{count} rows can't be chosen from at most {most}")));
        }
        Ok(Fact::float(Shape(vec![count, width.clone()])))
    }
}

impl fmt::Display for Coreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Coreset { count, project, at_most, purpose } = self;
        write!(f, "coreset {count} of at most {at_most}")?;
        if let Some(width) = project {
            write!(f, " in {width}")?;
        }
        write!(f, " \"{purpose}\"")
    }
}
