//! The value of an expression, and what statements do.

use std::rc::Rc;
use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{Body, Expr, ExprKind, For, If, Name, Pattern, Statement, StringPart};
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::Binding;

use super::environment::{DefaultPlace, Environment, join};
use super::operator::tail;
use super::trace::{Call, Callee, is_plain};
use super::value::{Closure, LONGEST, Place, Value};
use super::{CALLS, Checker, error, list};

impl Checker<'_> {
    pub(super) fn expr(&mut self, env: &mut Environment, expr: &Expr) -> Value {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Int(n) => Value::Int(*n),
            ExprKind::Float(x) => Value::Float(*x),
            ExprKind::Bool(b) => Value::Bool(*b),
            ExprKind::None => Value::None,
            ExprKind::String(parts) => Value::Str(self.string(env, parts)),
            ExprKind::Name(name) => self.name(env, name, span),
            ExprKind::Path(owner, case) => self.case(env, &owner.node, &case.node),
            ExprKind::List(items) => {
                let items = (0..).zip(items).map(|(i, item)| self.element(env, i, |this, env| this.expr(env, item)));
                let items: Vec<Value> = items.collect();
                self.bounded(Value::list(items), span)
            }
            ExprKind::Set(items) => {
                let items = items.iter().map(|item| self.expr(env, item)).collect();
                self.bounded(Value::Set(Rc::new(items)), span)
            }
            ExprKind::Tuple(items) => {
                let items = items.iter().map(|item| self.expr(env, item)).collect();
                self.bounded(Value::Tuple(Rc::new(items)), span)
            }
            ExprKind::Record(entries) => {
                let entries = entries.iter().map(|(name, value)| (name.node.clone(), self.expr(env, value)));
                let entries = entries.collect();
                self.bounded(Value::Record(Rc::new(entries)), span)
            }
            ExprKind::Unary(op, operand) => {
                let value = self.expr(env, operand);
                self.unary_operator(env, *op, value, span)
            }
            ExprKind::Binary(op, left, right) => self.binary_expr(env, *op, left, right, span),
            ExprKind::Range { low, high, inclusive } => {
                self.range(env, low.as_deref(), high.as_deref(), *inclusive, span)
            }
            ExprKind::Call(callee, arguments) => {
                let mut place = None;
                self.call_expr(env, callee, arguments, None, &mut place, span)
            }
            ExprKind::Index(owner, index) => self.index(env, owner, index, span),
            ExprKind::Field(owner, name) => {
                let value = self.expr(env, owner);
                self.field(env, &value, &name.node, name.span)
            }
            ExprKind::Placed(layer, path, at) => {
                let place = Place { path: self.string(env, path), span: *at };
                self.placed(env, layer, place, None)
            }
            ExprKind::Pipe(value, stage) => {
                let piped = self.expr(env, value);
                self.stage(env, stage, super::value::Given { name: None, value: piped, span: tail(value) })
            }
            ExprKind::Lambda(lambda) => {
                let environment = env.clone();
                Value::Closure(Rc::new(Closure { lambda: lambda.clone(), environment, span }))
            }
            ExprKind::Copy(original) => {
                let value = self.expr(env, original);
                self.copy(env, &value, span)
            }
            ExprKind::If(choice) => self.choice(env, choice),
            ExprKind::For(each) => {
                let value = self.each(env, each);
                self.bounded(value, span)
            }
            ExprKind::Loop(run) => self.run_loop(env, run, span),
        }
    }

    /// A value that has just been put together, unless too much is in it: values that share parts are small, but not
    /// to those who go through them.
    pub(super) fn bounded(&mut self, value: Value, span: Span) -> Value {
        if self.expanded >= CALLS {
            return Value::Poison;
        }
        if value.count(LONGEST as usize) > LONGEST as usize { self.report(error::too_much(span)) } else { value }
    }

    /// The value of a body in names of its own.
    pub(super) fn body(&mut self, env: &mut Environment, body: &Body) -> Value {
        let depth = env.locals.len();
        let mut value = Value::None;
        for statement in &body.statements {
            value = Value::None;
            match statement {
                Statement::Let(pattern, expr) => {
                    let given = self.expr(env, expr);
                    self.take_apart(env, pattern, given, expr.span);
                }
                Statement::Var(name, expr) => {
                    let given = self.expr(env, expr);
                    self.saw(name.span, &given);
                    env.define(name.node.clone(), given);
                }
                Statement::Assign(name, expr) => {
                    let given = self.expr(env, expr);
                    self.saw(name.span, &given);
                    env.assign(&name.node, given);
                }
                Statement::Expr(expr) => value = self.expr(env, expr),
            }
        }
        env.locals.truncate(depth);
        value
    }

    pub(super) fn take_apart(&mut self, env: &mut Environment, pattern: &Pattern, value: Value, span: Span) {
        match pattern {
            Pattern::Any => {}
            Pattern::Name(name) => {
                self.saw(name.span, &value);
                env.define(name.node.clone(), value);
            }
            Pattern::Tuple(items, at) => {
                let parts = match value.elements() {
                    Some(parts) if parts.len() == items.len() => parts,
                    _ => {
                        if !value.is_poison() {
                            let kind = value.kind(self.spec);
                            let wanted = format!("a tuple of {}", items.len());
                            self.report(
                                error::wrong_type("the value", &wanted, &kind, span).also(*at, "taken apart here"),
                            );
                        }
                        vec![Value::Poison; items.len()]
                    }
                };
                for (item, part) in items.iter().zip(parts) {
                    self.take_apart(env, item, part, span);
                }
            }
        }
    }

    pub(super) fn string(&mut self, env: &mut Environment, parts: &[StringPart]) -> Arc<str> {
        let mut text = String::new();
        for part in parts {
            match part {
                StringPart::Text(part) => text.push_str(part),
                StringPart::Value(expr) => match self.expr(env, expr) {
                    Value::Str(value) if text.len() + value.len() > LONGEST as usize => {
                        self.report(error::text_too_long(expr.span));
                    }
                    Value::Str(value) => text.push_str(&value),
                    Value::Poison => {}
                    value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Case(..)) => {
                        text.push_str(&value.shown(self.spec));
                    }
                    other => {
                        let kind = other.kind(self.spec);
                        let wanted = "a number, a word or a case";
                        self.report(error::wrong_type("what is put into a string", wanted, &kind, expr.span));
                    }
                },
            }
        }
        text.into()
    }

    /// What a word means here: a local, a member, a top-level name, or a builtin.
    fn name(&mut self, env: &Environment, name: &Arc<str>, span: Span) -> Value {
        if let Some(value) = env.local(name) {
            return value.clone();
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
            return Value::Float(std::f64::consts::PI);
        }
        if self.is_partial(env.instance) && Builtin::named(name).is_none() {
            return Value::Poison;
        }
        // A shape variable that no shape has bound yet has no builtin of its name either.
        Builtin::named(name).map_or_else(
            || {
                let text = format!("the extent `{name}` is not known here");
                let help = "write it plainly in the shape of a parameter, as in `[B, C, H, W]`";
                self.report(Diagnostic::new(Code::UnboundExtent, text, span).help(help))
            },
            Value::Builtin,
        )
    }

    fn binding(&mut self, binding: &Binding, name: &Arc<str>, span: Span) -> Value {
        match binding {
            Binding::Fn(module, def) => Value::Function(*module, def.clone()),
            Binding::Block(id) => Value::Block(*id),
            Binding::Case(id, case) => Value::Case(*id, *case),
            Binding::Broken => Value::Poison,
            Binding::Let(module, def) => {
                let key = (*module, def.name.node.clone());
                match self.constants.get(&key) {
                    Some(Some(value)) => value.clone(),
                    Some(None) => self.report(error::cycle(name, span)),
                    None => {
                        self.constants.insert(key.clone(), None);
                        let scope = self.scope(None, name, None);
                        let mut env = Environment::new(*module, None, "".into(), scope);
                        let value =
                            self.deeper(error::constants_too_deep, span, |this| this.expr(&mut env, &def.value));
                        self.saw(def.name.span, &value);
                        self.constants.insert(key, Some(value.clone()));
                        value
                    }
                }
            }
            Binding::Enum(_) | Binding::Ambiguous(_) => {
                let help = format!("write one of its cases, as in `{name}::..`");
                self.report(
                    Diagnostic::new(Code::EnumAsValue, format!("`{name}` is an enum, not a value"), span).help(help),
                )
            }
        }
    }

    fn case(&mut self, env: &Environment, owner: &str, case: &str) -> Value {
        match self.spec.module(env.module).scope.get(owner) {
            Some(Binding::Enum(id)) => {
                let index = self.spec.enumeration(*id).cases.iter().position(|known| &*known.node == case);
                index.map_or(Value::Poison, |index| Value::Case(*id, index))
            }
            _ => Value::Poison,
        }
    }

    fn choice(&mut self, env: &mut Environment, choice: &If) -> Value {
        match self.expr(env, &choice.condition) {
            Value::Bool(true) => self.body(env, &choice.then),
            Value::Bool(false) => choice.otherwise.as_ref().map_or(Value::None, |body| self.body(env, body)),
            Value::Poison => Value::Poison,
            other => {
                let kind = other.kind(self.spec);
                let mut diagnostic =
                    error::wrong_type("the condition of an `if`", "a bool", &kind, choice.condition.span);
                if matches!(other, Value::Tensor(_)) {
                    diagnostic =
                        diagnostic.help("an `if` is decided before anything runs; use `where(condition, a, b)`");
                }
                self.report(diagnostic)
            }
        }
    }

    fn each(&mut self, env: &mut Environment, each: &For) -> Value {
        let items = match self.expr(env, &each.list) {
            Value::Poison => return Value::Poison,
            value => match value.elements() {
                Some(items) => items,
                None => {
                    let kind = value.kind(self.spec);
                    return self.report(error::wrong_type(
                        "what a `for` runs over",
                        "a list or a range",
                        &kind,
                        each.list.span,
                    ));
                }
            },
        };
        let mut values = Vec::with_capacity(items.len());
        for (i, item) in (0_i64..).zip(items) {
            let value = self.element(env, i, |this, env| {
                let depth = env.locals.len();
                if let Some(index) = &each.index {
                    this.take_apart(env, index, Value::Int(i), each.list.span);
                }
                this.take_apart(env, &each.element, item, each.list.span);
                let named = env.locals[depth..].iter().filter(|(_, value)| is_plain(value));
                let values: Vec<(Arc<str>, Value)> = named.cloned().collect();
                let value = if values.is_empty() {
                    this.body(env, &each.body)
                } else {
                    let round = Call { span: each.list.span, what: Callee::Round, values };
                    this.noted(round, |this| this.body(env, &each.body))
                };
                env.locals.truncate(depth);
                value
            });
            values.push(value);
        }
        list(values)
    }

    /// An element of a list; if the list is a `part`, the index is the element's place unless it has one.
    fn element(
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
    pub(super) fn placed(
        &mut self,
        env: &mut Environment,
        layer: &Expr,
        place: Place,
        piped: Option<super::value::Given>,
    ) -> Value {
        if matches!(layer.kind, ExprKind::Call(..) | ExprKind::Name(_) | ExprKind::Field(..)) {
            let mut rest = Some(place);
            let value = match (&layer.kind, piped) {
                (ExprKind::Call(callee, arguments), piped) => {
                    self.call_expr(env, callee, arguments, piped, &mut rest, layer.span)
                }
                (_, Some(piped)) => {
                    let callee = self.expr(env, layer);
                    self.apply(env, &callee, vec![piped], &mut rest, layer.span)
                }
                (_, None) => self.expr(env, layer),
            };
            if let (Some(rest), false) = (rest, value.is_poison()) {
                let callee = match &layer.kind {
                    ExprKind::Call(callee, _) => &callee.kind,
                    other => other,
                };
                let what = match callee {
                    ExprKind::Name(name) | ExprKind::Field(_, Name { node: name, .. }) => format!("`{name}`"),
                    _ => value.kind(self.spec),
                };
                return self.report(error::needless_place(&what, rest.span));
            }
            return value;
        }
        let mut inner = env.clone();
        inner.prefix = join(&env.prefix, &place.path);
        inner.default_place = None;
        let value = self.expr(&mut inner, layer);
        match piped {
            None => value,
            Some(piped) => self.apply(&mut inner, &value, vec![piped], &mut None, layer.span),
        }
    }

    /// What a stage of a pipe makes of a value.
    fn stage(&mut self, env: &mut Environment, stage: &Expr, piped: super::value::Given) -> Value {
        match &stage.kind {
            ExprKind::Placed(layer, path, at) => {
                let place = Place { path: self.string(env, path), span: *at };
                self.placed(env, layer, place, Some(piped))
            }
            ExprKind::Call(callee, arguments) => {
                self.call_expr(env, callee, arguments, Some(piped), &mut None, stage.span)
            }
            _ => {
                let callee = self.expr(env, stage);
                self.apply(env, &callee, vec![piped], &mut None, stage.span)
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
    ) -> Value {
        let (Some(low), Some(high)) = (low, high) else {
            return self.report(
                Diagnostic::new(Code::OpenRange, "a range needs both ends here", span)
                    .help("only inside an index, as in `xs[2..]`, may an end be left out"),
            );
        };
        let ends = [self.expr(env, low), self.expr(env, high)];
        match ends {
            [Value::Int(a), Value::Int(b)] => Value::Range(a, if inclusive { b.saturating_add(1) } else { b }),
            [Value::Poison, _] | [_, Value::Poison] => Value::Poison,
            [a, b] => match (a.number(), b.number()) {
                (Some(a), Some(b)) if inclusive => Value::Between(a, b),
                (Some(_), Some(_)) => self.report(
                    Diagnostic::new(Code::OpenRange, "a range of floats includes its end", span).help("write `..=`"),
                ),
                _ => {
                    let kind = if a.number().is_none() { &a } else { &b }.kind(self.spec);
                    self.report(error::wrong_type("the end of a range", "a number", &kind, span))
                }
            },
        }
    }

    fn index(&mut self, env: &mut Environment, owner: &Expr, index: &Expr, span: Span) -> Value {
        let value = self.expr(env, owner);
        if value.is_poison() {
            return value;
        }
        let Some(items) = value.elements() else {
            let kind = value.kind(self.spec);
            let mut diagnostic = error::wrong_type("what has an index", "a list", &kind, owner.span);
            if matches!(value, Value::Tensor(_)) {
                diagnostic = diagnostic.help("parts of a tensor are taken with `slice(x, axis, from, to)`");
            }
            return self.report(diagnostic);
        };
        let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if let ExprKind::Range { low, high, inclusive } = &index.kind {
            let mut end = |this: &mut Self, end: Option<&Expr>, default: i64| match end {
                None => Some(default),
                Some(expr) => this.int(env, expr, "the end of a slice"),
            };
            let (Some(from), Some(to)) = (end(self, low.as_deref(), 0), end(self, high.as_deref(), len)) else {
                return Value::Poison;
            };
            let to = if *inclusive { to.saturating_add(1) } else { to };
            if from < 0 || to > len || from > to {
                let wrong = if from < 0 || from > len { from } else { to - 1 };
                return self.report(error::out_of_range(wrong, items.len(), span));
            }
            #[allow(
                clippy::cast_sign_loss,
                clippy::cast_possible_truncation,
                reason = "compared with 0 and the length"
            )]
            return Value::list(items[from as usize..to as usize].to_vec());
        }
        let Some(at) = self.int(env, index, "an index") else { return Value::Poison };
        match usize::try_from(at).ok().and_then(|at| items.get(at)) {
            Some(item) => item.clone(),
            None => self.report(error::out_of_range(at, items.len(), index.span)),
        }
    }

    /// The value of an expression that must be an int.
    pub(super) fn int(&mut self, env: &mut Environment, expr: &Expr, what: &str) -> Option<i64> {
        match self.expr(env, expr) {
            Value::Int(n) => Some(n),
            Value::Poison => None,
            other => {
                let kind = other.kind(self.spec);
                self.report(error::wrong_type(what, "an int", &kind, expr.span));
                None
            }
        }
    }

    pub(super) fn field(&mut self, env: &Environment, owner: &Value, name: &Arc<str>, span: Span) -> Value {
        let first_or_last = |items: &[Value]| match &**name {
            "first" => items.first().cloned(),
            "last" => items.last().cloned(),
            _ => None,
        };
        match owner {
            Value::Poison => Value::Poison,
            Value::Record(entries) => match entries.get(name) {
                Some(value) => value.clone(),
                None => self.report(error::unknown_field(name, "this record", entries.keys().map(|key| &**key), span)),
            },
            Value::List(items) | Value::Tuple(items) => match first_or_last(items) {
                Some(value) => value,
                None if matches!(&**name, "first" | "last") => self.report(error::out_of_range(0, 0, span)),
                None => self.report(error::unknown_field(name, "a list", ["first", "last"], span)),
            },
            Value::Instance(id) => match self.member(*id, name, span, env) {
                Some(value) => {
                    self.saw_field(*id, name, span);
                    value
                }
                None => self.unknown_member(*id, name, span),
            },
            Value::Tensor(_) => {
                let help = "a tensor has no fields; its extents are `shape(x)`";
                self.report(error::unknown_field(name, "a tensor", [], span).help(help))
            }
            other => {
                let kind = other.kind(self.spec);
                self.report(error::unknown_field(name, &kind, [], span))
            }
        }
    }
}
