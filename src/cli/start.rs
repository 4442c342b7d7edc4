//! The weights that a command begins with.

use std::path::Path;

use crate::execute::Engine;
use crate::graph::program::{Part, Program};
use crate::weight::Assembly;

use super::failure::Failure;
use super::terminal::{self, Screen};

/// The weights with which training begins: first values, or those of a file, in which `fresh` parts may be missing.
pub(super) fn start<'a>(program: &'a Program, path: Option<&Path>) -> Result<Assembly<'a>, Failure> {
    let Some(path) = path else { return Ok(Assembly::first(program)) };
    let fresh: Vec<&Part> = program.parts.iter().filter(|part| part.is_fresh).collect();
    load(program, path, &fresh)
}

/// The weights of a file, in which only those of `fresh` parts may be missing. Says what was done with it, unless it
/// just fits.
pub(super) fn load<'a>(program: &'a Program, path: &Path, fresh: &[&Part]) -> Result<Assembly<'a>, Failure> {
    let (assembly, layout) = Assembly::load(program, path, fresh)?;
    let counts = [
        (layout.renamed(), format!("renamed (names {})", layout.naming)),
        (layout.fresh.len(), "not in it, which start fresh".to_owned()),
        (layout.set_aside.len() + layout.extras.len(), "set aside".to_owned()),
    ];
    let told: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !told.is_empty() {
        let matched = layout.matched.len();
        terminal::note(&format!("{}: {matched} weights, {}", path.display(), told.join(", ")));
    }
    Ok(assembly)
}

/// Hands all weights over to an engine, and shows how far that has come.
pub(super) fn hand_over(
    weights: &Assembly<'_>,
    seed: u64,
    engine: &mut dyn Engine,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let handed = weights.hand_over(seed, engine, &mut |done, all| screen.weights(done, all));
    screen.clear();
    Ok(handed?)
}
