//! The whole compiler on one screen: where a spec lies, to a program that can run.

use diadc_core::fact::Fact;
use diadc_core::graph::Function;

use crate::check::condition::{Condition, conditions, may_depend_on_values, remedy};
use crate::check::{check, check_query};
use crate::diagnostic::{Diagnostic, in_order};
use crate::lint::lint;
use crate::program::Program;
use crate::resolve::{Location, query, resolve};
use crate::source::SourceMap;

/// A program, the texts it was made from, and warnings about them.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The program, checked and not yet optimised.
    pub program: Program,
    /// All texts that took part.
    pub sources: SourceMap,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// What is wrong with a spec, and the texts to show it in.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Everything that is wrong, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// All texts that took part.
    pub sources: SourceMap,
}

/// Compiles the spec at a place, with `name=value` pairs from outside for its `param`s.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile(location: &Location, settings: &[(String, String)]) -> Result<Compiled, Box<Failed>> {
    let mut sources = SourceMap::default();
    let result = resolve(location, settings, &mut sources).and_then(|spec| check(&spec));
    match result {
        Ok((program, mut warnings)) => {
            warnings.extend(lint(&program));
            Ok(Compiled { program, sources, warnings })
        }
        Err(diagnostics) => Err(Box::new(Failed { diagnostics, sources })),
    }
}

/// Compiles the spec at a place and, in the scope of its model, an expression such as `denoise`, `ae.encode` or
/// `sd.encode(z, sd.time(t), prompt)` for tensors with these names and facts. The function is not among those of the
/// program, whose weights it may use.
///
/// # Errors
/// Everything that is wrong with the spec or the expression; also an input that nothing takes.
pub fn compile_call(
    location: &Location,
    settings: &[(String, String)],
    text: &str,
    inputs: &[(String, Fact)],
) -> Result<(Compiled, Function), Box<Failed>> {
    let mut sources = SourceMap::default();
    let result =
        resolve(location, settings, &mut sources).and_then(|spec| match query(&spec, text, inputs, &mut sources) {
            Ok(query) => check_query(&spec, &query),
            Err(more) => Err(in_order([spec.diagnostics, more].concat())),
        });
    match result {
        Ok(((program, function), warnings)) => Ok((Compiled { program, sources, warnings }, function)),
        Err(diagnostics) => Err(Box::new(Failed { diagnostics, sources })),
    }
}

/// Which values work for the whole-numbered `param`s of a spec that compiles. The spec is checked many times for it.
#[must_use]
pub fn conditions_of(location: &Location, settings: &[(String, String)]) -> Vec<Condition> {
    resolve(location, settings, &mut SourceMap::default()).map(|spec| conditions(&spec)).unwrap_or_default()
}

impl Failed {
    /// Adds to the first mistake that a `param` may have caused which values of it work, if that alone would help. The
    /// spec, which lies where it was compiled from, is checked many times for it.
    pub fn advise(&mut self, location: &Location, settings: &[(String, String)]) {
        let Some(mistake) = self.diagnostics.iter_mut().find(|mistake| may_depend_on_values(mistake)) else { return };
        let Ok(spec) = resolve(location, settings, &mut SourceMap::default()) else { return };
        for condition in remedy(&spec) {
            mistake.notes.push(condition.words(&self.sources));
        }
    }
}
