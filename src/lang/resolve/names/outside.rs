//! Names that an inner body defines and that are used after its end.
//!
//! In: the names that bodies of a member have left behind. Out: that a name exists there and is not seen here, and how its
//! value comes out.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{Expr, ExprKind};

use super::Names;
use crate::resolve::spec::Meaning;

/// A name of a body that has ended.
pub(super) struct Left {
    pub(super) name: Arc<str>,
    pub(super) span: Span,
    /// What the body belongs to, and how a value comes out of it; none while that has not ended yet.
    pub(super) within: Option<(&'static str, &'static str)>,
}

impl Names<'_> {
    /// Notes that an expression has ended, to which the names belong that were left since there were so many of them.
    pub(super) fn ended(&mut self, since: usize, expr: &Expr) {
        let within = match &expr.kind {
            ExprKind::If(_) => ("`if`", "`let y = if condition { a } else { b }`"),
            ExprKind::For(_) => ("`for`", "`let ys = for x in xs { f(x) }`, which is a list"),
            ExprKind::Loop(_) => ("`loop`", "`let y = loop z = x over t in ts { f(z, t) }`"),
            ExprKind::Lambda(_) => ("function", "`let y = f(x)`"),
            _ => return,
        };
        for left in &mut self.left[since..] {
            left.within.get_or_insert(within);
        }
    }

    /// Whether a name is one of a body that has ended; reports it once.
    pub(super) fn is_outside(&mut self, name: &str, span: Span) -> bool {
        let ended = |left: &&Left| *left.name == *name && left.within.is_some();
        let Some(left) = self.left.iter().rev().find(ended) else { return false };
        let (defined, Some((within, written))) = (left.span, left.within) else { return false };
        let is_of_name =
            |told: &&mut Diagnostic| self.left.iter().any(|left| *left.name == *name && left.span == told.span());
        let told = self.diagnostics.iter_mut().find(is_of_name);
        let is_told = told.is_some();
        if let Some(told) = told {
            // It was given a value within the body without a definition.
            told.help = Some(format!("define it before the {within}, with `var {name} = ..`: it is used after it"));
            told.fixes.clear();
        }
        if is_told || self.is_told_with(defined) {
            self.reads.meanings.insert(span, Meaning::Reported);
            return true;
        }
        // That the value of the body is not used has the same cause.
        self.diagnostics.retain(|known| {
            let whole = known.span();
            known.code != Code::UnusedValue || !(whole.start <= defined.start && defined.end <= whole.end)
        });
        self.diagnostics.push(
            Diagnostic::new(Code::UnknownName, format!("`{name}` is not seen outside of its {within}"), span)
                .here("not known here")
                .also(defined, "defined here, for this body alone")
                .help(format!("make what is needed later the value of the {within}: {written}")),
        );
        true
    }

    /// Whether it is told that a body that has ended gives a name a value and nothing defines it.
    pub(super) fn is_told(&self, name: &str) -> bool {
        let left = self.left.iter().filter(|left| *left.name == *name);
        left.into_iter().any(|left| self.diagnostics.iter().any(|told| told.span() == left.span))
    }

    /// Whether a mistake is told whose other place is this one.
    pub(super) fn is_told_with(&self, defined: Span) -> bool {
        self.diagnostics.iter().any(|known| known.labels.iter().skip(1).any(|label| label.span == defined))
    }
}
