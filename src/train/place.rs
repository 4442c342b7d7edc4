//! The place of an operation in words, for messages.

use crate::graph::ScopeId;
use crate::graph::program::Program;

/// The calls that an operation stands in, outermost first, with a space before; nothing at the top.
pub(super) fn place(program: &Program, scope: ScopeId) -> String {
    let mut labels = Vec::new();
    let mut at = Some(scope);
    while let Some(scope) = at.and_then(|id| program.scopes.get(id.0 as usize)) {
        // A part that stands at the top has no place of its own.
        labels.extend(Some(scope.label.as_ref()).filter(|label| !label.is_empty()));
        at = scope.parent;
    }
    labels.reverse();
    if labels.is_empty() { String::new() } else { format!(" in `{}`", labels.join("/")) }
}
