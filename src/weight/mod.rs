//! Weights outside the device: their first values, and the files that store them.
//!
//! In: a checked program, a seed, paths. Out: host tensors in the order of the program's weights, one by one. A file is
//! compared with the program before any tensor of it is read: [`File`] says what the file holds, [`Naming`] turns the
//! names of its tensors into paths of the program, [`Comparison`] lists the differences, and [`Assembly`] says for each
//! weight where it comes from. A [`Writer`] never leaves half a file. This room knows no graph and trains nothing.

mod assembly;
mod comparison;
mod convert;
mod elements;
mod error;
mod file;
mod format;
mod headers;
mod init;
mod kind;
mod naming;
mod pattern;
mod pytorch;
mod reading;
mod safetensors;
mod save;
mod setting;
mod sharded;
mod stored;
mod surplus;
mod suspicion;
mod table;
mod usual;
mod wanted;
mod writer;

pub use assembly::{Assembly, Origin, Weights, compare_file, part};
pub use comparison::{Comparison, Duplicate, Expected, Match, WrongShape, compare, expected};
pub use convert::{Conversion, convert};
pub use error::WeightError;
pub use file::File;
pub use format::{Extra, Format, Found};
pub use naming::Naming;
pub use save::save;
pub use setting::{advised, fitting};
pub use stored::Stored;
pub use suspicion::{Doubt, Suspicion, doubts};
pub use table::{NoTable, Reshape, Table};
pub use wanted::{Lacking, Place, Substitute, Wanted};
pub use writer::{Writer, write};
