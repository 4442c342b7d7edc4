//! Evaluates expressions and statements.

use std::rc::Rc;
use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::parse::ast::{Body, Expr, ExprKind, For, If, Name, Pattern, Statement, StringPart};
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::Binding;

use super::argument::as_int;
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
        for statement in &body.statements {
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
                Statement::Expr(expr) => result = self.expr(env, expr),
            }
        }
        env.locals.truncate(depth);
        result
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
                        self.report(diagnostic.also(*at, "taken apart here"));
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
                StringPart::Value(expr) => match self.value(env, expr) {
                    Value::Str(value) if text.len() + value.len() > LONGEST as usize => {
                        self.report(error::text_too_long(expr.span));
                    }
                    Value::Str(value) => text.push_str(&value),
                    Value::Poison => {}
                    value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Case(..)) => {
                        text.push_str(&value.shown(self.spec));
                    }
                    other => {
                        let wanted = "a number, a word or a case";
                        self.refuse("what is put into a string", wanted, &other, expr.span);
                    }
                },
            }
        }
        text.into()
    }

    /// The value of a name: of a local, a member, a top-level name, or a builtin.
    fn name(&mut self, env: &Environment, name: &Arc<str>, span: Span) -> Outcome<Value> {
        if let Some(value) = env.local(name) {
            return value.clone().sound();
        }
        if let Some(instance) = env.instance
            && let Some(value) = self.member(instance, name, span, env)
        {
            return value;
        }
        if let Some(binding) = self.spec.module(env.module).scope.get(name) {
            return self.binding(binding, name, span);
        }
        if &**name == "pi" {
            return Ok(Value::Float(std::f64::consts::PI));
        }
        if let Some(builtin) = Builtin::named(name) {
            return Ok(Value::Builtin(builtin));
        }
        if self.is_partial(env.instance) {
            return Err(Reported::before());
        }
        // `resolve` knows the name as a variable of a shape, and no shape has bound it yet.
        let text = format!("the extent `{name}` is not known here");
        let help = "write it plainly in the shape of a parameter, as in `[B, C, H, W]`";
        Err(self.report(Diagnostic::new(Code::UnboundExtent, text, span).help(help)))
    }

    fn binding(&mut self, binding: &Binding, name: &Arc<str>, span: Span) -> Outcome<Value> {
        Ok(match binding {
            Binding::Fn(module, def) => Value::Function(*module, def.clone()),
            Binding::Block(id) => Value::Block(*id),
            Binding::Case(id, case) => Value::Case(*id, *case),
            Binding::Broken => return Err(Reported::before()),
            Binding::Let(module, def) => {
                let key = (*module, def.name.node.clone());
                return match self.constants.get(&key) {
                    Some(Some(value)) => value.clone(),
                    Some(None) => Err(self.report(error::cycle(name, span))),
                    None => {
                        self.constants.insert(key.clone(), None);
                        let scope = self.builder.scope(None, name, None);
                        let mut env = Environment::new(*module, None, "".into(), scope);
                        let value = self.constant(span, |this| this.expr(&mut env, &def.value));
                        if let Ok(value) = &value {
                            self.saw(def.name.span, value);
                        }
                        self.constants.insert(key, Some(value.clone()));
                        value
                    }
                };
            }
            Binding::Enum(_) | Binding::Ambiguous(_) => {
                let text = format!("`{name}` is an enum, not a value");
                let help = format!("write one of its cases, as in `{name}::..`");
                return Err(self.report(Diagnostic::new(Code::EnumAsValue, text, span).help(help)));
            }
        })
    }

    /// A case of an enum; `resolve` has reported an unknown one.
    fn case(&mut self, env: &Environment, owner: &str, case: &str) -> Outcome<Value> {
        let Some(Binding::Enum(id)) = self.spec.module(env.module).scope.get(owner) else {
            return Err(Reported::before());
        };
        let index = self.spec.enumeration(*id).cases.iter().position(|known| &*known.node == case);
        index.map(|index| Value::Case(*id, index)).ok_or(Reported::before())
    }

    fn choice(&mut self, env: &mut Environment, choice: &If) -> Outcome<Value> {
        match self.expr(env, &choice.condition)? {
            Value::Bool(true) => self.body(env, &choice.then),
            Value::Bool(false) => choice.otherwise.as_ref().map_or(Ok(Value::None), |body| self.body(env, body)),
            other => {
                let kind = other.kind(self.spec);
                let mut diagnostic =
                    error::wrong_type("the condition of an `if`", "a bool", &kind, choice.condition.span);
                if matches!(other, Value::Tensor(_)) {
                    diagnostic =
                        diagnostic.help("an `if` is decided before anything runs; use `where(condition, a, b)`");
                }
                Err(self.report(diagnostic))
            }
        }
    }

    fn each(&mut self, env: &mut Environment, each: &For) -> Outcome<Value> {
        let over = self.expr(env, &each.list)?;
        let Some(items) = over.elements() else {
            let (what, wanted) = ("what a `for` runs over", "a list or a range");
            return Err(self.refuse(what, wanted, &over, each.list.span));
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
    pub(super) fn element(
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
                self.apply(env, &callee, vec![piped], Some(place), layer.span)?
            }
            (ExprKind::Name(_) | ExprKind::Field(..), None) => (self.expr(env, layer)?, Some(place)),
            (_, piped) => {
                let mut inner = env.clone();
                inner.prefix = join(&env.prefix, &place.path);
                inner.default_place = None;
                let value = self.expr(&mut inner, layer)?;
                return match piped {
                    None => Ok(value),
                    Some(piped) => self.applied(&inner, &value, vec![piped], layer.span),
                };
            }
        };
        let Some(rest) = rest else { return Ok(value) };
        let callee = match &layer.kind {
            ExprKind::Call(callee, _) => &callee.kind,
            other => other,
        };
        let what = match callee {
            ExprKind::Name(name) | ExprKind::Field(_, Name { node: name, .. }) => format!("`{name}`"),
            _ => value.kind(self.spec),
        };
        Err(self.report(error::needless_place(&what, rest.span, layer.span)))
    }

    /// The value of a stage of a pipe.
    fn stage(&mut self, env: &mut Environment, stage: &Expr, piped: Given) -> Outcome<Value> {
        match &stage.kind {
            ExprKind::Placed(layer, path, at) => {
                let place = WeightPlace { path: self.string(env, path), span: *at };
                self.placed(env, layer, place, Some(piped))
            }
            ExprKind::Call(callee, arguments) => {
                let call = Called { callee, arguments, piped: Some(piped), span: stage.span };
                self.call_expr(env, call, None).map(|(value, _)| value)
            }
            _ => {
                let callee = self.expr(env, stage)?;
                self.applied(env, &callee, vec![piped], stage.span)
            }
        }
    }

    fn range(
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
                let kind = if first.is_none() { low } else { high }.kind(self.spec);
                Err(self.report(error::wrong_type("the end of a range", "a number", &kind, span)))
            }
        }
    }

    fn index(&mut self, env: &mut Environment, owner: &Expr, index: &Expr, span: Span) -> Outcome<Value> {
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
        match self.expr(env, expr)? {
            Value::Int(n) => Ok(n),
            other => Err(self.refuse(what, "an int", &other, expr.span)),
        }
    }

    pub(crate) fn field(&mut self, env: &Environment, owner: &Value, name: &Arc<str>, span: Span) -> Outcome<Value> {
        let diagnostic = match owner {
            Value::Poison => return Err(Reported::before()),
            Value::Record(entries) => match entries.get(name) {
                Some(value) => return value.clone().sound(),
                None => error::unknown_field(name, "this record", entries.keys().map(|key| &**key), span),
            },
            Value::List(items) | Value::Tuple(items) => {
                let item = match &**name {
                    "first" => Some(items.first()),
                    "last" => Some(items.last()),
                    _ => None,
                };
                match item {
                    Some(Some(item)) => return item.clone().sound(),
                    Some(None) => error::out_of_range(0, 0, span),
                    None => error::unknown_field(name, "a list", ["first", "last"], span),
                }
            }
            Value::Instance(id) => {
                let Some(value) = self.member(*id, name, span, env) else {
                    return Err(self.unknown_member(*id, name, span));
                };
                self.saw_field(*id, name, span);
                return value;
            }
            Value::Tensor(_) => {
                let help = "a tensor has no fields; its extents are `shape(x)`";
                error::unknown_field(name, "a tensor", [], span).help(help)
            }
            other => error::unknown_field(name, &other.kind(self.spec), [], span),
        };
        Err(self.report(diagnostic))
    }
}
