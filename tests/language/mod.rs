//! The language: what compiles, to what, and how mistakes are told.

mod ablations;
mod causes;
mod conditions;
mod diagnostics;
mod essence;
mod explanations;
mod fit;
mod fixes;
mod formats;
mod graphs;
mod guide;
mod habits;
mod memory;
mod misspelt;
mod newcomers;
mod order;
mod properties;
mod python;
mod spec;
mod torch;
mod values;
mod warnings;
mod words;

pub(crate) use spec::{Spec, at_root, compiled, files, graph, named, paths, shown, stem};
