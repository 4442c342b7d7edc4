//! Random numbers in `score` that change nothing: nothing uses them, or they are multiplied by zero.

use diadc_core::op::Op;

use crate::diagnostic::Code;

use super::linter::Linter;
use super::motion::nonzero_cells;

pub(super) fn needless_random(linter: &mut Linter<'_>) {
    let Some(number) = linter.flows.iter().position(|flow| flow.name == "score") else { return };
    let flow = &linter.flows[number];
    if !(0..flow.cells.len()).any(|cell| matches!(flow.op(cell), Some(Op::Random(_)))) {
        return;
    }
    let nonzero = nonzero_cells(flow);
    let needed = flow.needed(&flow.outputs, &|_, _| true);
    let counts = flow.needed(&flow.outputs, &|cell, _| nonzero[cell]);
    let mut found = Vec::new();
    for cell in (0..flow.cells.len()).filter(|cell| matches!(flow.op(*cell), Some(Op::Random(_))) && !counts[*cell]) {
        let here = if needed[cell] { "only used where they are multiplied by zero" } else { "nothing depends on them" };
        let headline = "the score does not depend on these random numbers";
        let diagnostic = linter.about(Code::NeedlessRandom, headline, number, cell).here(here);
        found.push(diagnostic.help("leave them out: a score without random numbers is easier to compare"));
    }
    found.into_iter().for_each(|diagnostic| linter.findings.report(diagnostic));
}
