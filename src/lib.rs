//! A compiler and runtime for descriptions of anomaly-detection systems.
//!
//! A `.diad` file describes a whole experiment: the parts of a model and where their weights lie, functions over
//! tensors, what is trained and how, how an image is scored. The rooms below are listed in the order in which the
//! data passes through them; a room uses only those above its own.
//!
//! ```text
//! text --parse--> Ast --resolve--> Spec --check--> Program --lint, optimize--> --plan--> Plan --execute--> tensors
//! ```
//!
//! Three things always hold. The compiler knows operations, not architectures: those are written in the language,
//! in `specs/std`. Every value of a [`graph::Graph`] carries its shape, so that a spec that passes [`check`] can't fail
//! on one later. The same spec, seed and data give the same numbers: all random numbers come from one keyed generator
//! on the host ([`execute::random`]).
//!
//! [`compile::compile`] is the compiler on one screen, [`experiment`] a run from spec to report.

pub mod allocator;
pub mod span;
pub mod source;
pub mod diagnostic;
pub mod parse;
pub mod format;
pub mod fact;
pub mod op;
pub mod measure;
pub mod resolve;
pub mod graph;
pub mod check;
pub mod lint;
pub mod optimize;
pub mod plan;
pub mod compile;
pub mod serve;
pub mod execute;
pub mod weight;
pub mod dataset;
pub mod train;
pub mod evaluate;
pub mod report;
pub mod experiment;
pub mod cli;
