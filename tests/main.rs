//! All integration tests in one binary, so that it is linked once.

mod cli;
mod dataset;
mod golden;
mod language;
mod lint;
mod metric;
mod op;
mod optimize;
mod report;
mod run;
mod tidy;
mod train;
mod weight;
