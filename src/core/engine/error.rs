//! What can go wrong when a checked program runs: wrong inputs, or a device that fails.

use crate::graph::Origin;
use crate::op::INTS;

/// The device failed at what it was asked for; the text is the device's own.
#[derive(Debug, thiserror::Error)]
#[error("the device could not finish: {0}")]
pub struct DeviceError(pub String);

/// Why a function could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An input was not given.
    #[error("`{function}` needs the input `{name}`: {fact}")]
    MissingInput {
        /// The function.
        function: String,
        /// The input.
        name: String,
        /// What it must be.
        fact: String,
    },
    /// A value was given under a name that is no input.
    #[error("`{function}` has no input `{name}`; it has {known}")]
    UnknownInput {
        /// The function.
        function: String,
        /// What was given.
        name: String,
        /// The inputs that it has.
        known: String,
    },
    /// An input has another type or shape.
    #[error("the input `{name}` of `{function}` must be {expected}, this is {found}")]
    WrongInput {
        /// The function.
        function: String,
        /// The input.
        name: String,
        /// Its fact, with the symbols that are known by then.
        expected: String,
        /// Type and shape of what was given.
        found: String,
    },
    /// The inputs do not say how large something is.
    #[error("the inputs of `{function}` do not say how large {shape} is")]
    UnknownExtent {
        /// The function.
        function: String,
        /// A shape with symbols in it.
        shape: String,
    },
    /// The number of rows of a random source does not fit the number of samples.
    #[error("`{function}` draws \"{purpose}\" for {rows} samples, {samples} are numbered")]
    Samples {
        /// The function.
        function: String,
        /// Name of the stream.
        purpose: String,
        /// First extent of what is drawn.
        rows: usize,
        /// Number of samples that the caller has numbered.
        samples: usize,
    },
    /// A row is looked up that the table does not have.
    #[error("`{function}` looks up number {index} in a table of {rows} (0 to {}); check the integers that it is given", rows.saturating_sub(1))]
    Index {
        /// The function.
        function: String,
        /// What is asked for.
        index: i64,
        /// How many there are.
        rows: usize,
    },
    /// An input holds an integer that has more than 32 bits.
    #[error("the input `{name}` of `{function}` holds {value}, and tensors hold integers from {} to {}", INTS.start(), INTS.end())]
    LargeInput {
        /// The function.
        function: String,
        /// The input.
        name: String,
        /// The integer.
        value: i64,
    },
    /// An operation gives an integer that has more than 32 bits, or makes one of a float that has none.
    #[error("in `{function}`, `{operation}` gives {value}, and tensors hold integers from {} to {}; compute with floats, as in `to_float(..)`, or limit the numbers with `clamp`", INTS.start(), INTS.end())]
    Integer {
        /// The function.
        function: String,
        /// The operation with its settings.
        operation: String,
        /// The number.
        value: String,
        /// Where it comes from.
        origin: Origin,
    },
    /// The inputs ask for a tensor that no machine holds.
    #[error("with these inputs, `{function}` makes a tensor {shape} of more than 2^40 elements")]
    TooLarge {
        /// The function.
        function: String,
        /// Its shape.
        shape: String,
    },
    /// An operation needs a larger tensor than the device holds.
    #[error(
        "in `{function}`, `{operation}` makes a tensor of {bytes} bytes, and {device} holds at most {most} in one; run it on fewer or smaller images"
    )]
    BeyondDevice {
        /// The function.
        function: String,
        /// The operation with its settings.
        operation: String,
        /// What the tensor takes.
        bytes: usize,
        /// The device.
        device: String,
        /// What it holds.
        most: usize,
    },
    /// A matrix has no inverse.
    #[error("in `{function}`, `inverse` is given {}; {}", which(*place, *of, *is_finite), if *is_finite { "add a small multiple of `eye(..)`, or take fewer rows and columns" } else { "look for where they come from" })]
    NoInverse {
        /// The function.
        function: String,
        /// Which of the matrices, counted from 0.
        place: usize,
        /// How many there are.
        of: usize,
        /// Whether all its numbers are finite, so that it is singular.
        is_finite: bool,
        /// Where it comes from.
        origin: Origin,
    },
    /// Rows that stand for all can't be chosen.
    #[error("in `{function}`, `coreset`: {reason}")]
    Coreset {
        /// The function.
        function: String,
        /// Why not.
        reason: String,
        /// Where the operation comes from.
        origin: Origin,
    },
    /// A value is not finite. Only a run that looks for such values reports it.
    #[error("in `{function}`, `{operation}` gives numbers that are not finite")]
    NotFinite {
        /// The function.
        function: String,
        /// The operation with its settings.
        operation: String,
        /// Where it comes from.
        origin: Origin,
    },
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// A matrix without an inverse, in words.
fn which(place: usize, of: usize, is_finite: bool) -> String {
    let what = if is_finite { "that is singular" } else { "that holds numbers that are not finite" };
    if of == 1 { format!("a matrix {what}") } else { format!("{of} matrices, of which number {place} is one {what}") }
}
