//! An objective that no `training` minimises.

use crate::diagnostic::{Code, Diagnostic};

use super::linter::Linter;

pub(super) fn no_training(linter: &mut Linter<'_>) {
    let program = linter.program;
    for (objective, written) in program.objectives.iter().zip(&program.written.objectives) {
        let name = &objective.name;
        if program.phases().any(|phase| phase.objectives.contains(name)) {
            continue;
        }
        let text = format!("nothing says how `{name}` is trained");
        let help = format!("add `training {name} {{ optimizer = adamw(lr: 1e-4) batch = 8 epochs = 10 }}`");
        linter.findings.report(Diagnostic::new(Code::NoTraining, text, written.span).help(help));
    }
}
