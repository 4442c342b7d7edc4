//! Weights outside the device: their first values, and files they are kept in.
//!
//! In: a checked program, a seed, paths. Out: host tensors in the order of the program's weights, complete or not at
//! all: a file is compared with what is expected before any of it is used. Files are written beside and renamed.
//! This room knows no graph and trains nothing.

mod error;
mod init;
mod layout;
mod load;
mod safetensors;

pub use error::WeightError;
pub use init::init;
pub use layout::{Expected, Found, Layout, Stored, WrongShape, compare, expected};
pub use load::{load, save};
pub use safetensors::{File, write};
