//! Functions as JSON: the boxes within boxes that the drawing has, without positions.

use serde_json::{Value, json};

use diadc_core::graph::Function;

use crate::program::Program;
use crate::source::SourceMap;

use super::scene::frame;

/// Functions of a program, with the names of the texts that `place`s count.
#[must_use]
pub fn json(program: &Program, functions: &[Function], sources: &SourceMap) -> Value {
    let functions: Vec<Value> = functions
        .iter()
        .map(|function| json!({ "name": function.name, "graph": frame(program, function, sources) }))
        .collect();
    let sources: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    json!({ "model": program.name, "functions": functions, "sources": sources })
}
