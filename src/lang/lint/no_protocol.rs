//! A `measure` that says what is measured and not by whose rules.

use crate::diagnostic::{Code, Diagnostic};

use crate::measure::ProtocolName;

use super::desk::Desk;

pub(super) fn no_protocol(desk: &mut Desk<'_>) {
    let Some(measure) = desk.program.written.measure.filter(|measure| !measure.has_protocol) else { return };
    let names = ProtocolName::ALL.map(ProtocolName::name);
    let text = "`measure` does not say by which protocol";
    let diagnostic = Diagnostic::new(Code::NoProtocol, text, measure.span)
        .note("published numbers of one name differ by how masks are resized and images are scored")
        .help(format!("add one of `protocol = {}`", names.join("`, `protocol = ")));
    desk.report(diagnostic);
}
