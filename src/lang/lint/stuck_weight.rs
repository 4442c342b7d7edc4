//! A trained weight whose gradient is zero at every step: a layer of zeros after a layer of zeros never moves.

use crate::diagnostic::{Code, count};

use super::gradient::Gradient;
use super::linter::Linter;
use super::weights::{diagnostic, groups};

pub(super) fn stuck_weight(linter: &mut Linter<'_>) {
    for group in groups(linter, Code::StuckWeight, Gradient::Zero) {
        let objective = &linter.program.objectives[group.objective].name;
        let parameters = count(group.parameters, "parameter");
        let headline =
            format!("`{objective}` trains {parameters} that never move: their gradient is zero at every step");
        let found =
            diagnostic(linter, Code::StuckWeight, &group, headline, format!("they are part of `{}`", group.part));
        let found = found.note(
            "the gradient of a layer is zero if what goes in is zero, or if all that takes up what comes out multiplies \
             it by zero; layers that start from zeros do both to each other",
        );
        linter
            .findings
            .found
            .push(found.help("let every second of them start from something else, such as `init: kaiming_uniform`"));
    }
}
