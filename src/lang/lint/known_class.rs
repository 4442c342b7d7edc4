//! A score that is told the class of an image.

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::SectionContent;
use crate::parse::section::Section;
use crate::resolve::spec::Spec;

use super::findings::Findings;

pub(super) fn known_class(spec: &Spec, findings: &mut Findings<'_>) {
    let score = spec.model.and_then(|model| spec.block(model).section(Section::Score));
    let params = score.iter().filter_map(|(_, def)| match &def.content {
        SectionContent::Function(function) => Some(&function.params),
        SectionContent::Settings(_) => None,
    });
    for param in params.flatten().filter(|param| &*param.name.node == "class") {
        let text = "`score` is told the class of each image";
        let diagnostic = Diagnostic::new(Code::KnownClass, text, param.name.span)
            .note("published multi-class figures are of models that are not told it, and `predict` does not know it")
            .help("say why it may be known, with `allow known-class \"..\"`, or leave it out");
        findings.report(diagnostic);
    }
}
