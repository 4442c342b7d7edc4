//! What the tests of operations and networks build on.

#[path = "../run/net.rs"]
pub(crate) mod net;
