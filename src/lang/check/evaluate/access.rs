//! Ranges, indices and fields.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::parse::ast::{Expr, ExprKind};

use super::argument::{as_int, is_list};
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::Binding;
use crate::resolve::{of_tensor, unknown_field};

use crate::check::report::{Outcome, Reported};
use crate::check::value::Value;
use crate::check::value::environment::Environment;
use crate::check::{Expander, error};

impl Expander<'_> {
    pub(crate) fn range(
        &mut self,
        env: &mut Environment,
        low: Option<&Expr>,
        high: Option<&Expr>,
        inclusive: bool,
        span: Span,
    ) -> Outcome<Value> {
        let (Some(low), Some(high)) = (low, high) else {
            let diagnostic = Diagnostic::new(Code::OpenRange, "a range needs both ends here", span);
            return Err(self.report(diagnostic.help("only inside an index, as in `xs[2..]`, may an end be left out")));
        };
        let dots = Span { source: span.source, start: low.span.end, end: high.span.start };
        let (low, high) = (self.expr(env, low), self.expr(env, high));
        let (low, high) = (low?, high?);
        if let (Value::Int(a), Value::Int(b)) = (&low, &high) {
            return Ok(Value::Range(*a, if inclusive { b.saturating_add(1) } else { *b }));
        }
        match (low.number(), high.number()) {
            (Some(a), Some(b)) if inclusive => Ok(Value::Between(a, b)),
            (Some(_), Some(_)) => {
                let diagnostic = Diagnostic::new(Code::OpenRange, "a range of floats includes its end", span);
                // Nothing but the dots stands between ends without spaces and brackets.
                let fix = (dots.end == dots.start + 2).then(|| Fix::write("..=", dots));
                Err(self.report(fix.into_iter().fold(diagnostic.help("write `..=`"), Diagnostic::fix)))
            }
            (first, _) => {
                let wrong = if first.is_none() { low } else { high };
                Err(self.refuse("the end of a range", "a number", &wrong, span))
            }
        }
    }

    pub(crate) fn index(&mut self, env: &mut Environment, owner: &Expr, index: &Expr, span: Span) -> Outcome<Value> {
        let value = self.expr(env, owner)?;
        let Some(items) = value.elements() else {
            let kind = value.kind(self.spec);
            let mut diagnostic = error::wrong_type("what has an index", "a list", &kind, owner.span);
            if matches!(value, Value::Tensor(_)) {
                diagnostic = diagnostic.help("parts of a tensor are taken with `slice(x, axis, from, to)`");
            }
            return Err(self.report(diagnostic));
        };
        let len = as_int(items.len());
        if let ExprKind::Range { low, high, inclusive } = &index.kind {
            let mut end = |end: Option<&Expr>, default: i64| match end {
                None => Ok(default),
                Some(expr) => self.int(env, expr, "the end of a slice"),
            };
            let (from, to) = (end(low.as_deref(), 0), end(high.as_deref(), len));
            let (from, to) = (from?, to?);
            let to = if *inclusive { to.saturating_add(1) } else { to };
            if from < 0 || to > len || from > to {
                let wrong = if from < 0 || from > len { from } else { to - 1 };
                return Err(self.report(error::out_of_range(wrong, items.len(), span)));
            }
            return Ok(Value::list(items[from as usize..to as usize].to_vec()));
        }
        let at = self.int(env, index, "an index")?;
        match usize::try_from(at).ok().and_then(|at| items.get(at)) {
            Some(item) => item.clone().sound(),
            None => Err(self.report(error::out_of_range(at, items.len(), index.span))),
        }
    }

    /// The value of an expression that must be an int.
    pub(crate) fn int(&mut self, env: &mut Environment, expr: &Expr, what: &str) -> Outcome<i64> {
        let value = self.expr(env, expr)?;
        value.int().ok_or_else(|| self.refuse(what, "an int", &value, expr.span))
    }

    pub(crate) fn field(&mut self, env: &Environment, owner: &Value, name: &Arc<str>, span: Span) -> Outcome<Value> {
        let diagnostic = if owner.is_poison() {
            return Err(Reported::before());
        } else if let Value::Record(entries) = owner {
            match entries.get(name) {
                Some(value) => return value.clone().sound(),
                None => unknown_field(name, "this record", entries.keys().map(|key| &**key), span),
            }
        } else if let Value::List(items) | Value::Tuple(items) = owner {
            let index = match &**name {
                "first" => Some(0),
                "last" => Some(items.len().saturating_sub(1)),
                position => position.parse().ok(),
            };
            match index.map(|index| items.get(index).ok_or(index)) {
                Some(Ok(item)) => return item.clone().sound(),
                Some(Err(index)) => error::out_of_range(as_int(index), items.len(), span),
                None => unknown_field(name, "a list", ["first", "last"], span),
            }
        } else if let Value::Instance(id) = owner {
            let Some(value) = self.member(*id, name, span, env) else {
                return Err(self.unknown_member(*id, name, span));
            };
            self.saw_field(*id, name, span);
            return value;
        } else if let Value::Tensor(_) = owner {
            let scope = &self.spec.module(env.module).scope;
            let is_function = Builtin::named(name).is_some() || matches!(scope.get(name), Some(Binding::Fn(..)));
            let help = if is_function && &**name != "shape" {
                let takes_list = |builtin: Builtin| builtin.parameters().iter().any(|param| is_list(param.name));
                let (with, rest) = match Builtin::named(name).filter(|builtin| takes_list(*builtin)) {
                    Some(_) => (", [..]", "([..])"),
                    None => ("", ""),
                };
                format!("functions are called with the tensor, as in `{name}(x{with})` or `x |> {name}{rest}`")
            } else {
                of_tensor(name).unwrap_or_else(|| "a tensor has no fields; its extents are `shape(x)`".to_owned())
            };
            unknown_field(name, "a tensor", [], span).help(help)
        } else {
            unknown_field(name, &owner.kind(self.spec), [], span)
        };
        Err(self.report(diagnostic))
    }
}
