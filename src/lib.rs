//! A compiler and runtime for descriptions of anomaly-detection systems.
//!
//! A `.diad` file describes a whole experiment: the parts of a model and where their weights lie, functions over
//! tensors, what is trained and how, how an image is scored. This crate is the whole: the language comes from
//! [`diadc_lang`], what runs plans from [`diadc_execute`] and a crate for each device, and what both speak from
//! [`diadc_core`]. Its own rooms are listed below in the order in which the data passes through them; a room uses only
//! those above its own.
//!
//! ```text
//! text --parse--> Ast --resolve--> Spec --check--> Program --lint, differentiate, optimize, plan--> Plan --execute--> tensors
//! ```
//!
//! Three things always hold. The compiler knows operations, not architectures: those are written in the language,
//! in `specs/std`. Every value of a [`graph::Graph`] carries its shape, so that a spec that passes [`check`] can't fail
//! on one later. The same spec, seed and data give the same numbers: all random numbers come from one keyed generator
//! on the host ([`execute::random`]).
//!
//! [`compile::compile`] is the compiler on one screen, [`experiment`] a run from spec to report.

pub use diadc_core::{fact, file, op, span};
pub use diadc_lang::{check, compile, diagnostic, format, lint, measure, optimize, parse, resolve, source};
pub use diadc_serve as serve;

pub mod allocator;
mod archive;
mod mistaken;
mod device;
pub mod weight;
pub mod dataset;
pub mod train;
pub mod evaluate;
pub mod report;
pub mod experiment;
pub mod cli;

/// Graphs, their gradients, the programs that they belong to, and views of them.
pub mod graph {
    pub use diadc_core::graph::*;
    pub use diadc_lang::differentiate::{By, Rules, descend, differentiate, gradients};
    pub use diadc_lang::inspect::{Detail, dot, html, json, svg, text};
    pub use diadc_lang::program::{self, written};
}

/// Plans, what they cost, and how much memory they take.
pub mod plan {
    pub use diadc_core::plan::*;
    pub use diadc_lang::inspect::{
        CallChange, CallCost, Change, ChangeKind, Cost, Difference, FunctionCost, PartCost, Settable, WeightChange,
        cost, difference, essence_of_score, essence_of_stage, memory, settable,
    };
}

/// What runs plans, on whatever device.
pub mod execute {
    pub use diadc_core::engine::*;
    pub use diadc_cpu::Cpu;
    pub use diadc_execute::{
        AdamFactors, AdamWeight, Composed, Coreset, CoresetError, CoresetSettings, Kernels, Seen, Session, Tensor,
        apply, farthest_first, invert,
    };

    pub use crate::device::{cuda_memory_left, open, threads};
}
