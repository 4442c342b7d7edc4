//! What can go wrong while a checked program runs: what it is given, and the device.

use crate::graph::Origin;

/// A device that could not finish what it was asked for, with its own words.
#[derive(Debug, thiserror::Error)]
#[error("the device could not finish: {0}")]
pub struct DeviceError(pub String);

/// A function could not run.
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
    /// Something was given that is no input.
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
    /// A random source has not as many rows as there are samples.
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
    /// An element is asked for that the table does not have.
    #[error("`{function}` looks up number {index} in a table of {rows} (0 to {}); check the integers that it is given", rows.saturating_sub(1))]
    Index {
        /// The function.
        function: String,
        /// What is asked for.
        index: i64,
        /// How many there are.
        rows: usize,
    },
    /// A value is not finite; only looked for when it is asked for.
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
