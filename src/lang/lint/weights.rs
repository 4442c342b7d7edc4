//! Which weights are reported together: those that one objective trains because it names one part.

use indexmap::IndexMap;

use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, count, grouped};
use crate::program::Program;

use super::gradient::Gradient;
use super::linter::Linter;

/// How many layers a warning points at.
const MOST_LAYERS: usize = 3;

/// Weights with such a gradient that one layer of the source declares.
#[derive(Default)]
pub(super) struct Layer {
    pub(super) weights: Vec<WeightId>,
    pub(super) parameters: usize,
}

/// Weights with such a gradient that one objective trains because it names one part.
pub(super) struct Group {
    /// The objective.
    pub(super) objective: usize,
    /// The part as `trains` names it.
    pub(super) part: String,
    /// Where it is named.
    pub(super) span: Span,
    /// The layers with the most parameters first.
    pub(super) layers: Vec<(Span, Layer)>,
    pub(super) parameters: usize,
}

/// All weights with such a gradient in groups, without those that the spec gives a reason for.
pub(super) fn groups(linter: &mut Linter<'_>, code: Code, gradient: Gradient) -> Vec<Group> {
    let program = linter.program;
    let mut groups: IndexMap<(usize, usize), IndexMap<Span, Layer>> = IndexMap::new();
    for (id, weight) in
        program.weights().filter(|(id, _)| linter.gradients[id.0 as usize] == gradient).collect::<Vec<_>>()
    {
        let Some((objective, part)) = trained_by(program, id) else { continue };
        let written = &program.written.objectives[objective];
        if linter.findings.is_allowed(code, &[weight.span, written.span, written.trains[part].span]) {
            continue;
        }
        let layer = groups.entry((objective, part)).or_default().entry(weight.span).or_default();
        layer.weights.push(id);
        layer.parameters += weight.shape.iter().product::<usize>();
    }
    let groups = groups.into_iter().map(|((objective, part), layers)| {
        let named = &program.written.objectives[objective].trains[part];
        let parameters = layers.values().map(|layer| layer.parameters).sum();
        let mut layers: Vec<(Span, Layer)> = layers.into_iter().collect();
        layers.sort_by_key(|(_, layer)| std::cmp::Reverse(layer.parameters));
        Group { objective, part: named.path.clone(), span: named.span, layers, parameters }
    });
    groups.collect()
}

/// The first objective that trains a weight, and the part in its `trains` to which the weight belongs.
fn trained_by(program: &Program, id: WeightId) -> Option<(usize, usize)> {
    program.written.objectives.iter().enumerate().find_map(|(objective, written)| {
        let part = written.trains.iter().position(|named| named.changed.binary_search(&id).is_ok())?;
        Some((objective, part))
    })
}

/// A warning about a group: its number of parameters, and where the largest layers are declared.
pub(super) fn diagnostic(linter: &Linter<'_>, code: Code, group: &Group, headline: String, here: String) -> Diagnostic {
    let program = linter.program;
    let mut diagnostic = Diagnostic::new(code, headline, group.span).here(here);
    for (span, layer) in group.layers.iter().take(MOST_LAYERS) {
        let first = &program.weight(layer.weights[0]).path;
        let text = match layer.weights.len() {
            1 => format!("{} of them: `{first}`", grouped(layer.parameters)),
            many => format!("{} of them: {many} weights such as `{first}`", grouped(layer.parameters)),
        };
        diagnostic = diagnostic.also(*span, text);
    }
    let rest = &group.layers[group.layers.len().min(MOST_LAYERS)..];
    if rest.is_empty() {
        return diagnostic;
    }
    let parameters: usize = rest.iter().map(|(_, layer)| layer.parameters).sum();
    let first = &program.weight(rest[0].1.weights[0]).path;
    diagnostic.note(format!("{} more in {}, such as `{first}`", grouped(parameters), count(rest.len(), "other layer")))
}
