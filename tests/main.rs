//! All integration tests of running programs in one binary, so that it is linked once.

mod allocator;
mod cli;
mod dataset;
mod device;
mod experiment;
mod file;
mod fuzz;
mod golden;
mod metric;
mod neighbour;
mod op;
mod optimize;
#[path = "golden/real.rs"]
mod real;
mod report;
mod run;
mod skip;
#[allow(dead_code, reason = "the tests of the language use the rest of it")]
#[path = "language/spec.rs"]
mod spec;
mod train;
mod weight;
