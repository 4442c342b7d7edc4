//! Stages of a pipe, and expressions with a place for weights: `x |> layer @ "place"`.

use crate::parse::ast::{Expr, ExprKind, Name};

use super::call::{Applied, Called};
use crate::check::report::Outcome;
use crate::check::value::environment::{Environment, join};
use crate::check::value::{Given, Value, WeightPlace};
use crate::check::{Expander, error};

impl Expander<'_> {
    /// The value of an expression with a place for the weights within it.
    pub(crate) fn placed(
        &mut self,
        env: &mut Environment,
        layer: &Expr,
        place: WeightPlace,
        piped: Option<Given>,
    ) -> Outcome<Value> {
        let (value, rest) = match (&layer.kind, piped) {
            (ExprKind::Call(callee, arguments), piped) => {
                self.call_expr(env, Called { callee, arguments, piped, span: layer.span }, Some(place))?
            }
            (ExprKind::Name(_) | ExprKind::Field(..), Some(piped)) => {
                let callee = self.expr(env, layer)?;
                let callee = Applied { value: &callee, written: Some(layer) };
                self.apply(env, callee, vec![piped], Some(place), layer.span)?
            }
            (ExprKind::Name(_) | ExprKind::Field(..), None) => (self.expr(env, layer)?, Some(place)),
            (_, piped) => {
                let mut inner = env.clone();
                inner.prefix = join(&env.prefix, &place.path);
                inner.default_place = None;
                let value = self.expr(&mut inner, layer)?;
                return match piped {
                    None => Ok(value),
                    Some(piped) => {
                        let callee = Applied { value: &value, written: Some(layer) };
                        self.applied(&inner, callee, vec![piped], layer.span)
                    }
                };
            }
        };
        let Some(rest) = rest else { return Ok(value) };
        let callee = if let ExprKind::Call(callee, _) = &layer.kind { &callee.kind } else { &layer.kind };
        let what = if let ExprKind::Name(name) | ExprKind::Field(_, Name { node: name, .. }) = callee {
            format!("`{name}`")
        } else {
            value.kind(self.spec)
        };
        Err(self.report(error::needless_place(&what, rest.span, layer.span)))
    }

    /// The value of a stage of a pipe.
    pub(crate) fn stage(&mut self, env: &mut Environment, stage: &Expr, piped: Given) -> Outcome<Value> {
        if let ExprKind::Placed(layer, path, at) = &stage.kind {
            let place = WeightPlace { path: self.string(env, path), span: *at };
            return self.placed(env, layer, place, Some(piped));
        }
        if let ExprKind::Call(callee, arguments) = &stage.kind {
            let call = Called { callee, arguments, piped: Some(piped), span: stage.span };
            return self.call_expr(env, call, None).map(|(value, _)| value);
        }
        let callee = self.expr(env, stage)?;
        self.applied(env, Applied { value: &callee, written: Some(stage) }, vec![piped], stage.span)
    }
}
