//! A name that nothing reads: of a value, or of something taken from another file.

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::resolve::spec::Spec;

use super::findings::Findings;

pub(super) fn unused_name(spec: &Spec, findings: &mut Findings<'_>) {
    for unread in &spec.unread {
        let text = format!("nothing reads `{}`", unread.name.node);
        let help = if unread.is_import {
            "leave it out of the `use`"
        } else {
            "use the value, or leave it out; where one must stand, `_` says that it is not needed"
        };
        let diagnostic = Diagnostic::new(Code::UnusedName, text, unread.name.span).help(help);
        findings.report(unread.needless.map(Fix::leave_out).into_iter().fold(diagnostic, Diagnostic::fix));
    }
}
