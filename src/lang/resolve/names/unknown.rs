//! Names that nothing defines where they are used: what was probably meant, and each such name told once.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{is_misspelt, nearest, nearest_of};
use crate::parse::ast::{Body, ExprKind, Name, Pattern, Statement};
use crate::parse::keyword::{Begins, Keyword};

use super::{Local, LocalKind, Names};
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::{EnumId, Meaning};
use crate::resolve::{error, import};

impl Names<'_> {
    /// Reports a name that nothing defines here; `asked` is the enumeration of which a case is asked for.
    pub(super) fn unknown(&mut self, name: &Arc<str>, span: Span, asked: Option<EnumId>) {
        // It may be the name of a member that could not be read.
        if self.block.is_some_and(|block| block.is_partial) {
            return;
        }
        if self.spec.module(self.module).lost_use {
            self.reads.meanings.insert(span, Meaning::Reported);
            return;
        }
        if let Some((_, defined)) = self.later.iter().rev().find(|(later, _)| later == name) {
            let defined = *defined;
            if self.is_told_with(defined) {
                self.reads.meanings.insert(span, Meaning::Reported);
            } else if span.start > defined.start {
                self.diagnostics.push(error::used_within(name, span, defined));
            } else {
                self.diagnostics.push(error::used_before(name, span, defined));
            }
            return;
        }
        if self.is_outside(name, span) {
            return;
        }
        let locals = self.locals.iter().map(|local| &*local.name);
        let members = self.block.into_iter().flat_map(|block| {
            block.params.iter().map(|param| &*param.name.node).chain(block.members.keys().map(|name| &**name))
        });
        let scope = self.spec.module(self.module).scope.keys().map(|name| &**name);
        let builtins = Builtin::ALL.iter().map(|builtin| builtin.word());
        let own: Vec<&str> = locals.chain(members).collect();
        let is_own = name.len() > 2 && own.iter().any(|own| is_misspelt(name, own));
        let known =
            nearest_of(name, [own, Keyword::beginning(Begins::Statement).collect(), scope.chain(builtins).collect()]);
        let cases: Vec<&str> =
            asked.iter().flat_map(|id| &self.spec.enumeration(*id).cases).map(|c| &*c.node).collect();
        if !cases.is_empty()
            && nearest_of(name, [cases.clone(), known.into_iter().collect()]) == nearest(name, cases.iter().copied())
        {
            self.diagnostics.push(error::unknown_name(name, span, []).one_of(name, cases));
            return;
        }
        let missing = import::missing(self.spec, self.module, name, span);
        let missing = missing.or_else(|| import::misspelt(name, span, known));
        self.diagnostics.push(match (&self.wanted, missing) {
            (Some(wanted), _) => wanted.unknown(self.spec, self.module, name, span),
            (None, Some(missing)) => missing,
            (None, None) if is_own => error::unknown_name(name, span, []).did_you_mean(known),
            (None, None) => error::unknown_word(name, span, known),
        });
    }

    /// A statement of a body that gives a name another value.
    pub(super) fn assigned(&mut self, name: &Name, body: &Body) {
        self.note(&name.node, name.span);
        match self.locals.iter().rev().find(|local| local.name == name.node) {
            Some(Local { kind: LocalKind::Var, .. }) => {}
            Some(Local { kind: LocalKind::OuterVar, span, .. }) => {
                self.diagnostics.push(error::outer_var(name, *span));
            }
            Some(Local { kind: LocalKind::Let, span, .. }) => {
                self.diagnostics.push(error::not_a_var(name, Some(*span)));
            }
            Some(Local { kind: LocalKind::Given, span, .. }) => {
                self.diagnostics.push(error::given(name, *span));
            }
            None if self.knows(&name.node) => self.diagnostics.push(error::not_a_var(name, None)),
            None if self.later.iter().any(|(later, _)| *later == name.node) => {
                self.unknown(&name.node, name.span, None);
            }
            None if self.is_told(&name.node) => self.local(name, LocalKind::Var),
            None => {
                let vars = self.locals.iter().filter(|local| local.kind == LocalKind::Var).map(|local| &*local.name);
                let misspelt = nearest(&name.node, vars);
                let word = if assignments(body, &name.node) > 1 { "var" } else { "let" };
                self.diagnostics.push(error::not_defined(name, misspelt, word));
                // Its further uses are no mistakes of their own.
                self.local(name, LocalKind::Var);
            }
        }
    }
}

/// The names that a statement defines for those after it, with their places.
pub(super) fn defined(statement: &Statement) -> impl Iterator<Item = (Arc<str>, Span)> {
    let mut names = Vec::new();
    match statement {
        Statement::Let(pattern, _) => collect(pattern, &mut names),
        Statement::Var(name, _) => names.push((name.node.clone(), name.span)),
        Statement::Assign(..) | Statement::Expr(_) => {}
    }
    names.into_iter()
}

fn collect(pattern: &Pattern, names: &mut Vec<(Arc<str>, Span)>) {
    match pattern {
        Pattern::Any => {}
        Pattern::Name(name) => names.push((name.node.clone(), name.span)),
        Pattern::Tuple(items, _) => items.iter().for_each(|item| collect(item, names)),
    }
}

/// How often a body gives a name another value, also in a `for` or an `if` that is a statement of it.
fn assignments(body: &Body, name: &str) -> usize {
    let count = |statement: &Statement| match statement {
        Statement::Assign(assigned, _) => usize::from(&*assigned.node == name),
        Statement::Expr(expr) => match &expr.kind {
            // What a `for` repeats happens more than once.
            ExprKind::For(each) => 2 * assignments(&each.body, name),
            ExprKind::If(choice) => {
                assignments(&choice.then, name)
                    + choice.otherwise.as_ref().map_or(0, |otherwise| assignments(otherwise, name))
            }
            _ => 0,
        },
        Statement::Let(..) | Statement::Var(..) => 0,
    };
    body.statements.iter().map(count).sum()
}
