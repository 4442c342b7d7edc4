//! Weights outside the device: their first values, and files they are kept in.
//!
//! In: a checked program, a seed, paths. Out: host tensors in the order of the program's weights, one by one; a file is
//! compared with what is expected before any of it is read. Formats give where tensors lie ([`File`]), names become
//! paths by a rename table if need be ([`Naming`]), what differs is a [`Layout`], and an [`Assembly`] says where each
//! weight comes from. Files are written beside and renamed. This room knows no graph and trains nothing.

mod assembly;
mod convert;
mod error;
mod file;
mod format;
mod init;
mod layout;
mod naming;
mod pattern;
mod pytorch;
mod safetensors;
mod save;
mod set_aside;
mod stored;
mod table;
mod writer;

pub use assembly::{Assembly, Origin, Wanted, Weights, layout_of, part};
pub use convert::{Conversion, convert};
pub use error::WeightError;
pub use file::File;
pub use format::{Extra, Format, Found};
pub use layout::{Duplicate, Expected, Layout, Match, Substitute, WrongShape, compare, expected};
pub use naming::Naming;
pub use save::save;
pub use set_aside::SetAsideList;
pub use stored::Stored;
pub use table::{NoTable, Reshape, Table};
pub use writer::{Writer, write};
