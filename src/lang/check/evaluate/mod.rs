//! Evaluates expressions: names, operators, calls, blocks and built-in functions, with facts in the place of tensors.
//!
//! In: an expression and its environment. Out: its value, or the proof that a mistake has been reported. Operations
//! on tensors go to the builder with their call sites. This folder knows no members of a model.

mod access;
pub(crate) mod argument;
mod builtin;
pub(crate) mod call;
mod elementwise;
mod expression;
mod extent;
mod instance;
mod layer;
mod name;
mod number;
pub(crate) mod operator;
mod order;
mod pipe;
mod random;
mod rows;
mod run_loop;
pub(crate) mod site;
mod tensor;
mod types;
mod weight;
