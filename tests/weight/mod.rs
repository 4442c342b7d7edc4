//! First values of weights, and the files they are kept in.

mod assembly;
mod convert;
mod file;
mod hostile;
mod init;
mod comparison;
mod names;
mod networks;
mod pytorch;

use std::path::PathBuf;

use diadc::execute::HostTensor;
use diadc::graph::program::{Init, Part, Program, Weight};
use diadc::weight::{Assembly, WeightError};

use crate::run::net::origin;
use crate::train::toy::program;

/// A program that is nothing but these weights.
pub(crate) fn with(weights: &[(&str, &[usize], Init)]) -> Program {
    let weight = |(path, shape, init): &(&str, &[usize], Init)| Weight {
        path: (*path).to_owned(),
        shape: shape.to_vec(),
        init: init.clone(),
        is_statistic: false,
        span: origin().span,
    };
    Program { weights: weights.iter().map(weight).collect(), ..program() }
}

/// A program with these weights, all zero at first.
fn zeros(weights: &[(&str, &[usize])]) -> Program {
    let all: Vec<_> = weights.iter().map(|(path, shape)| (*path, *shape, Init::Constant(0.0))).collect();
    with(&all)
}

fn part(name: &str, path: &str, is_fresh: bool) -> Part {
    Part { name: name.to_owned(), owner: None, block: String::new(), path: path.to_owned(), is_fresh }
}

/// All weights of an assembly.
fn all(assembly: &Assembly<'_>, seed: u64) -> Result<Vec<HostTensor>, WeightError> {
    assembly.weights(seed).collect()
}

/// The first values of all weights of a program.
pub(crate) fn first_values(program: &Program, seed: u64) -> Vec<HostTensor> {
    all(&Assembly::first(program), seed).expect("first values come from no file")
}

/// A file that torch wrote.
fn fixture(name: &str) -> PathBuf {
    PathBuf::from("tests/weight/fixtures").join(name)
}
