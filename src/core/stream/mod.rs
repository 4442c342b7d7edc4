//! Cuts a function of the whole training set into passes over it, so that no more than a few samples are in memory.
//!
//! In: a function whose number of samples is that of the whole set, and whose outputs are about the whole set. Out: its
//! [`Pass`]es. In each, a graph runs for a few samples at a time, values about the whole set are gathered from what it
//! gives, and another graph goes on with them. A value of samples that needs a gathered one is computed in the pass
//! after it. This room knows no data and no device.

mod cut;
mod level;
mod separate;

use crate::fact::{Dim, Fact, batch_of};
use crate::graph::{Function, Origin, ValueId};
use crate::op::{Gathering, Op, Samples, rows_of_sample};

use cut::cut;
use level::Levels;
pub use separate::{Separated, separate};

/// The most passes over the training set that a function may take.
pub const MOST_PASSES: usize = 4;

/// How many samples are computed at once. Sums of floats follow from it, so it is the same on every machine.
pub const CHUNK: usize = 8;

/// One pass over the training set.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// What is computed of a few samples. Its inputs are those of the function and values about the whole set, by
    /// their names; its outputs are what is gathered.
    pub each: Function,
    /// What is gathered of that.
    pub gathers: Vec<Gather>,
    /// What is computed of the gathered values, once. Its inputs and outputs are values about the whole set by their
    /// names; the outputs of the function have the names that it gives them.
    pub then: Function,
}

/// A value about the whole set that is gathered a few samples at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Gather {
    /// Its name.
    pub name: String,
    /// The operation that would compute it of all samples at once.
    pub op: Op,
    /// How it is gathered.
    pub gathering: Gathering,
    /// Its inputs: the numbers of the outputs of [`Pass::each`], and where the samples of each lie.
    pub inputs: Vec<(usize, Samples)>,
    /// What it is.
    pub fact: Fact,
    /// Where it comes from.
    pub origin: Origin,
}

/// What is kept of all images while a value is gathered, until there is only the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hoard {
    /// How many rows are kept, or numbers if it has no rows.
    pub rows: u64,
    /// The bytes of one of them.
    pub bytes_of_row: u64,
    /// Whether fewer rows would do.
    pub is_choice: bool,
}

impl Hoard {
    /// All of it in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.saturating_mul(self.bytes_of_row)
    }
}

impl Pass {
    /// What a gathered value keeps in memory until all images have passed: a coreset the rows to choose from and their
    /// projections, a quantile all numbers that it ranks. None for the others, and for a quantile of an unknown number of images.
    #[must_use]
    pub fn hoard(&self, gather: &Gather, images: Option<usize>) -> Option<Hoard> {
        let outputs = self.each.graph.outputs();
        let (place, _) = gather.inputs.first()?;
        let shape = &self.each.graph.fact(outputs[*place].1).shape;
        let count = |extent: &Dim| u64::try_from(extent.known()?).ok();
        match (gather.gathering, &gather.op) {
            (Gathering::Coreset, Op::Coreset(coreset)) => {
                let (of_image, width) = (u64::try_from(rows_of_sample(&shape.0[0])?).ok()?, count(&shape.0[1])?);
                let rows = images.map_or(u64::MAX, |images| of_image.saturating_mul(images as u64));
                let projected = coreset.project.map_or(width, |width| width as u64);
                let bytes_of_row = size_of::<f32>() as u64 * (width + projected);
                Some(Hoard { rows: rows.min(coreset.at_most as u64), bytes_of_row, is_choice: true })
            }
            (Gathering::All, _) => {
                let elements = shape.elements().value(&batch_of(images?));
                let rows = elements.map_or(u64::MAX, i64::unsigned_abs);
                Some(Hoard { rows, bytes_of_row: size_of::<f64>() as u64, is_choice: false })
            }
            (Gathering::Coreset | Gathering::Reduction(_) | Gathering::Product, _) => None,
        }
    }
}

/// Why a function can't be cut into passes.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamError {
    /// An operation needs all samples at once.
    Mixes {
        /// The operation.
        operation: String,
        /// Its inputs.
        inputs: Vec<Fact>,
        /// Where it comes from.
        origin: Origin,
    },
    /// An output is about each sample.
    Output {
        /// Its name.
        name: String,
        /// What it is.
        fact: Fact,
        /// Where it comes from.
        origin: Origin,
    },
    /// There are more passes than [`MOST_PASSES`].
    Passes(usize),
}

/// The passes that compute the outputs of a function of the whole training set.
///
/// # Errors
/// If an operation needs all samples at once, an output is not about the whole set, or there are too many passes.
pub fn stream(function: &Function) -> Result<Vec<Pass>, Vec<StreamError>> {
    let levels = Levels::of(&function.graph)?;
    let outputs = function.graph.outputs();
    let wrong: Vec<StreamError> = outputs
        .iter()
        .filter(|(_, value)| levels.samples(*value) != Samples::Whole)
        .map(|(name, value)| StreamError::Output {
            name: name.clone(),
            fact: function.graph.fact(*value).clone(),
            origin: function.graph.node(value.node).origin,
        })
        .collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let count = outputs.iter().map(|(_, value)| levels.ready(*value)).max().unwrap_or(0).max(1);
    if count > MOST_PASSES {
        return Err(vec![StreamError::Passes(count)]);
    }
    Ok((0..count).map(|pass| cut(function, &levels, pass)).collect())
}

/// The name of a value by which other graphs take it.
fn name(value: ValueId) -> String {
    format!("value{}.{}", value.node.index(), value.slot)
}
