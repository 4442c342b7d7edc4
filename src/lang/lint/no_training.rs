//! An objective that no `training` minimises.

use crate::diagnostic::{Code, Diagnostic};

use super::desk::Desk;

pub(super) fn no_training(desk: &mut Desk<'_>) {
    let program = desk.program;
    for (objective, written) in program.objectives.iter().zip(&program.written.objectives) {
        let name = &objective.name;
        if program.phases.iter().any(|phase| phase.objectives.contains(name)) {
            continue;
        }
        let text = format!("nothing says how `{name}` is trained");
        let help = format!("add `training {name} {{ optimizer = adamw(lr: 1e-4) batch = 8 epochs = 10 }}`");
        desk.report(Diagnostic::new(Code::NoTraining, text, written.span).help(help));
    }
}
