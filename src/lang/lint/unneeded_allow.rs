//! An `allow` that silences nothing, because the mistake is gone or was never there.
//!
//! Only those in the model's own file count: a warning that a library allows may occur in one model and not in another. An
//! `allow` that only some settings need can itself be allowed, with `allow unneeded-allow`, which is never reported.

use crate::diagnostic::{Code, Diagnostic, Fix};

use super::findings::Findings;

pub(super) fn unneeded_allow(findings: &mut Findings<'_>) {
    for allow in findings.unneeded() {
        if !allow.is_own || allow.warning == Code::UnneededAllow {
            continue;
        }
        let text = format!("there is no `{}` here to allow", allow.warning);
        let help = "leave it out; if it is needed with other settings, say so in \
                    `allow unneeded-allow \"..\"` beside it";
        // An `allow unneeded-allow` for it stands before the same item.
        if !findings.is_allowed(Code::UnneededAllow, &[allow.span, allow.covers]) {
            let diagnostic = Diagnostic::new(Code::UnneededAllow, text, allow.span).help(help);
            findings.found.push(diagnostic.fix(Fix::leave_out(allow.whole)));
        }
    }
}
