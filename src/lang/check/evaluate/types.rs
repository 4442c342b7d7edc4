//! Checks values against types. The variables of a shape are bound on the way.

use std::sync::Arc;

use diadc_core::fact::{DType, Dim, Fact, Shape};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, Fix, nearest};
use crate::parse::ast::{DimPattern, Expr, ExprKind, Type, TypeKind};
use crate::resolve::spec::Binding;

use crate::check::report::{Outcome, Reported};
use crate::check::trace::is_plain;
use crate::check::value::environment::{Bound, Environment};
use crate::check::value::{Tensor, Value};
use crate::check::{Expander, error};

/// An extent in the shape of a parameter.
enum Extent<'t> {
    /// Any extent.
    Any,
    /// Any extent, which the name is bound to.
    Open(&'t Expr, &'t Arc<str>),
    /// A known extent.
    Known(&'t Expr, Dim),
    /// The value of an expression, evaluated after the variables before it are bound.
    Computed(&'t Expr),
}

/// A value that a type asks for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    ty: &'a Type,
    /// The name of the value, for messages.
    what: &'a str,
    /// Where the value is written.
    span: Span,
}

impl Expander<'_> {
    /// Checks a value against a type, in the environment of the function that states the type. An int becomes a float
    /// where the type asks for a float.
    pub(crate) fn matches(
        &mut self,
        env: &mut Environment,
        ty: &Type,
        value: Value,
        what: &str,
        span: Span,
    ) -> Outcome<Value> {
        let value = value.sound()?;
        let asked = Asked { ty, what, span };
        match &ty.kind {
            TypeKind::Name(name) => self.matches_name(env, name, value, asked),
            TypeKind::Generic(name, inner) => {
                if !matches!(&*name.node, "list" | "set") {
                    return Ok(value);
                }
                let fits = if &*name.node == "set" {
                    matches!(value, Value::Set(_))
                } else {
                    matches!(value, Value::List(_) | Value::Range(..))
                };
                let Some(items) = value.elements().filter(|_| fits) else {
                    let one = value.shown(self.spec);
                    let diagnostic = self.type_mistake(&format!("a {}", name.node), &value, asked);
                    let written = if &*name.node == "set" { format!("{{{one}}}") } else { format!("[{one}]") };
                    let help = (is_plain(&value) && value.elements().is_none()).then(|| error::in_brackets(&written));
                    return Err(diagnostic.map_or_else(Reported::before, |told| self.report(told.help_if(help))));
                };
                let what = format!("an element of {what}");
                for item in items {
                    self.matches(env, inner, item, &what, span)?;
                }
                Ok(value)
            }
            TypeKind::Tuple(types) => match value.elements() {
                Some(items) if items.len() == types.len() => {
                    for (ty, item) in types.iter().zip(items) {
                        self.matches(env, ty, item, what, span)?;
                    }
                    Ok(value)
                }
                _ => Err(self.refuse_type(&format!("a tuple of {}", types.len()), &value, asked)),
            },
            TypeKind::Repeat(inner, count) => {
                let count = self.int(env, count, "the number of elements")?;
                match value.elements() {
                    Some(items) if i64::try_from(items.len()) == Ok(count) => {
                        for (i, item) in items.into_iter().enumerate() {
                            self.matches(env, inner, item, &format!("element {i} of {what}"), span)?;
                        }
                        Ok(value)
                    }
                    _ => Err(self.refuse_type(&format!("a list of {count}"), &value, asked)),
                }
            }
            TypeKind::Shape(dtype, dims) => {
                let wanted = match dtype.as_deref() {
                    Some("int") => DType::Int,
                    Some(_) => DType::Bool,
                    None => DType::Float,
                };
                let Value::Tensor(tensor) = value else {
                    return Err(self.refuse_type("a tensor", &value, asked));
                };
                if tensor.fact.dtype != wanted {
                    let wanted = match wanted {
                        DType::Int => "a tensor of ints, as in `int[B]`",
                        DType::Bool => "a tensor of bools, as in `bool[B]`",
                        DType::Float => "a tensor of floats",
                    };
                    return Err(self.refuse_type(wanted, &Value::Tensor(tensor), asked));
                }
                self.matches_shape(env, dims, &tensor, asked)?;
                Ok(Value::Tensor(tensor))
            }
        }
    }

    fn refuse_type(&mut self, wanted: &str, value: &Value, asked: Asked<'_>) -> Reported {
        let diagnostic = self.type_mistake(wanted, value, asked);
        diagnostic.map_or_else(Reported::before, |diagnostic| self.report(diagnostic))
    }

    /// That a value is not of the type that is asked for; nothing if it is missing because of a mistake.
    fn type_mistake(&self, wanted: &str, value: &Value, asked: Asked<'_>) -> Option<Diagnostic> {
        if value.holds_poison() {
            return None;
        }
        let diagnostic = error::wrong_type(asked.what, wanted, &value.kind(self.spec), asked.span);
        let diagnostic = diagnostic.help_if(error::int_of_float(wanted, value));
        Some(diagnostic.also(asked.ty.span, "asked for here"))
    }

    fn matches_name(&mut self, env: &Environment, name: &str, value: Value, asked: Asked<'_>) -> Outcome<Value> {
        let spec = self.spec;
        match spec.module(env.module).scope.get(name) {
            Some(Binding::Enum(id)) => {
                if matches!(&value, Value::Case(owner, _) if owner == id) {
                    return Ok(value);
                }
                if value.holds_poison() {
                    return Err(Reported::before());
                }
                let (wanted, kind) = (format!("a case of `{name}`"), value.kind(spec));
                let cases: Vec<&str> = spec.enumeration(*id).cases.iter().map(|case| &*case.node).collect();
                let diagnostic = error::wrong_type(asked.what, &wanted, &kind, asked.span);
                Err(self.report(with_cases(diagnostic, &value, &cases).also(asked.ty.span, "asked for here")))
            }
            Some(Binding::Block(id)) => {
                let made_of = |instance| spec.block(self.instances[instance].block).lineage.contains(id);
                if matches!(value, Value::Instance(instance) if made_of(instance)) {
                    return Ok(value);
                }
                Err(self.refuse_type(&format!("a part made of `{name}`"), &value, asked))
            }
            _ => self.matches_word(name, value, asked),
        }
    }

    /// Checks a value against a type of the language itself.
    fn matches_word(&mut self, name: &str, value: Value, asked: Asked<'_>) -> Outcome<Value> {
        let (fits, wanted) = match name {
            "int" => (matches!(value, Value::Int(_) | Value::Dim(_)), "an int"),
            "float" => {
                if let Value::Int(n) = &value {
                    return Ok(Value::Float(*n as f64));
                }
                (matches!(value, Value::Float(_)), "a float")
            }
            "bool" => (matches!(value, Value::Bool(_)), "a bool"),
            "pair" => {
                if let Value::Int(n) = value {
                    return Ok(Value::list(vec![Value::Int(n), Value::Int(n)]));
                }
                let is_int = |item: &Value| matches!(item, Value::Int(_));
                let fits = matches!(&value, Value::List(items) if items.len() == 2 && items.iter().all(is_int));
                (fits, "an int or `[vertical, horizontal]`")
            }
            "string" => (matches!(value, Value::Str(_)), "a string"),
            "tensor" => (matches!(value, Value::Tensor(_)), "a tensor"),
            "fn" => {
                let fits = matches!(
                    value,
                    Value::Closure(_)
                        | Value::Function(..)
                        | Value::Method(..)
                        | Value::Builtin(_)
                        | Value::Partial(_)
                        | Value::Instance(_)
                );
                (fits, "a function")
            }
            _ => return Ok(value),
        };
        if fits { Ok(value) } else { Err(self.refuse_type(wanted, &value, asked)) }
    }

    fn matches_shape(
        &mut self,
        env: &mut Environment,
        dims: &[DimPattern],
        tensor: &Tensor,
        asked: Asked<'_>,
    ) -> Outcome<()> {
        let Asked { ty, what, span } = asked;
        let fact = &tensor.fact;
        let dims = self.spread(env, dims)?;
        if fact.shape.rank() != dims.len() {
            let text = format!("{what} must have {} axes, this has {}", dims.len(), fact.shape.rank());
            let diagnostic = Diagnostic::new(Code::ShapeMismatch, text, span).here(format!("this is {fact}"));
            return Err(self.report(diagnostic.also(ty.span, "asked for here")));
        }
        for (axis, (pattern, found)) in dims.iter().zip(&fact.shape.0).enumerate() {
            let (expr, wanted) = match pattern {
                Extent::Any => continue,
                Extent::Open(expr, name) => match env.local(name).cloned() {
                    Some(value) => (*expr, self.extent(expr, &value)?),
                    None => {
                        env.define(Arc::clone(name), Value::of_dim(found));
                        env.bound.push(Bound { name: Arc::clone(name), from: what.into(), span: expr.span });
                        continue;
                    }
                },
                Extent::Known(expr, dim) => (*expr, dim.clone()),
                Extent::Computed(expr) => {
                    let value = self.expr(env, expr)?;
                    (*expr, self.extent(expr, &value)?)
                }
            };
            if wanted != *found {
                let source = written(expr);
                let wanted_text = if source == wanted.to_string() { source } else { format!("`{source}` = {wanted}") };
                let mut diagnostic = error::dimension(what, axis, &wanted_text, &found.to_string(), fact, span);
                let first =
                    env.bound.iter().find(|bound| matches!(&expr.kind, ExprKind::Name(name) if *name == bound.name));
                diagnostic = match first {
                    Some(Bound { name, from, span }) => {
                        diagnostic.headline = if **from == *what {
                            format!("`{name}` of {what} is both {wanted} and {found}")
                        } else {
                            format!("`{name}` is {wanted} from {from}, and {found} from {what}")
                        };
                        diagnostic
                            .also(*span, format!("`{name}` is {wanted} here"))
                            .also(expr.span, format!("and {found} here"))
                    }
                    None => diagnostic.also(expr.span, "asked for here"),
                };
                if first.is_none() {
                    for Bound { name, from, span } in env.bound.iter().filter(|bound| mentions(expr, &bound.name)) {
                        if let Some(value) = env.local(name).and_then(Value::dim) {
                            diagnostic = diagnostic.also(*span, format!("`{name}` is {value} from {from}"));
                        }
                    }
                }
                return Err(self.report(diagnostic));
            }
        }
        Ok(())
    }

    /// The extents of a shape; the name of a list stands for all of its elements.
    fn spread<'t>(&mut self, env: &mut Environment, dims: &'t [DimPattern]) -> Outcome<Vec<Extent<'t>>> {
        let mut extents = Vec::new();
        for pattern in dims {
            let DimPattern::Is(expr) = pattern else {
                extents.push(Extent::Any);
                continue;
            };
            if let ExprKind::Name(name) = &expr.kind
                && self.is_open(env, name)
            {
                extents.push(Extent::Open(expr, name));
                continue;
            }
            let value = if let ExprKind::Name(_) | ExprKind::Field(..) = &expr.kind {
                self.value(env, expr)
            } else {
                Value::None
            };
            // A list in which an extent is missing is as long as it may be.
            if value.holds_poison() {
                return Err(Reported::before());
            }
            if let Value::List(items) = &value
                && items.iter().all(|item| item.dim().is_some())
            {
                extents.extend(items.iter().filter_map(Value::dim).map(|dim| Extent::Known(expr, dim)));
            } else {
                extents.push(Extent::Computed(expr));
            }
        }
        Ok(extents)
    }

    fn extent(&mut self, expr: &Expr, value: &Value) -> Outcome<Dim> {
        value.dim().ok_or_else(|| self.refuse("an extent", "an int", value, expr.span))
    }

    /// Whether a name in a shape is a variable that is not bound yet.
    fn is_open(&self, env: &Environment, name: &str) -> bool {
        env.local(name).is_none()
            && !env.instance.is_some_and(|id| self.has_member(id, name))
            && !self.spec.module(env.module).scope.contains_key(name)
            && name.len() <= 2
    }

    /// The fact of an input of the program, in which each variable becomes a symbol; `None` if the type does not state a
    /// whole shape.
    pub(crate) fn input_fact(&mut self, env: &mut Environment, ty: &Type) -> Outcome<Option<Fact>> {
        let TypeKind::Shape(dtype, patterns) = &ty.kind else { return Ok(None) };
        let mut dims = Vec::new();
        for pattern in self.spread(env, patterns)? {
            let dim = match pattern {
                Extent::Any => None,
                Extent::Open(_, name) => match env.local(name) {
                    Some(value) => value.dim(),
                    None => {
                        let dim = Dim::symbol(name);
                        env.define(name.clone(), Value::Dim(dim.clone()));
                        Some(dim)
                    }
                },
                Extent::Known(_, dim) => Some(dim),
                Extent::Computed(expr) => self.expr(env, expr)?.dim(),
            };
            let Some(dim) = dim else { return Ok(None) };
            dims.push(dim);
        }
        let shape = Shape(dims);
        Ok(Some(match dtype.as_deref() {
            Some("int") => Fact::int(shape),
            Some(_) => Fact { dtype: DType::Bool, shape },
            None => Fact::float(shape),
        }))
    }
}

