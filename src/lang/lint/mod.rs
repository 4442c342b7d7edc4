//! Warnings: what would run, but is probably not what the author meant.
//!
//! In: a spec and, if nothing is wrong with it, its program. Out: warnings, one kind per file, without those that the spec
//! allows. Every warning is proved: nothing here guesses at sizes, data or checkpoints. Every pass is linear in the size
//! of the graphs. What is said of gradients is read from the graphs that train, in which they are operations like all others.
//!
//! A spec with mistakes gets only warnings that do not follow from a mistake. If a shape or a value is wrong, there is no
//! program, but it is still certain which names and `param`s nothing reads. If the syntax or a name is wrong, there are
//! no warnings: the name that nothing reads may be the one that was misspelt.

mod call_in_loop;
mod calls;
mod commented_division;
mod content;
mod cut_gradient;
mod equal_terms;
mod findings;
mod first_values;
mod flow;
mod freezes_nothing;
mod gradient;
mod idle_schedule;
mod known_class;
mod linter;
mod motion;
mod needless_random;
mod no_protocol;
mod no_training;
mod nothing_to_train;
mod number;
mod repeated_call;
mod single_element_norm;
mod stuck_weight;
mod unneeded_allow;
mod unreached_weight;
mod unused_hold_out;
mod unused_name;
mod unused_param;
mod unused_part;
mod unused_source;
mod weights;

use crate::diagnostic::{Diagnostic, in_order};
use crate::program::Program;
use crate::resolve::spec::Spec;

use findings::Findings;
use linter::Linter;

pub use first_values::{FirstValues, first_values};

/// Looks for one kind of warning, and adds what it finds to the findings.
type Check = fn(&mut Linter<'_>);

/// All that need a program. `equal_terms` comes before `repeated_call`, which leaves out what the other has reported.
const CHECKS: [Check; 12] = [
    unreached_weight::unreached_weight,
    cut_gradient::cut_gradient,
    stuck_weight::stuck_weight,
    nothing_to_train::nothing_to_train,
    freezes_nothing::freezes_nothing,
    no_training::no_training,
    unused_part::unused_part,
    equal_terms::equal_terms,
    repeated_call::repeated_call,
    call_in_loop::call_in_loop,
    single_element_norm::single_element_norm,
    needless_random::needless_random,
];

/// What a spec says that is probably not meant, in the order of the source. There is no program if something is wrong.
#[must_use]
pub fn lint(spec: &Spec, program: Option<&Program>) -> Vec<Diagnostic> {
    if !spec.diagnostics.is_empty() {
        return Vec::new();
    }
    let mut findings = Findings::new(&spec.allows);
    commented_division::commented_division(spec, &mut findings);
    unused_name::unused_name(spec, &mut findings);
    unused_param::unused_param(spec, &mut findings);
    if let Some(program) = program {
        no_protocol::no_protocol(spec, &mut findings);
        unused_hold_out::unused_hold_out(spec, program, &mut findings);
        unused_source::unused_source(spec, program, &mut findings);
        known_class::known_class(spec, &mut findings);
        idle_schedule::idle_schedule(spec, program, &mut findings);
        let mut linter = Linter::new(program, findings);
        for check in CHECKS {
            check(&mut linter);
        }
        findings = linter.findings;
        // They are told by a run, which knows what files give; which of them are allowed is known here.
        first_values::find(program, &mut findings);
        // It is known now which of the reasons were needed.
        unneeded_allow::unneeded_allow(&mut findings);
    }
    in_order(findings.found)
}
