//! A part in the `trains` of an objective of which nothing is left to train.

use crate::diagnostic::{Code, Diagnostic};

use super::linter::Linter;

pub(super) fn nothing_to_train(linter: &mut Linter<'_>) {
    let program = linter.program;
    for (objective, written) in program.objectives.iter().zip(&program.written.objectives) {
        for named in written.trains.iter().filter(|named| named.changed.is_empty()) {
            let text = format!("`{}` trains `{}`, of which there is nothing to train", objective.name, named.path);
            let diagnostic = Diagnostic::new(Code::NothingToTrain, text, named.span);
            let diagnostic = if named.weights.is_empty() {
                diagnostic.here("it has no weights").help("leave it out")
            } else {
                let by =
                    written.freezes.iter().find(|frozen| frozen.weights.iter().any(|id| named.weights.contains(id)));
                let diagnostic = diagnostic.here("all its weights are frozen");
                let diagnostic = match by {
                    Some(by) => diagnostic.also(by.span, "by this"),
                    None => diagnostic,
                };
                diagnostic.help("name it after `trains` or after `freezes`, not both")
            };
            linter.findings.report(diagnostic);
        }
    }
}
