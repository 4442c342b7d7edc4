//! Names and statements that read as those of another language: which of them are told, and what is no mistake of its own.

use diadc_core::span::Span;

use crate::diagnostic::Diagnostic;
use crate::parse::ast::{Body, Expr, ExprKind, Statement};
use crate::parse::foreign::{COMMENT, foreign_word};

use super::Names;
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::{Binding, Meaning};
use crate::resolve::{error, foreign};

impl Names<'_> {
    /// An expression beside something that may not be known; then a name that nothing defines is no mistake of its own.
    pub(super) fn expr_of(&mut self, expr: &Expr, is_known: bool) {
        if let ExprKind::Name(name) = &expr.kind
            && !is_known
            && !self.knows(name)
            && foreign::in_other_words(name).is_none()
        {
            self.reads.meanings.insert(expr.span, Meaning::Reported);
        } else {
            self.expr(expr);
        }
    }

    /// Whether an expression is a library of another language, or a module of one.
    pub(super) fn is_of_library(&self, owner: &Expr) -> bool {
        root(owner).0.is_some_and(|name| foreign::is_library(name) && !self.knows(name))
    }

    /// Whether a name is that of an operation or function that no part of the model hides.
    pub(super) fn is_function(&self, name: &str) -> bool {
        let scope = &self.spec.module(self.module).scope;
        let is_one = matches!(scope.get(name), Some(Binding::Fn(..))) || Builtin::named(name).is_some();
        is_one && !self.is_nearer(name)
    }

    /// That the value of a statement, which is not the last, is not used; nothing if one before it was told of both.
    pub(super) fn unused(&self, body: &Body, at: usize, value: &Expr) -> Option<Diagnostic> {
        let unused = error::unused_value(value.span);
        if is_times(body, at) {
            return Some(unused.help("`x` is a name: a product is written `a * b`, and two extents `[a, b]`"));
        }
        if at.checked_sub(1).is_some_and(|before| is_times(body, before)) {
            return None;
        }
        let next = body.statements.get(at + 1).map(last_value);
        if next.is_some_and(|next| matches!(next.kind, ExprKind::List(_)) && value.span.end == next.span.start) {
            return Some(
                unused.help("an element is taken by one index, as in `xs[0]`; of a tensor, `slice(x, axis, from, to)`"),
            );
        }
        Some(match &value.kind {
            ExprKind::String(_) => {
                if at > 0 && is_beside(&body.statements[at - 1], value) {
                    return None;
                }
                let beside = body.statements[at..].windows(2).take_while(|two| is_beside(&two[0], last_value(&two[1])));
                let last = beside.last().map_or(value, |two| last_value(&two[1]));
                error::unused_value(value.span.to(last.span)).help(COMMENT)
            }
            ExprKind::Name(name) if self.is_function(name) => {
                unused.help(format!("a function is called with brackets, as in `{name}(x)` or `x |> {name}`"))
            }
            _ => unused,
        })
    }
}

/// Whether a string begins where another one ends, as in `"""text"""`.
fn is_beside(before: &Statement, string: &Expr) -> bool {
    let before = last_value(before);
    let are_strings = [before, string].iter().all(|expr| matches!(expr.kind, ExprKind::String(_)));
    are_strings && before.span.end == string.span.start
}

/// The name that an expression of names and dots begins with, and its place.
pub(super) fn root(expr: &Expr) -> (Option<&str>, Span) {
    match &expr.kind {
        ExprKind::Name(name) => (Some(name), expr.span),
        ExprKind::Field(owner, _) => root(owner),
        _ => (None, expr.span),
    }
}

/// The `f` of `f".."`, where it stands at the end of a statement and the string is the next one.
pub(super) fn prefix(before: &Statement, string: &Expr) -> Option<Span> {
    let value = last_value(before);
    let ExprKind::Name(name) = &value.kind else { return None };
    let is_one = matches!(string.kind, ExprKind::String(_)) && value.span.end == string.span.start;
    (is_one && matches!(&**name, "f" | "r" | "b" | "u" | "rf" | "fr")).then_some(value.span)
}

/// Whether a value is a word that begins a statement in another language, or such a word with brackets behind it.
pub(super) fn begins_foreign(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => foreign_word(name).is_some(),
        ExprKind::Call(callee, _) => begins_foreign(callee),
        _ => false,
    }
}

/// Whether a statement is the `x` of `2 x 3`, which stands on its line between two numbers.
fn is_times(body: &Body, at: usize) -> bool {
    let number = |at: usize| {
        let value = last_value(body.statements.get(at)?);
        matches!(value.kind, ExprKind::Int(_) | ExprKind::Float(_)).then_some(value.span)
    };
    let Some(Statement::Expr(Expr { kind: ExprKind::Name(name), span })) = body.statements.get(at) else {
        return false;
    };
    let around = (at.checked_sub(1).and_then(number), number(at + 1));
    let (Some(before), Some(after)) = around else { return false };
    matches!(&**name, "x" | "X") && before.end + 1 == span.start && span.end + 1 == after.start
}

/// The value with which a statement ends.
pub(super) fn last_value(statement: &Statement) -> &Expr {
    let (Statement::Let(_, value) | Statement::Var(_, value) | Statement::Assign(_, value) | Statement::Expr(value)) =
        statement;
    value
}
