//! Distances between rows of numbers, on the host: which rows are near, and which are far from all others.
//!
//! In: rows of 32-bit floats. Out: rows chosen by their Euclidean distances. Distances are compared in double precision, and
//! computed so only where faster single precision can't decide, so results are those of the plain algorithms: they depend
//! neither on threads, nor on the processor, nor on what was computed beside them. This room knows no tensors.
//!
//! `panel` has rows in the order in which they are compared, `reservoir` bounds how many are kept, `projection` makes them
//! shorter, `traversal` chooses, and `coreset` is made of those. `nearest` looks for neighbours.

mod coreset;
mod nearest;
mod panel;
mod projection;
mod reservoir;
mod traversal;

pub use coreset::{Coreset, CoresetError, CoresetSettings, Seen};
pub use traversal::farthest_first;

pub(crate) use nearest::{Neighbours, Rows, gradients, nearest};
