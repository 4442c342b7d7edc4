//! All integration tests in one binary, so that it is linked once.

mod allocator;
mod cli;
mod dataset;
mod format;
mod golden;
mod language;
mod lint;
mod metric;
mod op;
mod optimize;
mod report;
mod run;
mod serve;
mod tidy;
mod train;
mod weight;
