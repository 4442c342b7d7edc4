//! All integration tests in one binary, so that it is linked once.

mod dataset;
mod metric;
mod op;
mod report;
