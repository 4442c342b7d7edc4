//! A `param` that changes nothing that a run does, so that setting it has no effect.
//!
//! A param of a base that a descendant no longer reads is reported only if it is set.

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::MemberKind;
use crate::resolve::effective_members;
use crate::resolve::spec::{ModuleId, Spec};

use super::findings::Findings;

pub(super) fn unused_param(spec: &Spec, findings: &mut Findings<'_>) {
    let Some(model) = spec.model.map(|model| spec.block(model)) else { return };
    let effective = effective_members(model, &spec.readers);
    for (name, (module, member)) in model.members.iter().filter(|(name, _)| !effective.contains(*name)) {
        let MemberKind::Param(def) = &member.kind else { continue };
        let set = spec.settings.iter().find(|(set, _)| set.node == *name).map(|(set, _)| set.span);
        if *module != ModuleId(0) && set.is_none() {
            continue;
        }
        let mut readers: Vec<String> = Vec::new();
        for reader in spec.readers.iter().filter(|reader| reader.reads == *name) {
            let reader = format!("`{}`", reader.member);
            if readers.last() != Some(&reader) {
                readers.push(reader);
            }
        }
        let why = match readers.as_slice() {
            [] => "nothing reads it".to_owned(),
            readers => format!("only {} reads it, on which no objective and no score depends", readers.join(" and ")),
        };
        let text = format!("`param {name}` changes nothing in `{}`", model.name.node);
        let diagnostic = Diagnostic::new(Code::UnusedParam, text, set.unwrap_or(def.name.span));
        let diagnostic = match set {
            Some(_) => diagnostic.here("set here, without effect").also(def.name.span, why),
            None => diagnostic.here(why),
        };
        findings.report(diagnostic.help("use it where it should have an effect, or leave it out"));
    }
}
