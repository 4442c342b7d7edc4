//! Source texts: where they come from, and the names under which users know them.
//!
//! Whoever compiles a spec hands in something that has [`Files`]: [`Disk`] for a command line, [`Memory`] for a test or a
//! browser; an editor puts the texts that are open over those on disk. Nothing else of the language reads a file. The
//! texts of one compilation are kept in a [`SourceMap`]. This room does not know what they mean.

mod disk;
mod files;
mod map;
mod memory;

pub use disk::Disk;
pub use files::Files;
pub(crate) use files::reason;
pub use map::{Source, SourceMap};
pub use memory::Memory;
