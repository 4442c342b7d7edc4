//! A name that nothing reads: of a value, or of something taken from another file.

use crate::diagnostic::{Code, Diagnostic};

use super::desk::Desk;

pub(super) fn unused_name(desk: &mut Desk<'_>) {
    let program = desk.program;
    for unread in &program.written.unread {
        let text = format!("nothing reads `{}`", unread.name);
        let help = if unread.is_import {
            "leave it out of the `use`"
        } else {
            "use the value, or leave it out; where one must stand, `_` says that it is not needed"
        };
        desk.report(Diagnostic::new(Code::UnusedName, text, unread.span).help(help));
    }
}
