//! Warnings: what a spec says that can't be meant.
//!
//! In: a checked program. Out: warnings, one kind per file, without those that the spec gives a reason for. What is
//! warned of would run, and cost somebody a day or a month. A warning is only given where the program proves it: nothing
//! here guesses at sizes, data or checkpoints. Every pass is linear in the size of the graphs.

mod call_in_loop;
mod calls;
mod cut_gradient;
mod desk;
mod equal_terms;
mod fate;
mod flow;
mod freezes_nothing;
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
mod unused_name;
mod unused_param;
mod unused_part;
mod weights;
mod zero;

use crate::diagnostic::{Diagnostic, in_order};
use crate::program::Program;

use desk::Desk;

/// A kind of warning: what it looks at, and where it puts what it finds.
type Check = fn(&mut Desk<'_>);

/// All of them. The allows are looked at last, when it is known which of them were needed.
const CHECKS: [Check; 16] = [
    unreached_weight::unreached_weight,
    cut_gradient::cut_gradient,
    stuck_weight::stuck_weight,
    nothing_to_train::nothing_to_train,
    freezes_nothing::freezes_nothing,
    no_training::no_training,
    unused_part::unused_part,
    unused_name::unused_name,
    unused_param::unused_param,
    equal_terms::equal_terms,
    repeated_call::repeated_call,
    call_in_loop::call_in_loop,
    single_element_norm::single_element_norm,
    needless_random::needless_random,
    no_protocol::no_protocol,
    unneeded_allow::unneeded_allow,
];

/// What a program says that is probably not meant, in the order of the source.
#[must_use]
pub fn lint(program: &Program) -> Vec<Diagnostic> {
    let mut desk = Desk::new(program);
    for check in CHECKS {
        check(&mut desk);
    }
    in_order(desk.found)
}
