//! A weight that is trained, and whose gradient is zero at every step: zeros that feed zeros never move.

use crate::diagnostic::{Code, count};

use super::desk::Desk;
use super::fate::Fate;
use super::weights::{diagnostic, groups};

pub(super) fn stuck_weight(desk: &mut Desk<'_>) {
    for group in groups(desk, Code::StuckWeight, Fate::Stuck) {
        let objective = &desk.program.objectives[group.objective].name;
        let parameters = count(group.parameters, "parameter");
        let headline =
            format!("`{objective}` trains {parameters} that never move: their gradient is zero at every step");
        let found = diagnostic(desk, Code::StuckWeight, &group, headline, format!("they are part of `{}`", group.part));
        let found = found.note(
            "the gradient of a layer is zero if what goes in is zero, or if all that takes up what comes out multiplies \
             it by zero; layers that start from zeros do both to each other",
        );
        desk.found
            .push(found.help("let every second of them start from something else, such as `init: kaiming_uniform`"));
    }
}
