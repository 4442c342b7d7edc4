//! Evaluates operators on compile-time values and tensors.

use std::rc::Rc;

use diadc_core::fact::{DType, Dim};
use diadc_core::op::{Binary, Comparison, Op, Unary};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{BinaryOp, Expr, ExprKind, StringPart, UnaryOp};
use crate::resolve::builtin::Builtin;

use super::site::CallSite;
use crate::check::report::{Outcome, Reported};
use crate::check::value::environment::Environment;
use crate::check::value::{LONGEST, Tensor, Value};
use crate::check::{Expander, error};

/// Limit of the size of a product of two extents: symbols of the one times symbols of the other. No real shape comes near.
const FACTORS: usize = 10_000;

/// Operators of arithmetic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
}

impl Expander<'_> {
    pub(crate) fn unary_expr(
        &mut self,
        env: &mut Environment,
        op: UnaryOp,
        operand: &Expr,
        span: Span,
    ) -> Outcome<Value> {
        Ok(match (op, self.expr(env, operand)?) {
            (UnaryOp::Neg, Value::Int(n)) => match n.checked_neg() {
                Some(negative) => Value::Int(negative),
                None => return Err(self.report(error::overflow(&format!("-({n})"), span))),
            },
            (UnaryOp::Neg, Value::Float(x)) => Value::Float(-x),
            (UnaryOp::Neg, Value::Tensor(x)) => {
                let site = CallSite { callee: "-", span, env, place: None, operands: &[] };
                Value::Tensor(self.emit(&site, Op::Unary(Unary::Neg), &[x])?)
            }
            (UnaryOp::Not, Value::Bool(b)) => Value::Bool(!b),
            (op, other) => {
                let kind = other.kind(self.spec);
                let (what, wanted) = match op {
                    UnaryOp::Neg => ("what `-` stands before", "a number or a tensor"),
                    UnaryOp::Not => ("what `not` stands before", "a bool"),
                };
                return Err(self.report(error::wrong_type(what, wanted, &kind, span)));
            }
        })
    }

    pub(crate) fn binary_expr(
        &mut self,
        env: &mut Environment,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Outcome<Value> {
        let a = self.expr(env, left);
        if let (BinaryOp::And, Ok(Value::Bool(false))) | (BinaryOp::Or, Ok(Value::Bool(true))) = (op, &a) {
            return a;
        }
        let b = self.expr(env, right);
        let (a, b) = (a?, b?);
        if let Some(diagnostic) = self.quoted_case(op, (left, &a), (right, &b)) {
            return Err(self.report(diagnostic));
        }
        let both = [tail(left), tail(right)];
        let are_tensors = [&a, &b].iter().all(|value| matches!(value, Value::Tensor(_)));
        let operands: &[Span] = if are_tensors { &both } else { &[] };
        let known = self.reports.all.len();
        let result =
            self.binary_operator(&CallSite { callee: op.symbol(), span, env, place: None, operands }, op, a, b);
        if let (Err(_), Some(told), Some(word)) =
            (&result, self.reports.all.get_mut(known), without_axes(left).or_else(|| without_axes(right)))
            && told.code == Code::ShapeMismatch
        {
            told.help =
                Some(format!("`{word}` takes its axes away; with `keep: true` they stay, each with the extent 1"));
        }
        result
    }

    pub(crate) fn binary_operator(&mut self, site: &CallSite<'_>, op: BinaryOp, a: Value, b: Value) -> Outcome<Value> {
        // `a > b` is `b < a`.
        let reversed: Vec<Span> = site.operands.iter().rev().copied().collect();
        let swapped = CallSite { operands: &reversed, ..*site };
        let result = match op {
            BinaryOp::And | BinaryOp::Or => {
                if let (Value::Bool(_), Value::Bool(b)) = (&a, &b) {
                    Some(Value::Bool(*b))
                } else {
                    None
                }
            }
            BinaryOp::Equal | BinaryOp::NotEqual if !both_tensors(&a, &b) => {
                a.equals(&b).map(|equal| Value::Bool(equal == (op == BinaryOp::Equal)))
            }
            BinaryOp::In | BinaryOp::NotIn => within(&a, &b).map(|within| Value::Bool(within == (op == BinaryOp::In))),
            BinaryOp::Add => return self.arithmetic(site, Arithmetic::Add, &a, &b),
            BinaryOp::Sub => return self.arithmetic(site, Arithmetic::Sub, &a, &b),
            BinaryOp::Mul => return self.arithmetic(site, Arithmetic::Mul, &a, &b),
            BinaryOp::Div => return self.arithmetic(site, Arithmetic::Div, &a, &b),
            BinaryOp::Rem => return self.arithmetic(site, Arithmetic::Rem, &a, &b),
            BinaryOp::Pow => return self.arithmetic(site, Arithmetic::Pow, &a, &b),
            BinaryOp::Less => self.comparison(site, Comparison::Less, &a, &b)?,
            BinaryOp::LessEqual => self.comparison(site, Comparison::LessEqual, &a, &b)?,
            BinaryOp::Greater => self.comparison(&swapped, Comparison::Less, &b, &a)?,
            BinaryOp::GreaterEqual => self.comparison(&swapped, Comparison::LessEqual, &b, &a)?,
            BinaryOp::Equal => self.comparison(site, Comparison::Equal, &a, &b)?,
            BinaryOp::NotEqual => None,
        };
        result.ok_or_else(|| self.no_such(site, &a, &b))
    }

    /// What is wrong if a case of an enumeration is compared with a string.
    fn quoted_case(&self, op: BinaryOp, a: (&Expr, &Value), b: (&Expr, &Value)) -> Option<Diagnostic> {
        let mut pairs: Vec<(&Value, &Expr)> = Vec::new();
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            pairs.extend([(a.1, b.0), (b.1, a.0)]);
        } else if matches!(op, BinaryOp::In | BinaryOp::NotIn)
            && let ExprKind::List(items) | ExprKind::Set(items) = &b.0.kind
        {
            pairs.extend(items.iter().map(|item| (a.1, item)));
        }
        pairs.into_iter().find_map(|(value, written)| {
            let (Value::Case(id, _), ExprKind::String(parts)) = (value, &written.kind) else { return None };
            let [StringPart::Text(text)] = parts.as_slice() else { return None };
            let cases = self.spec.enumeration(*id).cases.iter().map(|case| &*case.node);
            let kind = value.kind(self.spec);
            Some(error::quoted_case(op.symbol(), &kind, text, cases.collect(), written.span))
        })
    }

    /// Reports that an operator is not defined for two values.
    fn no_such(&mut self, site: &CallSite<'_>, a: &Value, b: &Value) -> Reported {
        let (left, right) = (a.kind(self.spec), b.kind(self.spec));
        let mut diagnostic = error::operands(site.callee, &left, &right, site.span);
        if let Value::Dim(dim) = if matches!(a, Value::Dim(_)) { a } else { b } {
            diagnostic = diagnostic.note(format!("`{dim}` is not known before the graph runs"));
        }
        self.report(diagnostic)
    }

    fn arithmetic(&mut self, site: &CallSite<'_>, op: Arithmetic, a: &Value, b: &Value) -> Outcome<Value> {
        Ok(match (op, a, b) {
            (_, Value::Tensor(x), Value::Tensor(y)) => Value::Tensor(self.tensors(site, op, x, y)?),
            (_, Value::Tensor(x), Value::Int(_) | Value::Float(_)) => {
                Value::Tensor(self.tensor_number(site, op, x, b)?)
            }
            (_, Value::Int(_) | Value::Float(_), Value::Tensor(y)) => {
                Value::Tensor(self.number_tensor(site, op, a, y)?)
            }
            (_, Value::Tensor(_), Value::Dim(y)) => {
                let y = Value::Tensor(self.extent_as_tensor(site, y)?);
                self.arithmetic(site, op, a, &y)?
            }
            (_, Value::Dim(x), Value::Tensor(_)) => {
                let x = Value::Tensor(self.extent_as_tensor(site, x)?);
                self.arithmetic(site, op, &x, b)?
            }
            (_, Value::Int(x), Value::Int(y)) => self.ints(site, op, *x, *y)?,
            (Arithmetic::Add, Value::Str(x), Value::Str(y)) if x.len() + y.len() > LONGEST as usize => {
                return Err(self.report(error::text_too_long(site.span)));
            }
            (Arithmetic::Add, Value::Str(x), Value::Str(y)) => Value::Str(format!("{x}{y}").into()),
            (Arithmetic::Add, Value::List(x), Value::List(y)) => {
                self.bounded(Value::list(x.iter().chain(y.iter()).cloned().collect()), site.span)?
            }
            (Arithmetic::Add, Value::Set(x), Value::Set(y)) => {
                let new = y.iter().filter(|value| !has(x, value));
                Value::Set(Rc::new(x.iter().chain(new).cloned().collect()))
            }
            (Arithmetic::Sub, Value::Set(x), Value::Set(y)) => {
                let rest = x.iter().filter(|value| !has(y, value));
                Value::Set(Rc::new(rest.cloned().collect()))
            }
            _ => match (a.number(), b.number(), a.dim(), b.dim()) {
                (Some(x), Some(y), ..) => self.floats(site, op, x, y)?,
                (.., Some(x), Some(y)) => match self.dims(site, op, &x, &y)? {
                    Some(dim) => Value::of_dim(&dim),
                    None => return Err(self.no_such(site, a, b)),
                },
                _ => return Err(self.no_such(site, a, b)),
            },
        })
    }

    fn floats(&mut self, site: &CallSite<'_>, op: Arithmetic, x: f64, y: f64) -> Outcome<Value> {
        let result = match op {
            Arithmetic::Add => x + y,
            Arithmetic::Sub => x - y,
            Arithmetic::Mul => x * y,
            Arithmetic::Div | Arithmetic::Rem if y == 0.0 => {
                return Err(self.report(error::division_by_zero(&format!("{x:?}"), site.span)));
            }
            Arithmetic::Div => x / y,
            Arithmetic::Rem => (Binary::Rem.record().value)(x, y),
            Arithmetic::Pow => x.powf(y),
        };
        if result.is_finite() {
            return Ok(Value::Float(result));
        }
        let text = format!("{x:?} {} {y:?} is not a finite number", site.callee);
        Err(self.report(Diagnostic::new(Code::NotFinite, text, site.span)))
    }

    fn ints(&mut self, site: &CallSite<'_>, op: Arithmetic, x: i64, y: i64) -> Outcome<Value> {
        let result = match op {
            Arithmetic::Add => x.checked_add(y),
            Arithmetic::Sub => x.checked_sub(y),
            Arithmetic::Mul => x.checked_mul(y),
            Arithmetic::Div | Arithmetic::Rem if y == 0 => {
                return Err(self.report(error::division_by_zero(&x.to_string(), site.span)));
            }
            Arithmetic::Div if x.checked_rem(y).is_some_and(|rest| rest != 0) => {
                return Err(self.report(error::not_exact(&x.to_string(), &y.to_string(), site.span)));
            }
            Arithmetic::Div => x.checked_div(y),
            Arithmetic::Rem => Binary::Rem.record().integer.and_then(|rest| rest(x, y)),
            Arithmetic::Pow => match u32::try_from(y) {
                Ok(exponent) => x.checked_pow(exponent),
                Err(_) if y < 0 => return self.floats(site, op, x as f64, y as f64),
                Err(_) => match x {
                    0 | 1 => Some(x),
                    -1 => Some(if y % 2 == 0 { 1 } else { -1 }),
                    _ => None,
                },
            },
        };
        result
            .map(Value::Int)
            .ok_or_else(|| self.report(error::overflow(&format!("{x} {} {y}", site.callee), site.span)))
    }

    /// The result of an operator on two extents; `None` if the operator is not defined for extents.
    fn dims(&mut self, site: &CallSite<'_>, op: Arithmetic, x: &Dim, y: &Dim) -> Outcome<Option<Dim>> {
        Ok(match op {
            Arithmetic::Add => Some(x.plus(y)),
            Arithmetic::Sub => Some(x.minus(y)),
            Arithmetic::Mul if x.factors().saturating_mul(y.factors()) > FACTORS => {
                return Err(self.report(error::formula_too_long(site.span)));
            }
            Arithmetic::Mul => Some(x.times(y)),
            Arithmetic::Div => match x.divided_exactly(y) {
                Some(quotient) => Some(quotient),
                None if x.known().is_some() && y.known().is_some() => {
                    return Err(self.report(error::not_exact(&x.to_string(), &y.to_string(), site.span)));
                }
                None => return Err(self.report(error::not_surely_exact(x, y, site.span))),
            },
            Arithmetic::Rem | Arithmetic::Pow => None,
        })
    }

    fn tensors(&mut self, site: &CallSite<'_>, op: Arithmetic, x: &Tensor, y: &Tensor) -> Outcome<Tensor> {
        let binary = match op {
            Arithmetic::Add => Binary::Add,
            Arithmetic::Sub => Binary::Sub,
            Arithmetic::Mul => Binary::Mul,
            Arithmetic::Div => Binary::Div,
            Arithmetic::Rem => Binary::Rem,
            Arithmetic::Pow => Binary::Pow,
        };
        self.emit(site, Op::Binary(binary), &[x.clone(), y.clone()])
    }

    fn tensor_number(&mut self, site: &CallSite<'_>, op: Arithmetic, x: &Tensor, y: &Value) -> Outcome<Tensor> {
        let c = y.number().expect("the caller has seen a number");
        if x.fact.dtype == DType::Int && (matches!(y, Value::Float(_)) || op == Arithmetic::Div) {
            return Err(self.no_such(site, &Value::Tensor(x.clone()), y));
        }
        if matches!(op, Arithmetic::Div | Arithmetic::Rem) && c == 0.0 {
            return Err(self.report(error::division_by_zero("a tensor", site.span)));
        }
        if op == Arithmetic::Div {
            self.floats(site, op, 1.0, c)?;
        }
        let unary = match op {
            Arithmetic::Add => Unary::AddScalar(c),
            Arithmetic::Sub => Unary::AddScalar(-c),
            Arithmetic::Mul => Unary::MulScalar(c),
            Arithmetic::Div => Unary::MulScalar(1.0 / c),
            Arithmetic::Pow if c == 2.0 => return self.emit(site, Op::Binary(Binary::Mul), &[x.clone(), x.clone()]),
            Arithmetic::Pow => Unary::PowScalar(c),
            Arithmetic::Rem => return self.beside_number(site, op, x, y, false),
        };
        self.emit(site, Op::Unary(unary), std::slice::from_ref(x))
    }

    fn number_tensor(&mut self, site: &CallSite<'_>, op: Arithmetic, x: &Value, y: &Tensor) -> Outcome<Tensor> {
        let c = x.number().expect("the caller has seen a number");
        let is_mixed = y.fact.dtype == DType::Int && matches!(x, Value::Float(_));
        match op {
            Arithmetic::Add | Arithmetic::Mul => self.tensor_number(site, op, y, x),
            Arithmetic::Sub if !is_mixed => {
                let negated = self.emit(site, Op::Unary(Unary::Neg), std::slice::from_ref(y))?;
                self.tensor_number(site, Arithmetic::Add, &negated, x)
            }
            Arithmetic::Div if y.fact.dtype == DType::Float => {
                let inverse = self.emit(site, Op::Unary(Unary::PowScalar(-1.0)), std::slice::from_ref(y))?;
                if c == 1.0 { Ok(inverse) } else { self.emit(site, Op::Unary(Unary::MulScalar(c)), &[inverse]) }
            }
            Arithmetic::Rem if !is_mixed => self.beside_number(site, op, y, x, true),
            Arithmetic::Pow if y.fact.dtype == DType::Float => self.beside_number(site, op, y, x, true),
            Arithmetic::Sub | Arithmetic::Div | Arithmetic::Rem | Arithmetic::Pow => {
                Err(self.no_such(site, x, &Value::Tensor(y.clone())))
            }
        }
    }

    /// The result of an operator whose number becomes a tensor, the first operand if `is_first`.
    fn beside_number(
        &mut self,
        site: &CallSite<'_>,
        op: Arithmetic,
        x: &Tensor,
        number: &Value,
        is_first: bool,
    ) -> Outcome<Tensor> {
        let Some(number) = self.scalar(site, number, x.fact.dtype)? else {
            return Err(self.no_such(site, &Value::Tensor(x.clone()), number));
        };
        if is_first { self.tensors(site, op, &number, x) } else { self.tensors(site, op, x, &number) }
    }

    /// The result of a comparison; `None` if it is not defined for the values.
    fn comparison(
        &mut self,
        site: &CallSite<'_>,
        comparison: Comparison,
        a: &Value,
        b: &Value,
    ) -> Outcome<Option<Value>> {
        if let (Some(x), Some(y)) = (a.number(), b.number()) {
            return Ok(Some(Value::Bool(match comparison {
                Comparison::Less => x < y,
                Comparison::LessEqual => x <= y,
                Comparison::Equal => x == y,
            })));
        }
        let inputs = match (a, b) {
            (Value::Tensor(x), Value::Tensor(y)) => Some([x.clone(), y.clone()]),
            (Value::Tensor(x), y) => self.scalar(site, y, x.fact.dtype)?.map(|c| [x.clone(), c]),
            (x, Value::Tensor(y)) => self.scalar(site, x, y.fact.dtype)?.map(|c| [c, y.clone()]),
            _ => None,
        };
        let Some(inputs) = inputs else { return Ok(None) };
        Ok(Some(Value::Tensor(self.emit(site, Op::Compare(comparison), &inputs)?)))
    }
}

