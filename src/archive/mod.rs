//! Zip archives, in which `PyTorch` keeps checkpoints and `NumPy` arrays. The only door to the `zip` crate.
//!
//! In: a file, or bytes. Out: what is in it and where, or the bytes of an entry. An archive may be hostile. After it
//! has been opened, all entries have different names, lie within the file, share no bytes and are not encrypted, and no
//! entry claims to be longer than its packed bytes can make it. Only then is memory taken for an entry. This room knows
//! neither tensors nor arrays.

mod read;
mod write;

pub(crate) use read::{Archive, ArchiveError, Entry, Packing};
pub(crate) use write::ArchiveWriter;
