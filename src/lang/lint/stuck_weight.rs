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
            "the gradient of a layer is zero if its input is zero, or if everything that uses its output multiplies it by \
             zero; two layers in a row that start from zeros do this to each other",
        );
        linter
            .findings
            .found
            .push(found.help("give every second of them another start, such as `init: kaiming_uniform`"));
    }
}
