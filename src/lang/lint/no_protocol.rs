//! A `measure` that says what is measured and not by whose rules.

use crate::diagnostic::{Code, Diagnostic};
use crate::measure::ProtocolName;
use crate::parse::ast::MemberKind;
use crate::parse::section::Section;
use crate::resolve::spec::Spec;

use super::findings::Findings;

pub(super) fn no_protocol(spec: &Spec, findings: &mut Findings<'_>) {
    let members = spec.model.into_iter().flat_map(|model| spec.block(model).members.values());
    for (_, member) in members {
        let MemberKind::Section(def) = &member.kind else { continue };
        let settings = def.settings();
        let has_protocol = settings.iter().any(|setting| &*setting.name.node == "protocol");
        if def.section != Section::Measure || settings.is_empty() || has_protocol {
            continue;
        }
        let names = ProtocolName::ALL.map(ProtocolName::name);
        let text = "`measure` does not say by which protocol";
        let diagnostic = Diagnostic::new(Code::NoProtocol, text, def.place())
            .note("published numbers of one name differ by how masks are resized and images are scored")
            .help(format!("add one of `protocol = {}`", names.join("`, `protocol = ")));
        findings.report(diagnostic);
    }
}
