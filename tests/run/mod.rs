//! Plans and the engine that runs them.

pub(crate) mod net;

mod bind;
mod chains;
mod device;
mod generated;
pub(crate) mod gradient;
mod plan;
mod precision;
mod random;
mod recompute;
pub(crate) mod repeat;
