//! Where a name that a file lacks is defined: in a file that it uses, or in the standard library.
//!
//! In: a name that nothing in its module defines. Out: a diagnostic that says what is to be used, with the edit that
//! does it if there is one place only.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Diagnostic, Fix, nearest};
use crate::parse::ast::UseFrom;

use super::error;
use super::location::{modules_with, std_items};
use super::spec::{Binding, Module, ModuleId, Spec};

/// The error that a name is not imported, if it could be.
pub(super) fn missing(spec: &Spec, here: ModuleId, name: &str, span: Span) -> Option<Diagnostic> {
    let module = spec.module(here);
    let unknown = error::unknown_name(name, span, []);
    let used = module.uses.iter().find(|(_, target)| target.is_some_and(|id| defines(spec, spec.module(id), name)));
    if let Some((item, _)) = used {
        let from = written(&item.from.node);
        let help = format!("`{name}` is in `{from}`, which this file uses: add it to that `use`");
        let fix = item.names.last().map(|(there, as_here)| {
            let end = there.span.end.max(as_here.span.end);
            added(format!("Add `{name}` to the `use` of `{from}`"), format!(", {name}"), span, end)
        });
        return Some(fix.into_iter().fold(unknown.help(help), Diagnostic::fix));
    }
    let found = modules_with(name);
    let [only] = found.as_slice() else {
        let list: Vec<String> = found.iter().map(|found| format!("`std::{found}`")).collect();
        let help = format!("`{name}` is in {}: add a line such as `use std::M::{{{name}}}`", list.join(" and in "));
        return (!found.is_empty()).then(|| unknown.help(help));
    };
    let from = UseFrom::Std(Arc::from(only.as_str()));
    let used = module.uses.iter().find(|(item, _)| item.from.node == from);
    let line = format!("use std::{only}::{{{name}}}");
    let help = format!("`{name}` is in `std::{only}`: add `{line}`");
    let fix = used.is_none().then(|| added(format!("Add `{line}`"), format!("{line}\n"), span, module.top));
    Some(fix.into_iter().fold(unknown.help(help), Diagnostic::fix))
}

/// The error that a name is nearly one of the standard library, if that is nearer than what is known here.
pub(super) fn misspelt(name: &str, span: Span, known: Option<&str>) -> Option<Diagnostic> {
    let items = std_items();
    let names = items.iter().map(|(item, _)| item.as_str());
    let meant = nearest(name, names).filter(|_| name.len() > 3)?;
    let distance = |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    if distance(meant) > 1 || known.is_some_and(|known| distance(known) <= distance(meant)) {
        return None;
    }
    let (_, module) = items.iter().find(|(item, _)| item == meant)?;
    let help = format!("did you mean `{meant}`? It is brought by `use std::{module}::{{{meant}}}`");
    Some(error::unknown_name(name, span, []).help(help))
}

/// An edit that adds text at a byte of the file in which a mistake stands.
fn added(title: String, new: String, mistake: Span, at: u32) -> Fix {
    Fix { title, span: Span { source: mistake.source, start: at, end: at }, new }
}

/// Whether a module defines a name itself, so that others can import it.
fn defines(spec: &Spec, module: &Module, name: &str) -> bool {
    let place = module.scope.get(name).and_then(|binding| match binding {
        Binding::Fn(_, def) => Some(def.name.span),
        Binding::Let(_, def) => Some(def.name.span),
        Binding::Block(id) => Some(spec.block(*id).name.span),
        Binding::Enum(id) => Some(spec.enumeration(*id).name.span),
        Binding::Case(..) | Binding::Ambiguous(_) | Binding::Broken => None,
    });
    place.is_some_and(|place| place.source == module.source)
}

/// A file or module as a `use` names it.
fn written(from: &UseFrom) -> String {
    match from {
        UseFrom::Std(module) => format!("std::{module}"),
        UseFrom::File(path) => path.clone(),
    }
}
