//! An expression from outside that is computed in the scope of the model, such as `sd.encode(z, sd.time(t))`.
//!
//! In: the text of the expression, and the names and facts of its input tensors. Out: a [`Query`] in which every name
//! is known.

use std::sync::Arc;

use diadc_core::fact::Fact;
use diadc_core::span::{Span, Spanned};

use crate::parse;
use crate::parse::ast::{Expr, Name};
use crate::source::SourceMap;

use super::spec::{Meanings, Spec};
use super::{error, names};
use crate::diagnostic::{Diagnostic, in_order};

/// An expression from outside and the tensors that it may name.
#[derive(Clone, Debug)]
pub struct Query {
    /// The expression as it was written.
    pub text: Arc<str>,
    /// The expression.
    pub expr: Expr,
    /// The input tensors by name, with their facts.
    pub inputs: Vec<(Name, Fact)>,
    /// What names in it mean that no scope says.
    pub meanings: Meanings,
}

/// Reads an expression. It sees the `inputs`, the members of the model and the names of the model's file; of two with
/// the same name the first of these counts.
///
/// # Errors
/// The errors in its syntax and its names.
pub fn query(
    spec: &Spec,
    text: &str,
    inputs: &[(String, Fact)],
    sources: &mut SourceMap,
) -> Result<Query, Vec<Diagnostic>> {
    let id = sources.add("the inputs", list(inputs));
    let mut start = 0;
    let named = inputs.iter().map(|(name, fact)| {
        let span = Span { source: id, start, end: start + length(name) };
        start += length(&line(name, fact));
        (Spanned::new(Arc::from(name.as_str()), span), fact.clone())
    });
    let inputs: Vec<(Name, Fact)> = named.collect();
    let source = sources.add("the expression", text);
    let whole = Span { source, start: 0, end: length(text) };
    let Some(model) = spec.model else { return Err(vec![error::no_model(whole)]) };
    let expr = parse::parse_expression(source, 0, sources)?;
    let names = inputs.iter().map(|(name, _)| name);
    let (diagnostics, meanings) = names::check_query(spec, spec.block(model), &expr, names);
    if !diagnostics.is_empty() {
        return Err(in_order(diagnostics));
    }
    Ok(Query { text: text.into(), expr, inputs, meanings })
}

/// The inputs as a text with one line for each, which messages can point at.
fn list(inputs: &[(String, Fact)]) -> String {
    inputs.iter().map(|(name, fact)| line(name, fact)).collect()
}

fn line(name: &str, fact: &Fact) -> String {
    format!("{name}: {fact}\n")
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}