/// The place in an expression that makes its value: in a pipe, the last stage.
pub(crate) fn tail(expr: &Expr) -> Span {
    if let ExprKind::Pipe(_, stage) = &expr.kind { stage.span } else { expr.span }
}

/// Whether a value is among the elements of a set.
fn has(set: &[Value], value: &Value) -> bool {
    set.iter().any(|other| other.equals(value) == Some(true))
}

/// The reduction over axes that an expression is, if it does not keep them.
fn without_axes(expr: &Expr) -> Option<&str> {
    let call = if let ExprKind::Pipe(_, stage) = &expr.kind { stage } else { expr };
    let ExprKind::Call(callee, arguments) = &call.kind else { return None };
    let ExprKind::Name(word) = &callee.kind else { return None };
    let is_given =
        |name: &str| arguments.iter().any(|argument| argument.name.as_ref().is_some_and(|given| &*given.node == name));
    let is_one = Builtin::named(word)?.parameters().iter().any(|parameter| parameter.name == "keep");
    (is_one && is_given("axis") && !is_given("keep")).then_some(word)
}

fn both_tensors(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Tensor(_), Value::None) | (Value::None, Value::Tensor(_)) => false,
        (Value::Tensor(_), _) | (_, Value::Tensor(_)) => true,
        _ => false,
    }
}

/// Whether a value is in a list, set or range; `None` if it is none of these.
pub(crate) fn within(a: &Value, b: &Value) -> Option<bool> {
    if let Value::Range(low, high) = b {
        return a.int().map(|n| (*low..*high).contains(&n));
    }
    if let Value::Between(low, high) = b {
        return a.number().map(|x| (*low..=*high).contains(&x));
    }
    a.is_among(&b.elements()?)
}
