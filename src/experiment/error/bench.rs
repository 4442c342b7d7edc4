//! Why times can't be measured or compared.

use std::path::PathBuf;

/// A program can't be measured, or two results of that can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No kind of work has this name.
    #[error("there is nothing to measure that is called `{word}`; {hint}")]
    UnknownKind {
        /// What was written.
        word: String,
        /// The names that there are.
        hint: String,
    },
    /// The model has none of what is to be measured.
    #[error("the model `{0}` has neither a `score` nor anything to train; measure a spec that has one of them")]
    Nothing(String),
    /// The `score` has no loop.
    #[error(
        "the `score` of the model `{0}` has no loop that runs, such as that of a sampler; leave `loop` out of `--phases`"
    )]
    NoLoop(String),
    /// An input that is neither an image nor a class.
    #[error("`{function}` needs the input `{input}`, and only random images and classes can be given to it")]
    UnknownInput {
        /// The function.
        function: String,
        /// The input.
        input: String,
    },
    /// The inputs do not say how large everything is.
    #[error("`{0}` has extents that depend on more than the batch, so its multiply-adds can't be counted")]
    Open(String),
    /// The loss of a step of training is not a number.
    #[error(
        "the loss of `{0}` is {1} for random images, so no gradient can be measured; give trained weights with `--weights`"
    )]
    NotFinite(String, f32),
    /// A file that can't be read.
    #[error("can't read `{}`: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that holds something else.
    #[error(
        "`{}` is no result of `diadc bench`: {reason}; write one with `diadc bench SPEC --output FILE`", .path.display()
    )]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two results that have nothing in common.
    #[error("nothing in the two results can be compared:\n{}", .0.join("\n"))]
    Incomparable(Vec<String>),
}
