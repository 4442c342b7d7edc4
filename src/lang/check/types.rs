//! Whether a value is what a parameter asks for; shapes give their variables a value on the way.

use std::sync::Arc;

use diadc_core::fact::{DType, Dim, Fact, Shape};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{DimPattern, Expr, ExprKind, Type, TypeKind};
use crate::resolve::spec::Binding;

use super::environment::{Bound, Environment};
use super::value::{Tensor, Value};
use super::{Checker, error};

/// An extent that a shape asks for.
enum Extent<'t> {
    /// Anything.
    Any,
    /// Whatever it is, under this name from then on.
    Open(&'t Expr, &'t Arc<str>),
    /// This one.
    Known(&'t Expr, Dim),
    /// What the expression gives by then.
    Computed(&'t Expr),
}

impl Checker<'_> {
    /// Checks a value against a type, in the names of the function that states the type. A float is made of an int
    /// where one is asked for. No result if a mistake was reported.
    pub(super) fn matches(
        &mut self,
        env: &mut Environment,
        ty: &Type,
        value: Value,
        what: &str,
        span: Span,
    ) -> Option<Value> {
        if value.is_poison() {
            return None;
        }
        match &ty.kind {
            TypeKind::Name(name) => self.matches_name(env, name, ty, value, what, span),
            TypeKind::Generic(name, inner) => {
                if !matches!(&*name.node, "list" | "set") {
                    return Some(value);
                }
                let items = match (&*name.node, &value) {
                    ("list", Value::List(_) | Value::Range(..)) | ("set", Value::Set(_)) => value.elements(),
                    _ => None,
                };
                let Some(items) = items else {
                    return self.refuse_type(&format!("a {}", name.node), ty, &value, what, span);
                };
                for item in items {
                    self.matches(env, inner, item, &format!("an element of {what}"), span)?;
                }
                Some(value)
            }
            TypeKind::Tuple(types) => match value.elements() {
                Some(items) if items.len() == types.len() => {
                    for (ty, item) in types.iter().zip(items) {
                        self.matches(env, ty, item, what, span)?;
                    }
                    Some(value)
                }
                _ => self.refuse_type(&format!("a tuple of {}", types.len()), ty, &value, what, span),
            },
            TypeKind::Repeat(inner, count) => {
                let count = self.int(env, count, "the number of elements")?;
                match value.elements() {
                    Some(items) if i64::try_from(items.len()) == Ok(count) => {
                        for (i, item) in items.into_iter().enumerate() {
                            self.matches(env, inner, item, &format!("element {i} of {what}"), span)?;
                        }
                        Some(value)
                    }
                    _ => self.refuse_type(&format!("a list of {count}"), ty, &value, what, span),
                }
            }
            TypeKind::Shape(dtype, dims) => {
                let wanted = match dtype.as_deref() {
                    Some("int") => DType::Int,
                    Some(_) => DType::Bool,
                    None => DType::Float,
                };
                match value {
                    Value::Tensor(tensor) => {
                        if tensor.fact.dtype != wanted {
                            let wanted = match wanted {
                                DType::Int => "a tensor of ints, as in `int[B]`",
                                DType::Bool => "a tensor of bools, as in `bool[B]`",
                                DType::Float => "a tensor of floats",
                            };
                            return self.refuse_type(wanted, ty, &Value::Tensor(tensor), what, span);
                        }
                        self.matches_shape(env, dims, &tensor, what, ty.span, span)?;
                        Some(Value::Tensor(tensor))
                    }
                    other => self.refuse_type("a tensor", ty, &other, what, span),
                }
            }
        }
    }

    fn refuse_type(&mut self, wanted: &str, ty: &Type, value: &Value, what: &str, span: Span) -> Option<Value> {
        let kind = value.kind(self.spec);
        self.report(error::wrong_type(what, wanted, &kind, span).also(ty.span, "asked for here"));
        None
    }

    fn matches_name(
        &mut self,
        env: &Environment,
        name: &str,
        ty: &Type,
        value: Value,
        what: &str,
        span: Span,
    ) -> Option<Value> {
        let spec = self.spec;
        let (fits, wanted) = match spec.module(env.module).scope.get(name) {
            Some(Binding::Enum(id)) => {
                (matches!(&value, Value::Case(owner, _) if owner == id), format!("a case of `{name}`"))
            }
            Some(Binding::Block(id)) => {
                let is_one = |value: &Value| match value {
                    Value::Instance(instance) => spec.block(self.instances[instance.0].block).lineage.contains(id),
                    _ => false,
                };
                (is_one(&value), format!("a part made of `{name}`"))
            }
            _ => match name {
                "int" => (matches!(value, Value::Int(_) | Value::Dim(_)), "an int".into()),
                "float" => {
                    if let Value::Int(_) = value {
                        return value.number().map(Value::Float);
                    }
                    (matches!(value, Value::Float(_)), "a float".into())
                }
                "bool" => (matches!(value, Value::Bool(_)), "a bool".into()),
                "pair" => {
                    if let Value::Int(n) = value {
                        return Some(Value::list(vec![Value::Int(n), Value::Int(n)]));
                    }
                    let is_int = |item: &Value| matches!(item, Value::Int(_));
                    let fits = matches!(&value, Value::List(items) if items.len() == 2 && items.iter().all(is_int));
                    (fits, "an int or `[vertical, horizontal]`".into())
                }
                "string" => (matches!(value, Value::Str(_)), "a string".into()),
                "tensor" => (matches!(value, Value::Tensor(_)), "a tensor".into()),
                "fn" => (
                    matches!(
                        value,
                        Value::Closure(_)
                            | Value::Function(..)
                            | Value::Method(..)
                            | Value::Builtin(_)
                            | Value::Partial(_)
                            | Value::Instance(_)
                    ),
                    "a function".into(),
                ),
                _ => (true, String::new()),
            },
        };
        if fits {
            return Some(value);
        }
        let kind = value.kind(spec);
        let mut diagnostic = error::wrong_type(what, &wanted, &kind, span).also(ty.span, "asked for here");
        if let Some(Binding::Enum(id)) = spec.module(env.module).scope.get(name) {
            let cases: Vec<String> =
                spec.enumeration(*id).cases.iter().map(|case| format!("`{}`", case.node)).collect();
            diagnostic = diagnostic.help(format!("its cases are {}", cases.join(", ")));
        }
        self.report(diagnostic);
        None
    }

    fn matches_shape(
        &mut self,
        env: &mut Environment,
        dims: &[DimPattern],
        tensor: &Tensor,
        what: &str,
        ty: Span,
        span: Span,
    ) -> Option<()> {
        let fact = &tensor.fact;
        let dims = self.spread(env, dims);
        if fact.shape.rank() != dims.len() {
            let text = format!("{what} must have {} axes, this has {}", dims.len(), fact.shape.rank());
            self.report(
                Diagnostic::new(Code::ShapeMismatch, text, span)
                    .here(format!("this is {fact}"))
                    .also(ty, "asked for here"),
            );
            return None;
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
                    let value = self.expr(env, expr);
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
                self.report(diagnostic);
                return None;
            }
        }
        Some(())
    }

    /// The extents of a shape: where a name is that of a list, each of its elements is one.
    fn spread<'t>(&mut self, env: &mut Environment, dims: &'t [DimPattern]) -> Vec<Extent<'t>> {
        let mut extents = Vec::new();
        for pattern in dims {
            let DimPattern::Is(expr) = pattern else {
                extents.push(Extent::Any);
                continue;
            };
            match &expr.kind {
                ExprKind::Name(name) if self.is_open(env, name) => extents.push(Extent::Open(expr, name)),
                ExprKind::Name(_) | ExprKind::Field(..) => match self.expr(env, expr) {
                    Value::List(items) if items.iter().all(|item| item.dim().is_some()) => {
                        extents.extend(items.iter().filter_map(Value::dim).map(|dim| Extent::Known(expr, dim)));
                    }
                    _ => extents.push(Extent::Computed(expr)),
                },
                _ => extents.push(Extent::Computed(expr)),
            }
        }
        extents
    }

    fn extent(&mut self, expr: &Expr, value: &Value) -> Option<Dim> {
        let dim = value.dim();
        if dim.is_none() && !value.is_poison() {
            let kind = value.kind(self.spec);
            self.report(error::wrong_type("an extent", "an int", &kind, expr.span));
        }
        dim
    }

    /// Whether a name in a shape still waits for a value.
    fn is_open(&self, env: &Environment, name: &str) -> bool {
        env.local(name).is_none()
            && !env.instance.is_some_and(|id| self.has_member(id, name))
            && !self.spec.module(env.module).scope.contains_key(name)
            && name.len() <= 2
    }

    /// The shape of an input of the program, each open variable of which becomes a symbol.
    pub(super) fn input_fact(&mut self, env: &mut Environment, ty: &Type) -> Option<Fact> {
        let TypeKind::Shape(dtype, patterns) = &ty.kind else { return None };
        let mut dims = Vec::new();
        for pattern in self.spread(env, patterns) {
            dims.push(match pattern {
                Extent::Any => return None,
                Extent::Open(_, name) => match env.local(name) {
                    Some(value) => value.dim()?,
                    None => {
                        let dim = Dim::symbol(name);
                        env.define(name.clone(), Value::Dim(dim.clone()));
                        dim
                    }
                },
                Extent::Known(_, dim) => dim,
                Extent::Computed(expr) => self.expr(env, expr).dim()?,
            });
        }
        let shape = Shape(dims);
        Some(match dtype.as_deref() {
            Some("int") => Fact::int(shape),
            Some(_) => Fact { dtype: DType::Bool, shape },
            None => Fact::float(shape),
        })
    }
}

/// An extent as it stands in the source, if it is short.
fn written(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Int(n) => n.to_string(),
        ExprKind::Binary(op, a, b) => format!("{} {} {}", written(a), op.symbol(), written(b)),
        ExprKind::Field(a, name) => format!("{}.{}", written(a), name.node),
        _ => "..".into(),
    }
}

/// Whether a name stands in an extent.
fn mentions(expr: &Expr, name: &str) -> bool {
    match &expr.kind {
        ExprKind::Name(found) => &**found == name,
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => mentions(a, name) || mentions(b, name),
        ExprKind::Unary(_, a) | ExprKind::Field(a, _) => mentions(a, name),
        ExprKind::Call(callee, arguments) => {
            mentions(callee, name) || arguments.iter().any(|argument| mentions(&argument.value, name))
        }
        _ => false,
    }
}
