//! How long the parts of a run took, as an engine measures it.
//!
//! Loops are numbered in the order in which they began for the first time, each before those within it.

use crate::graph::Origin;

/// Between which parts of a run the clock is read. A device that computes while the program goes on is waited for
/// each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Between the turns of loops.
    Turns,
    /// Between operations as well, which makes a device that is waited for slower.
    Operations,
}

/// How long the parts of a run took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// The loops that ran.
    pub loops: Vec<LoopTiming>,
    /// The operations that ran, those of a kind together; none if only turns were measured.
    pub operations: Vec<OperationTiming>,
}

/// How long the turns of a loop took.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopTiming {
    /// The number of the loop around it.
    pub within: Option<usize>,
    /// Where it comes from.
    pub origin: Origin,
    /// Seconds of each turn.
    pub turns: Vec<f64>,
}

/// How long all operations of a kind took.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationTiming {
    /// The number of the innermost loop around them.
    pub within: Option<usize>,
    /// What [`Op::kind`](crate::op::Op::kind) says.
    pub kind: String,
    /// How many ran.
    pub count: usize,
    /// Seconds of all of them.
    pub seconds: f64,
}
