//! Values that are set from outside, and what is told of a name in one that nothing defines.
//!
//! In: what is set, and its value. Out: errors that say what it takes; names of functions, which are no values of it, are
//! not offered.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::Diagnostic;
use crate::parse::ast::{Expr, ExprKind, Member, MemberKind, ParamDef, TypeKind};
use crate::parse::section::{Known, Section};
use crate::resolve::error::unknown_name;
use crate::resolve::spec::{Binding, Block, ModuleId, Spec};
use crate::source::SourceMap;

use super::Names;

/// The errors in the names of a value that is set from outside. It sees the same names as its `param`; one of a training
/// sees those of the model.
pub(in crate::resolve) fn check_setting(
    spec: &Spec,
    model: &Block,
    param: &str,
    expr: &Expr,
    sources: &SourceMap,
) -> Vec<Diagnostic> {
    let (module, def) = match model.members.get(param) {
        Some((module, Member { kind: MemberKind::Param(def), .. })) => (*module, Some(def)),
        Some(_) | None => (ModuleId(0), None),
    };
    let mut names = Names::new(spec, module, Some(model));
    let training = param.split_once('.').filter(|_| matches!(expr.kind, ExprKind::Name(_)));
    let training = training.and_then(|(_, setting)| Section::Training.setting(setting));
    names.wanted = def.map(|def| Wanted::of(def, sources)).or_else(|| training.map(Wanted::of_training));
    names.expr(expr);
    names.diagnostics
}

/// What a `param`, or a setting of a training, takes.
pub(super) struct Wanted {
    /// Its type, or that of what it holds, if that is one word.
    ty: Option<Arc<str>>,
    /// Its type and range as they are written, and its default as an example.
    words: String,
}

impl Wanted {
    pub(super) fn of(def: &ParamDef, sources: &SourceMap) -> Wanted {
        let ty = def.ty.as_ref().map(|ty| match &ty.kind {
            TypeKind::Generic(_, inner) | TypeKind::Repeat(inner, _) => &inner.kind,
            kind => kind,
        });
        let ty = ty.and_then(|kind| if let TypeKind::Name(name) = kind { Some(name.clone()) } else { None });
        let name = &def.name.node;
        let takes = def.ty.as_ref().map(|ty| format!("is of type `{}`", sources.slice(ty.span)));
        let within = def.within.as_ref().map(|within| format!("in `{}`", sources.slice(within.span)));
        let takes: Vec<String> = takes.into_iter().chain(within).collect();
        let default = sources.slice(def.default.span);
        let words = if takes.is_empty() {
            format!("`{name}` takes a value of the kind of its default, which is `{default}`")
        } else {
            format!("`{name}` {}; its default is `{default}`", takes.join(", "))
        };
        Wanted { ty, words }
    }

    /// What a setting of a training takes.
    pub(super) fn of_training(setting: &Known) -> Wanted {
        Wanted { ty: None, words: format!("what `{}` says: {}", setting.name, setting.doc) }
    }

    /// The error that a name in the value is not known.
    pub(super) fn unknown(&self, spec: &Spec, module: ModuleId, name: &str, span: Span) -> Diagnostic {
        let unknown = unknown_name(name, span, []);
        let ty = self.ty.as_deref().unwrap_or_default();
        match (spec.module(module).scope.get(ty), ty) {
            (Some(Binding::Enum(id)), _) => {
                unknown.one_of(name, spec.enumeration(*id).cases.iter().map(|case| &*case.node))
            }
            (_, "string") => unknown.help(format!("a string stands in double quotes: `\"{name}\"`")),
            (_, "bool") => unknown.one_of(name, ["true", "false"]),
            _ => unknown.help(self.words.clone()),
        }
    }
}