/// An error about a value that is no case, with the case that is meant by a string, or with all of them.
fn with_cases(diagnostic: Diagnostic, value: &Value, cases: &[&str]) -> Diagnostic {
    let span = diagnostic.span();
    let Value::Str(text) = value else { return diagnostic.help(listed(cases)) };
    let meant = cases.iter().find(|case| **case == &**text).copied().or_else(|| nearest(text, cases.iter().copied()));
    let Some(meant) = meant else { return diagnostic.help(listed(cases)) };
    let diagnostic = diagnostic.help(format!("cases are written without quotes: `{meant}`"));
    // A string that is written there is as long as its text with two quotes.
    let is_written = span.end.checked_sub(span.start).and_then(|length| usize::try_from(length).ok());
    if is_written == Some(text.len() + 2) { diagnostic.fix(Fix::write(meant, span)) } else { diagnostic }
}

fn listed(cases: &[&str]) -> String {
    let cases: Vec<String> = cases.iter().map(|case| format!("`{case}`")).collect();
    format!("its cases are {}", cases.join(", "))
}

/// An extent as it is written in the source, if it is short.
fn written(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Int(n) => n.to_string(),
        ExprKind::Binary(op, a, b) => format!("{} {} {}", written(a), op.symbol(), written(b)),
        ExprKind::Field(a, name) => format!("{}.{}", written(a), name.node),
        ExprKind::Float(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::String(_)
        | ExprKind::Path(..)
        | ExprKind::List(_)
        | ExprKind::Set(_)
        | ExprKind::Tuple(_)
        | ExprKind::Record(_)
        | ExprKind::Unary(..)
        | ExprKind::Range { .. }
        | ExprKind::Call(..)
        | ExprKind::Index(..)
        | ExprKind::Placed(..)
        | ExprKind::Pipe(..)
        | ExprKind::Lambda(_)
        | ExprKind::Copy(_)
        | ExprKind::If(_)
        | ExprKind::For(_)
        | ExprKind::Loop(_) => "..".into(),
    }
}

/// Whether an extent uses a name.
fn mentions(expr: &Expr, name: &str) -> bool {
    match &expr.kind {
        ExprKind::Name(found) => &**found == name,
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => mentions(a, name) || mentions(b, name),
        ExprKind::Unary(_, a) | ExprKind::Field(a, _) => mentions(a, name),
        ExprKind::Call(callee, arguments) => {
            mentions(callee, name) || arguments.iter().any(|argument| mentions(&argument.value, name))
        }
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::String(_)
        | ExprKind::Path(..)
        | ExprKind::List(_)
        | ExprKind::Set(_)
        | ExprKind::Tuple(_)
        | ExprKind::Record(_)
        | ExprKind::Range { .. }
        | ExprKind::Placed(..)
        | ExprKind::Pipe(..)
        | ExprKind::Lambda(_)
        | ExprKind::Copy(_)
        | ExprKind::If(_)
        | ExprKind::For(_)
        | ExprKind::Loop(_) => false,
    }
}
