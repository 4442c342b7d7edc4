//! Training images that are held out, though nothing sees them.

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::section::Section;
use crate::program::Program;
use crate::resolve::spec::Spec;

use super::findings::Findings;

pub(super) fn unused_hold_out(spec: &Spec, program: &Program, findings: &mut Findings<'_>) {
    let is_held_out = program.data.is_some_and(|format| format.hold_out > 0.0);
    if !is_held_out || program.fits().any(|fit| fit.held_out) || program.phases().any(|phase| phase.best.is_some()) {
        return;
    }
    let data = spec.model.and_then(|model| spec.block(model).section(Section::Data));
    let settings = data.iter().flat_map(|(_, def)| def.settings());
    for setting in settings.filter(|setting| &*setting.name.node == "hold_out") {
        let text = "nothing sees the images that are held out";
        let diagnostic = Diagnostic::new(Code::UnusedHoldOut, text, setting.name.span)
            .note("no training and no other fit sees them either")
            .help(
                "let a fit see them, as in `fit threshold(image) from held_out { .. }`, or choose weights by them, as in \
                 `keep = best(of: ..)`, or leave this out",
            );
        findings.report(diagnostic);
    }
}
