//! A comment that reads like the second half of a division, as in `let h = n // 2`: the value is then all of `n`.

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::spec::Spec;

use super::findings::Findings;

pub(super) fn commented_division(spec: &Spec, findings: &mut Findings<'_>) {
    for &span in &spec.divisions {
        let diagnostic = Diagnostic::new(Code::CommentedDivision, "this is a comment, and nothing is divided", span)
            .help("a quotient that is rounded down is `div(a, b)`; if a comment is meant, put it into words");
        findings.report(diagnostic);
    }
}
