//! Evaluates expressions and statements.

use std::rc::Rc;
use std::sync::Arc;

use diadc_core::span::Span;

use crate::parse::ast::{Body, Expr, ExprKind, For, If, Pattern, Statement, StringPart};
use crate::resolve::spec::Meaning;

use super::call::Called;
use super::operator::tail;
use crate::check::report::{Outcome, Reported};
use crate::check::trace::{Callee, is_plain};
use crate::check::value::environment::{DefaultPlace, Environment, join};
use crate::check::value::{Closure, Given, LONGEST, Value, WeightPlace};
use crate::check::{Expander, error};

impl Expander<'_> {
    /// The value of an expression, for a caller that goes on after a mistake.
    pub(crate) fn value(&mut self, env: &mut Environment, expr: &Expr) -> Value {
        Value::or_poison(self.expr(env, expr))
    }

    /// The value of an expression. It is not [`Value::Poison`], but elements of a list may be.
    pub(crate) fn expr(&mut self, env: &mut Environment, expr: &Expr) -> Outcome<Value> {
        let span = expr.span;
        match &expr.kind {
            // What stands beside a misspelt keyword is meant in another way than it is read.
            ExprKind::If(_) | ExprKind::Set(_) | ExprKind::Record(_)
                if self.meanings.get(&span) == Some(&Meaning::Reported) =>
            {
                Err(Reported::before())
            }
            ExprKind::Int(n) => Ok(Value::Int(*n)),
            ExprKind::Float(x) => Ok(Value::Float(*x)),
            ExprKind::Bool(b) => Ok(Value::Bool(*b)),
            ExprKind::None => Ok(Value::None),
            ExprKind::String(parts) => Ok(Value::Str(self.string(env, parts))),
            ExprKind::Name(name) => self.name(env, name, span),
            ExprKind::Path(owner, case) => self.case(env, &owner.node, &case.node),
            ExprKind::List(items) => {
                let items = (0..).zip(items).map(|(i, item)| self.element(env, i, |this, env| this.value(env, item)));
                let items: Vec<Value> = items.collect();
                self.bounded(Value::list(items), span)
            }
            ExprKind::Set(items) => {
                let items = items.iter().map(|item| self.value(env, item)).collect();
                self.bounded(Value::Set(Rc::new(items)), span)
            }
            ExprKind::Tuple(items) => {
                let items = items.iter().map(|item| self.value(env, item)).collect();
                self.bounded(Value::Tuple(Rc::new(items)), span)
            }
            ExprKind::Record(entries) => {
                let entries = entries.iter().map(|(name, value)| (name.node.clone(), self.value(env, value)));
                let entries = entries.collect();
                self.bounded(Value::Record(Rc::new(entries)), span)
            }
            ExprKind::Unary(op, operand) => self.unary_expr(env, *op, operand, span),
            ExprKind::Binary(op, left, right) => self.binary_expr(env, *op, left, right, span),
            ExprKind::Range { low, high, inclusive } => {
                self.range(env, low.as_deref(), high.as_deref(), *inclusive, span)
            }
            ExprKind::Call(callee, arguments) => {
                let call = Called { callee, arguments, piped: None, span };
                self.call_expr(env, call, None).map(|(value, _)| value)
            }
            ExprKind::Index(owner, index) => self.index(env, owner, index, span),
            ExprKind::Field(owner, name) => {
                let value = self.expr(env, owner)?;
                self.field(env, &value, &name.node, name.span)
            }
            ExprKind::Placed(layer, path, at) => {
                let place = WeightPlace { path: self.string(env, path), span: *at };
                self.placed(env, layer, place, None)
            }
            ExprKind::Pipe(value, stage) => {
                let piped = self.value(env, value);
                self.stage(env, stage, Given { name: None, value: piped, span: tail(value) })
            }
            ExprKind::Lambda(lambda) => {
                let environment = env.clone();
                Ok(Value::Closure(Rc::new(Closure { lambda: lambda.clone(), environment, span })))
            }
            ExprKind::Copy(original) => {
                let value = self.expr(env, original)?;
                self.copy(env, &value, span)
            }
            ExprKind::If(choice) => self.choice(env, choice),
            ExprKind::For(each) => {
                let value = self.each(env, each)?;
                self.bounded(value, span)
            }
            ExprKind::Loop(run) => self.run_loop(env, run, span),
        }
    }

    /// A new composite value, unless it holds too many values. Shared parts count each time, since a walk visits them each
    /// time.
    pub(crate) fn bounded(&mut self, value: Value, span: Span) -> Outcome<Value> {
        if self.effort.is_exhausted() {
            return Err(Reported::before());
        }
        if value.count(LONGEST as usize) > LONGEST as usize {
            return Err(self.report(error::too_much(span)));
        }
        Ok(value)
    }

    /// The value of a body, whose names end with it.
    pub(crate) fn body(&mut self, env: &mut Environment, body: &Body) -> Outcome<Value> {
        let depth = env.locals.len();
        let mut result = Ok(Value::None);
        let mut is_misread = false;
        for (i, statement) in body.statements.iter().enumerate() {
            result = Ok(Value::None);
            match statement {
                Statement::Let(pattern, expr) => {
                    let given = self.value(env, expr);
                    self.take_apart(env, pattern, given, expr.span);
                }
                Statement::Var(name, expr) => {
                    let given = self.value(env, expr);
                    self.saw(name.span, &given);
                    env.define(name.node.clone(), given);
                }
                Statement::Assign(name, expr) => {
                    let given = self.value(env, expr);
                    self.saw(name.span, &given);
                    env.assign(&name.node, given);
                }
                Statement::Expr(expr) => {
                    is_misread |= i + 1 < body.statements.len() && self.is_misread_within(expr.span);
                    result = self.expr(env, expr);
                }
            }
        }
        env.locals.truncate(depth);
        // What stands after a word of another language, or after a value that is not used, may be meant in another way.
        if is_misread { Err(Reported::before()) } else { result }
    }

    pub(crate) fn take_apart(&mut self, env: &mut Environment, pattern: &Pattern, value: Value, span: Span) {
        match pattern {
            Pattern::Any => {}
            Pattern::Name(name) => {
                self.saw(name.span, &value);
                env.define(name.node.clone(), value);
            }
            Pattern::Tuple(items, at) => {
                let parts = value.elements().filter(|parts| parts.len() == items.len()).unwrap_or_else(|| {
                    if !value.is_poison() {
                        let wanted = format!("a tuple of {}", items.len());
                        let diagnostic = error::wrong_type("the value", &wanted, &value.kind(self.spec), span);
                        let help = taking(items, &value);
                        self.report(diagnostic.also(*at, "taken apart here").help_if(help));
                    }
                    vec![Value::Poison; items.len()]
                });
                for (item, part) in items.iter().zip(parts) {
                    self.take_apart(env, item, part, span);
                }
            }
        }
    }

    pub(crate) fn string(&mut self, env: &mut Environment, parts: &[StringPart]) -> Arc<str> {
        let mut text = String::new();
        for part in parts {
            match part {
                StringPart::Text(part) => text.push_str(part),
                StringPart::Value(expr) => {
                    let value = self.value(env, expr);
                    if let Value::Str(value) = &value {
                        if text.len() + value.len() > LONGEST as usize {
                            self.report(error::text_too_long(expr.span));
                        } else {
                            text.push_str(value);
                        }
                    } else if matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Case(..)) {
                        text.push_str(&value.shown(self.spec));
                    } else if !value.is_poison() {
                        let wanted = "a number, a word or a case";
                        self.refuse("what is put into a string", wanted, &value, expr.span);
                    }
                }
            }
        }
        text.into()
    }

    fn choice(&mut self, env: &mut Environment, choice: &If) -> Outcome<Value> {
        let condition = self.expr(env, &choice.condition)?;
        let Value::Bool(holds) = condition else {
            let kind = condition.kind(self.spec);
            let mut diagnostic = error::wrong_type("the condition of an `if`", "a bool", &kind, choice.condition.span);
            if matches!(condition, Value::Tensor(_)) {
                diagnostic = diagnostic.help("an `if` is decided before anything runs; use `where(condition, a, b)`");
            }
            return Err(self.report(diagnostic));
        };
        if holds {
            return self.body(env, &choice.then);
        }
        choice.otherwise.as_ref().map_or(Ok(Value::None), |body| self.body(env, body))
    }

    fn each(&mut self, env: &mut Environment, each: &For) -> Outcome<Value> {
        let over = self.expr(env, &each.list)?;
        let Some(items) = over.elements() else {
            let (what, wanted) = ("what a `for` runs over", "a list or a range");
            let Value::Int(n) = over else { return Err(self.refuse(what, wanted, &over, each.list.span)) };
            let diagnostic = error::wrong_type(what, wanted, &over.kind(self.spec), each.list.span);
            return Err(self.report(diagnostic.help(format!("for each number below {n}, write `0..{n}`"))));
        };
        let mut values = Vec::with_capacity(items.len());
        for (i, item) in (0_i64..).zip(items) {
            let value = self.element(env, i, |this, env| {
                let depth = env.locals.len();
                if let Some(index) = &each.index {
                    this.take_apart(env, index, Value::Int(i), each.list.span);
                }
                this.take_apart(env, &each.element, item, each.list.span);
                let value = if env.locals[depth..].iter().any(|(_, value)| is_plain(value)) {
                    this.enter(each.list.span).and_then(|entered| {
                        let value = this.body(env, &each.body);
                        this.leave(entered, Callee::Round, &env.locals[depth..]);
                        value
                    })
                } else {
                    this.body(env, &each.body)
                };
                env.locals.truncate(depth);
                Value::or_poison(value)
            });
            values.push(value);
        }
        Ok(Value::list(values))
    }

    /// An element of a list. If the list is a `part`, the index is the element's place, unless the spec writes one.
    pub(crate) fn element(
        &mut self,
        env: &mut Environment,
        index: i64,
        make: impl FnOnce(&mut Self, &mut Environment) -> Value,
    ) -> Value {
        if !env.makes_part {
            return make(self, env);
        }
        let (prefix, outer) = (env.prefix.clone(), env.default_place.take());
        if let Some(name) = &outer {
            env.prefix = join(&prefix, &name.path);
        }
        env.default_place = Some(DefaultPlace { path: index.to_string().into(), is_index: true });
        let value = make(self, env);
        env.default_place = outer;
        env.prefix = prefix;
        value
    }
}

/// How a value of another number of elements than there are names can be taken apart.
fn taking(names: &[Pattern], value: &Value) -> Option<String> {
    let Some(count) = value.elements().map(|elements| elements.len()) else {
        let is_tensor = matches!(value, Value::Tensor(_));
        return is_tensor
            .then(|| format!("as in `split(x, {}, axis: 1)`, which makes a list of a tensor", names.len()));
    };
    let written =
        |pattern: &Pattern| if let Pattern::Name(name) = pattern { name.node.to_string() } else { "_".to_owned() };
    let taken: Vec<String> = names.iter().map(written).chain(std::iter::repeat("_".to_owned())).take(count).collect();
    let number = match count {
        1 => "one element".to_owned(),
        _ => format!("{count} elements"),
    };
    Some(match count {
        2..=12 => format!("it has {number}: `({})` takes it apart", taken.join(", ")),
        _ => format!("it has {number}, of which `xs[0]` or `xs.first` is the first"),
    })
}
