//! A weight that is trained and that no loss depends on.

use crate::diagnostic::{Code, count};

use super::desk::Desk;
use super::fate::Fate;
use super::weights::{diagnostic, groups};

pub(super) fn unreached_weight(desk: &mut Desk<'_>) {
    for group in groups(desk, Code::UnreachedWeight, Fate::Unreached) {
        let objective = &desk.program.objectives[group.objective].name;
        let parameters = count(group.parameters, "parameter");
        let headline = format!("`{objective}` trains {parameters} that no loss depends on");
        let found =
            diagnostic(desk, Code::UnreachedWeight, &group, headline, format!("they are part of `{}`", group.part));
        let help = "they keep their first values: use what these layers make, leave them out, or do not train them";
        desk.found.push(found.help(help));
    }
}
