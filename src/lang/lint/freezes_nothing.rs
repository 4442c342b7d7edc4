//! A `freezes` without effect: its weights are trained all the same, or would not be trained without it.

use crate::diagnostic::{Code, Diagnostic};

use super::linter::Linter;

pub(super) fn freezes_nothing(linter: &mut Linter<'_>) {
    let program = linter.program;
    for (objective, written) in program.objectives.iter().zip(&program.written.objectives) {
        for named in written.freezes.iter().filter(|named| named.changed.is_empty()) {
            let text = format!("`freezes {}` changes nothing in `{}`", named.path, objective.name);
            let mut diagnostic = Diagnostic::new(Code::FreezesNothing, text, named.span);
            let still = |ids: &[diadc_core::op::WeightId]| ids.iter().any(|id| named.weights.contains(id));
            if still(&objective.trains) {
                diagnostic = diagnostic.here("some of its weights are trained all the same");
                for by in written.trains.iter().filter(|trained| still(&trained.changed)) {
                    diagnostic = diagnostic.also(by.span, "because this names them more closely");
                }
                diagnostic = diagnostic.help("name after `trains` only what should change");
            } else {
                diagnostic = diagnostic.here("it would be frozen without this").help(
                    "leave it out: what `trains` does not name is frozen; `freezes` is for parts of what it names",
                );
            }
            linter.findings.report(diagnostic);
        }
    }
}
