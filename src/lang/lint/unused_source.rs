//! A source of images that no objective takes.

use diadc_core::graph::Task;
use diadc_core::op::Op;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::MemberKind;
use crate::parse::section::Section;
use crate::program::Program;
use crate::resolve::spec::Spec;

use super::findings::Findings;

pub(super) fn unused_source(spec: &Spec, program: &Program, findings: &mut Findings<'_>) {
    let is_taken = |name: &str| {
        let functions = program.objectives.iter().filter_map(|objective| program.function(&objective.name));
        let inputs = functions.flat_map(|function| function.graph.nodes().map(|(_, node)| &node.task));
        inputs.into_iter().any(|task| matches!(task, Task::Op(Op::Input { name: own, .. }) if own == name))
    };
    let members = spec.model.into_iter().flat_map(|model| spec.block(model).members.values());
    for (_, member) in members {
        let MemberKind::Section(def) = &member.kind else { continue };
        let name = def.names.iter().flatten().next();
        if let Some(name) = name.filter(|name| def.section == Section::Source && !is_taken(&name.node)) {
            let text = format!("no objective takes images of the source `{}`", name.node);
            let help = format!("as in `objective restoring(image, {}) trains net {{ .. }}`", name.node);
            findings.report(Diagnostic::new(Code::UnusedSource, text, name.span).help(help));
        }
    }
}
