//! A schedule that a training is too short for: its warm-up never ends, or a step of it never comes.

use crate::diagnostic::{Code, Diagnostic};
use crate::program::{Length, Program};
use crate::resolve::spec::Spec;

use super::findings::Findings;

pub(super) fn idle_schedule(spec: &Spec, program: &Program, findings: &mut Findings<'_>) {
    for (def, phase) in spec.trainings_of_model().zip(program.phases()) {
        let Length::Steps(steps) = phase.length else { continue };
        let Some(text) = phase.schedule.idle(steps as u64) else { continue };
        let written = def.settings().iter().find(|setting| &*setting.name.node == "schedule");
        let span = written.map_or(def.place(), |setting| setting.value.span);
        let diagnostic = Diagnostic::new(Code::IdleSchedule, text, span);
        findings.report(diagnostic.help("a share of the training fits any length, as in `warmup: 0.1` or `at: [0.8]`"));
    }
}
