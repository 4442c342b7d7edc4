//! A `param` that changes nothing that a run does, so that setting it has no effect.
//!
//! Params of a base that its descendant no longer reads are only told of when somebody sets them.

use crate::diagnostic::{Code, Diagnostic};

use super::desk::Desk;

pub(super) fn unused_param(desk: &mut Desk<'_>) {
    let program = desk.program;
    for param in program.written.params.iter().filter(|param| !param.is_effective) {
        if !param.is_own && param.set.is_none() {
            continue;
        }
        let text = format!("`param {}` changes nothing in `{}`", param.name, program.name);
        let mut diagnostic = Diagnostic::new(Code::UnusedParam, text, param.set.unwrap_or(param.span));
        let readers: Vec<String> = param.readers.iter().map(|reader| format!("`{reader}`")).collect();
        let why = match readers.as_slice() {
            [] => "nothing reads it".to_owned(),
            readers => format!("only {} reads it, on which no objective and no score depends", readers.join(" and ")),
        };
        diagnostic = if param.set.is_some() {
            diagnostic.here("set here, without effect").also(param.span, why)
        } else {
            diagnostic.here(why)
        };
        desk.report(diagnostic.help("use it where it was meant to count, or leave it out"));
    }
}
