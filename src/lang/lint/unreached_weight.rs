//! A weight that is trained and that no loss depends on.

use crate::diagnostic::{Code, count};

use super::gradient::Gradient;
use super::linter::Linter;
use super::weights::{diagnostic, groups};

pub(super) fn unreached_weight(linter: &mut Linter<'_>) {
    for group in groups(linter, Code::UnreachedWeight, Gradient::Unreached) {
        let objective = &linter.program.objectives[group.objective].name;
        let parameters = count(group.parameters, "parameter");
        let headline = format!("`{objective}` trains {parameters} that no loss depends on");
        let found =
            diagnostic(linter, Code::UnreachedWeight, &group, headline, format!("they are part of `{}`", group.part));
        let help = "they keep their first values: use the output of these layers, leave them out, or do not train them";
        linter.findings.found.push(found.help(help));
    }
}
