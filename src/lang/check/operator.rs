//! What operators do with compile-time values and tensors.

use std::rc::Rc;

use diadc_core::fact::{DType, Dim};
use diadc_core::op::{Binary, Comparison, Op, Unary};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

use super::environment::Environment;
use super::value::{LONGEST, Tensor, Value};
use super::{Checker, error};

/// Symbols of the one extent times those of the other in a product, at most: far beyond any shape.
const FACTORS: usize = 10_000;

impl Checker<'_> {
    pub(super) fn unary_operator(&mut self, env: &Environment, op: UnaryOp, value: Value, span: Span) -> Value {
        match (op, value) {
            (_, Value::Poison) => Value::Poison,
            (UnaryOp::Neg, Value::Int(n)) => Value::Int(n.saturating_neg()),
            (UnaryOp::Neg, Value::Float(x)) => Value::Float(-x),
            (UnaryOp::Neg, Value::Tensor(x)) => self.emit(env, Op::Unary(Unary::Neg), &[x], "-", span),
            (UnaryOp::Not, Value::Bool(b)) => Value::Bool(!b),
            (UnaryOp::Neg, other) => {
                let kind = other.kind(self.spec);
                self.report(error::wrong_type("what `-` stands before", "a number or a tensor", &kind, span))
            }
            (UnaryOp::Not, other) => {
                let kind = other.kind(self.spec);
                self.report(error::wrong_type("what `not` stands before", "a bool", &kind, span))
            }
        }
    }

    pub(super) fn binary_expr(
        &mut self,
        env: &mut Environment,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Value {
        let a = self.expr(env, left);
        if let (BinaryOp::And, Value::Bool(false)) | (BinaryOp::Or, Value::Bool(true)) = (op, &a) {
            return a;
        }
        let b = self.expr(env, right);
        if let (Value::Tensor(_), Value::Tensor(_)) = (&a, &b) {
            self.operands = vec![tail(left), tail(right)];
        }
        let value = self.binary_operator(env, op, a, b, span);
        self.operands.clear();
        value
    }

    pub(super) fn binary_operator(&mut self, env: &Environment, op: BinaryOp, a: Value, b: Value, span: Span) -> Value {
        if a.is_poison() || b.is_poison() {
            return Value::Poison;
        }
        let result = match op {
            BinaryOp::And | BinaryOp::Or => match (&a, &b) {
                (Value::Bool(_), Value::Bool(b)) => Some(Value::Bool(*b)),
                _ => None,
            },
            BinaryOp::Equal | BinaryOp::NotEqual if !both_tensors(&a, &b) => {
                a.equals(&b).map(|equal| Value::Bool(equal == (op == BinaryOp::Equal)))
            }
            BinaryOp::In | BinaryOp::NotIn => within(&a, &b).map(|within| Value::Bool(within == (op == BinaryOp::In))),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem | BinaryOp::Pow => {
                return self.arithmetic(env, op, &a, &b, span);
            }
            BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
            | BinaryOp::Equal
            | BinaryOp::NotEqual => return self.comparison(env, op, &a, &b, span),
        };
        result.unwrap_or_else(|| self.no_such(op, &a, &b, span))
    }

    fn no_such(&mut self, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Value {
        let (left, right) = (a.kind(self.spec), b.kind(self.spec));
        let mut diagnostic = error::operands(op.symbol(), &left, &right, span);
        if let Value::Dim(dim) = if matches!(a, Value::Dim(_)) { a } else { b } {
            diagnostic = diagnostic.note(format!("`{dim}` is not known before the graph runs"));
        }
        self.report(diagnostic)
    }

    fn arithmetic(&mut self, env: &Environment, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Value {
        match (a, b) {
            (Value::Tensor(x), Value::Tensor(y)) => self.tensors(env, op, x, y, span),
            (Value::Tensor(x), y) if y.number().is_some() => self.tensor_number(env, op, x, y, span),
            (x, Value::Tensor(y)) if x.number().is_some() => self.number_tensor(env, op, x, y, span),
            (Value::Int(x), Value::Int(y)) => self.ints(op, *x, *y, span),
            (Value::Str(x), Value::Str(y)) if op == BinaryOp::Add && x.len() + y.len() > LONGEST as usize => {
                self.report(error::text_too_long(span))
            }
            (Value::List(x), Value::List(y)) if op == BinaryOp::Add => {
                let items = x.iter().chain(y.iter()).cloned().collect();
                self.bounded(Value::List(Rc::new(items)), span)
            }
            (Value::Str(x), Value::Str(y)) if op == BinaryOp::Add => Value::Str(format!("{x}{y}").into()),
            (Value::Set(x), Value::Set(y)) if matches!(op, BinaryOp::Add | BinaryOp::Sub) => {
                let has = |set: &[Value], v: &Value| set.iter().any(|other| other.equals(v) == Some(true));
                let mut items: Vec<Value> = x.to_vec();
                match op {
                    BinaryOp::Add => items.extend(y.iter().filter(|v| !has(x, v)).cloned()),
                    _ => items.retain(|v| !has(y, v)),
                }
                Value::Set(Rc::new(items))
            }
            _ => match (a.number(), b.number(), a.dim(), b.dim()) {
                (Some(x), Some(y), ..) => match op {
                    BinaryOp::Add => Value::Float(x + y),
                    BinaryOp::Sub => Value::Float(x - y),
                    BinaryOp::Mul => Value::Float(x * y),
                    BinaryOp::Div => Value::Float(x / y),
                    BinaryOp::Rem => Value::Float(x.rem_euclid(y)),
                    _ => Value::Float(x.powf(y)),
                },
                (.., Some(x), Some(y)) => self.dims(op, &x, &y, a, b, span),
                _ => self.no_such(op, a, b, span),
            },
        }
    }

    fn ints(&mut self, op: BinaryOp, x: i64, y: i64, span: Span) -> Value {
        let result = match op {
            BinaryOp::Add => x.checked_add(y),
            BinaryOp::Sub => x.checked_sub(y),
            BinaryOp::Mul => x.checked_mul(y),
            BinaryOp::Div | BinaryOp::Rem if y == 0 => {
                let diagnostic = Diagnostic::new(Code::DivisionByZero, format!("{x} is divided by 0"), span);
                return self.report(diagnostic);
            }
            BinaryOp::Div if x.checked_rem(y).is_some_and(|rest| rest != 0) => {
                return self.report(error::not_exact(&x.to_string(), &y.to_string(), span));
            }
            BinaryOp::Div => x.checked_div(y),
            BinaryOp::Rem => x.checked_rem_euclid(y),
            _ => match u32::try_from(y) {
                Ok(exponent) => x.checked_pow(exponent),
                #[allow(clippy::cast_precision_loss, reason = "a power of small numbers")]
                Err(_) => return Value::Float((x as f64).powf(y as f64)),
            },
        };
        result.map_or_else(
            || {
                let text = format!("{x} {} {y} is too large for an int", op.symbol());
                self.report(Diagnostic::new(Code::Overflow, text, span))
            },
            Value::Int,
        )
    }

    fn dims(&mut self, op: BinaryOp, x: &Dim, y: &Dim, a: &Value, b: &Value, span: Span) -> Value {
        let result = match op {
            BinaryOp::Add => Some(x.plus(y)),
            BinaryOp::Sub => Some(x.minus(y)),
            BinaryOp::Mul if x.factors().saturating_mul(y.factors()) > FACTORS => {
                return self.report(error::formula_too_long(span));
            }
            BinaryOp::Mul => Some(x.times(y)),
            BinaryOp::Div => match x.divided_exactly(y) {
                Some(quotient) => Some(quotient),
                None => return self.report(error::not_exact(&x.to_string(), &y.to_string(), span)),
            },
            _ => None,
        };
        result.map_or_else(|| self.no_such(op, a, b, span), |dim| Value::of_dim(&dim))
    }

    fn tensors(&mut self, env: &Environment, op: BinaryOp, x: &Tensor, y: &Tensor, span: Span) -> Value {
        let binary = match op {
            BinaryOp::Add => Binary::Add,
            BinaryOp::Sub => Binary::Sub,
            BinaryOp::Mul => Binary::Mul,
            BinaryOp::Div => Binary::Div,
            _ => return self.no_such(op, &Value::Tensor(x.clone()), &Value::Tensor(y.clone()), span),
        };
        self.emit(env, Op::Binary(binary), &[x.clone(), y.clone()], op.symbol(), span)
    }

    fn tensor_number(&mut self, env: &Environment, op: BinaryOp, x: &Tensor, y: &Value, span: Span) -> Value {
        let Some(c) = y.number() else { return Value::Poison };
        if x.fact.dtype == DType::Int && (matches!(y, Value::Float(_)) || op == BinaryOp::Div) {
            return self.no_such(op, &Value::Tensor(x.clone()), y, span);
        }
        let unary = match op {
            BinaryOp::Add => Unary::AddScalar(c),
            BinaryOp::Sub => Unary::AddScalar(-c),
            BinaryOp::Mul => Unary::MulScalar(c),
            BinaryOp::Div => Unary::MulScalar(1.0 / c),
            BinaryOp::Pow if c == 2.0 => {
                return self.emit(env, Op::Binary(Binary::Mul), &[x.clone(), x.clone()], "^", span);
            }
            BinaryOp::Pow => Unary::PowScalar(c),
            _ => return self.no_such(op, &Value::Tensor(x.clone()), y, span),
        };
        self.emit(env, Op::Unary(unary), std::slice::from_ref(x), op.symbol(), span)
    }

    fn number_tensor(&mut self, env: &Environment, op: BinaryOp, x: &Value, y: &Tensor, span: Span) -> Value {
        let Some(c) = x.number() else { return Value::Poison };
        let whole = y.fact.dtype == DType::Int && matches!(x, Value::Float(_));
        match op {
            BinaryOp::Add | BinaryOp::Mul => self.tensor_number(env, op, y, x, span),
            BinaryOp::Sub if !whole => {
                match self.emit(env, Op::Unary(Unary::Neg), std::slice::from_ref(y), "-", span) {
                    Value::Tensor(negated) => self.tensor_number(env, BinaryOp::Add, &negated, x, span),
                    other => other,
                }
            }
            BinaryOp::Div if y.fact.dtype == DType::Float => {
                match self.emit(env, Op::Unary(Unary::PowScalar(-1.0)), std::slice::from_ref(y), "/", span) {
                    Value::Tensor(inverse) if c != 1.0 => {
                        self.emit(env, Op::Unary(Unary::MulScalar(c)), &[inverse], "/", span)
                    }
                    other => other,
                }
            }
            _ => self.no_such(op, x, &Value::Tensor(y.clone()), span),
        }
    }

    fn comparison(&mut self, env: &Environment, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Value {
        if let (Some(x), Some(y)) = (a.number(), b.number()) {
            return Value::Bool(match op {
                BinaryOp::Less => x < y,
                BinaryOp::LessEqual => x <= y,
                BinaryOp::Greater => x > y,
                _ => x >= y,
            });
        }
        let tensors = match (a, b) {
            (Value::Tensor(x), Value::Tensor(y)) => Some((x.clone(), y.clone())),
            (Value::Tensor(x), y) => y.number().map(|c| (x.clone(), self.scalar(env, c, &x.fact, span))),
            (x, Value::Tensor(y)) => x.number().map(|c| (self.scalar(env, c, &y.fact, span), y.clone())),
            _ => None,
        };
        let Some((x, y)) = tensors else { return self.no_such(op, a, b, span) };
        let (comparison, inputs) = match op {
            BinaryOp::Less => (Comparison::Less, [x, y]),
            BinaryOp::LessEqual => (Comparison::LessEqual, [x, y]),
            BinaryOp::Greater => (Comparison::Less, [y, x]),
            BinaryOp::GreaterEqual => (Comparison::LessEqual, [y, x]),
            BinaryOp::Equal => (Comparison::Equal, [x, y]),
            _ => return self.no_such(op, a, b, span),
        };
        self.emit(env, Op::Compare(comparison), &inputs, op.symbol(), span)
    }
}

/// Where the value of an expression comes about: the last stage of a chain.
pub(super) fn tail(expr: &Expr) -> Span {
    match &expr.kind {
        ExprKind::Pipe(_, stage) => stage.span,
        _ => expr.span,
    }
}

fn both_tensors(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Tensor(_), Value::None) | (Value::None, Value::Tensor(_)) => false,
        (Value::Tensor(_), _) | (_, Value::Tensor(_)) => true,
        _ => false,
    }
}

/// Whether a value is in a list, set or range; none if that makes no sense.
pub(super) fn within(a: &Value, b: &Value) -> Option<bool> {
    match b {
        Value::Range(low, high) => match a {
            Value::Int(n) => Some((low..high).contains(&n)),
            _ => None,
        },
        Value::Between(low, high) => a.number().map(|x| (*low..=*high).contains(&x)),
        _ => b.elements().map(|items| items.iter().any(|item| a.equals(item) == Some(true))),
    }
}
