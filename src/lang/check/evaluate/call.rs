//! Calls of functions, parts, blocks and builtins.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{Argument, Body, Expr, ExprKind, FnDef, Param};
use crate::program::PartCall;
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::{Binding, ModuleId};
use crate::resolve::{Definition, quoted};

use super::argument::Formal;
use crate::check::record::named;
use crate::check::report::{Outcome, Reported};
use crate::check::trace::Callee;
use crate::check::value::environment::{Environment, join};
use crate::check::value::{Closure, Given, InstanceId, Value, WeightPlace};
use crate::check::{Expander, error};

/// `callee(arguments)` in the source.
pub(crate) struct Called<'a> {
    pub(crate) callee: &'a Expr,
    pub(crate) arguments: &'a [Argument],
    /// The value before `|>`, if there is one.
    pub(crate) piped: Option<Given>,
    pub(crate) span: Span,
}

/// What is called.
#[derive(Clone, Copy)]
pub(crate) struct Applied<'a> {
    pub(crate) value: &'a Value,
    /// How it is written, if it is.
    pub(crate) written: Option<&'a Expr>,
}

impl Expander<'_> {
    /// The value of a call. `place` is for the weights of the first thing in it that has weights; if nothing has, the place
    /// is returned.
    pub(crate) fn call_expr(
        &mut self,
        env: &mut Environment,
        call: Called<'_>,
        place: Option<WeightPlace>,
    ) -> Outcome<(Value, Option<WeightPlace>)> {
        let Called { callee, arguments, piped, span } = call;
        let function = if let ExprKind::Call(inner, arguments) = &callee.kind {
            let inner = Called { callee: inner, arguments, piped: None, span: callee.span };
            self.call_expr(env, inner, place)
        } else {
            self.expr(env, callee).map(|function| (function, place))
        };
        let makes_part = std::mem::replace(&mut env.makes_part, false);
        let given: Vec<Given> = arguments
            .iter()
            .map(|argument| Given {
                name: argument.name.as_ref().map(|name| (name.node.clone(), name.span)),
                value: self.value(env, &argument.value),
                span: argument.value.span,
            })
            .collect();
        env.makes_part = makes_part;
        match (piped, function?) {
            (Some(piped), (Value::Block(block), place)) => {
                let instance = self.construct(env, block, given, place, span)?;
                let instance = Applied { value: &instance, written: None };
                Ok((self.applied(env, instance, vec![piped], span)?, None))
            }
            (piped, (function, place)) => {
                let given = piped.into_iter().chain(given).collect();
                self.apply(env, Applied { value: &function, written: Some(callee) }, given, place, span)
            }
        }
    }

    /// Calls a value with arguments, without a place for weights.
    pub(crate) fn applied(
        &mut self,
        env: &Environment,
        callee: Applied<'_>,
        given: Vec<Given>,
        span: Span,
    ) -> Outcome<Value> {
        self.apply(env, callee, given, None, span).map(|(value, _)| value)
    }

    /// Refuses to call a value. A name of the spec that is no function may hide one.
    fn refuse_call(&mut self, env: &Environment, callee: Applied<'_>, span: Span) -> Reported {
        let kind = callee.value.kind(self.spec);
        let scope = &self.spec.module(env.module).scope;
        let hidden = |name: &str| match scope.get(name) {
            Some(Binding::Fn(..)) => Some("function"),
            Some(Binding::Block(_)) => Some("block"),
            _ => Builtin::named(name).map(|_| "operation"),
        };
        let name = callee.written.and_then(|callee| {
            let ExprKind::Name(name) = &callee.kind else { return None };
            Some((name, callee.span, hidden(name)?))
        });
        let Some((name, at, hidden)) = name else { return self.report(error::not_callable(&kind, span)) };
        let text = format!("`{name}` can't be called: here it is {kind}");
        let help = format!("a name of your own hides the {hidden} `{name}`: give it another one");
        self.report(Diagnostic::new(Code::NotCallable, text, at).help(help))
    }

    /// Calls a value with arguments. The place is returned if the value has no weights that could lie there.
    pub(crate) fn apply(
        &mut self,
        env: &Environment,
        callee: Applied<'_>,
        given: Vec<Given>,
        place: Option<WeightPlace>,
        span: Span,
    ) -> Outcome<(Value, Option<WeightPlace>)> {
        let value = match callee.value {
            Value::Poison => Err(Reported::before()),
            Value::Block(block) => return Ok((self.construct(env, *block, given, place, span)?, None)),
            Value::Builtin(builtin) => {
                let names = builtin.parameters().iter().map(|param| (param.name, Definition::Builtin(*builtin)));
                self.saw_arguments(&given, names);
                return self.builtin(env, *builtin, given, place, span);
            }
            Value::Partial(partial) => {
                let all = given.into_iter().chain(partial.arguments.iter().cloned()).collect();
                let (own, rest) = match &partial.place {
                    Some(own) => (Some(own.clone()), place),
                    None => (place, None),
                };
                return Ok((self.builtin(env, partial.builtin, all, own, span)?.0, rest));
            }
            Value::Function(module, def) => {
                return Ok((self.call_function(env, (*module, def), given, place, span)?, None));
            }
            Value::Method(instance, module, def) => self.call_method(env, *instance, (*module, def), given, span),
            Value::Instance(instance) => match self.main_function(*instance) {
                Some((module, def)) => self.call_method(env, *instance, (module, &def), given, span),
                None if self.is_partial(Some(*instance)) => Err(Reported::before()),
                None => {
                    let name = self.block_name(*instance);
                    let diagnostic = error::not_callable(&format!("a `{name}`"), span);
                    let of_python = ["forward", "__call__", "call"].into_iter();
                    let mut main = of_python.filter(|main| self.has_member(*instance, main));
                    Err(self.report(diagnostic.help(match main.next() {
                        Some(main) => format!(
                            "its main function has no name: write `fn (x)` in the place of `fn {main}(self, x)`"
                        ),
                        None => "its block has no main function `fn (..) { .. }`; call one of its functions".to_owned(),
                    })))
                }
            },
            Value::Closure(closure) => self.call_closure(env, closure, given, span),
            Value::None
            | Value::Int(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Str(_)
            | Value::Dim(_)
            | Value::Case(..)
            | Value::List(_)
            | Value::Set(_)
            | Value::Tuple(_)
            | Value::Record(_)
            | Value::Range(..)
            | Value::Between(..)
            | Value::Tensor(_)
            | Value::Init(_)
            | Value::Optimizer(_)
            | Value::Schedule(_)
            | Value::Choice(_) => Err(self.refuse_call(env, callee, span)),
        };
        Ok((value?, place))
    }

    fn call_closure(&mut self, env: &Environment, closure: &Closure, given: Vec<Given>, span: Span) -> Outcome<Value> {
        let lambda = &closure.lambda;
        let formals: Vec<Formal<'_>> =
            lambda.params.iter().map(|name| Formal { name: &name.node, optional: false }).collect();
        let bound = self.bind("this function", &formals, given, span)?;
        let mut inner = closure.environment.clone();
        inner.scope = env.scope;
        for (name, given) in lambda.params.iter().zip(bound.into_iter().flatten()) {
            self.saw(name.span, &given.value);
            inner.define(name.node.clone(), given.value);
        }
        let entered = self.enter_call(closure.span)?;
        let value = self.body(&mut inner, &lambda.body);
        let value = value.and_then(|value| self.given_back("this function", &lambda.body, value));
        self.leave(entered, Callee::Words("in the function given here"), &[]);
        value
    }

    /// A free function: its layers lie where the caller's do, below `place` if one is given.
    fn call_function(
        &mut self,
        env: &Environment,
        (module, def): (ModuleId, &Arc<FnDef>),
        given: Vec<Given>,
        place: Option<WeightPlace>,
        span: Span,
    ) -> Outcome<Value> {
        let prefix = match place {
            Some(place) => join(&env.prefix, &place.path),
            None => env.prefix.clone(),
        };
        let scope = if given.iter().any(|argument| argument.value.holds_tensor()) {
            let scope = self.builder.scope(Some(env.scope), &def.name.node, None);
            self.builder.scopes[scope.0 as usize].span = Some(span);
            scope
        } else {
            env.scope
        };
        let mut inner = Environment::new(module, None, prefix, scope);
        inner.reached = env.reached.clone();
        inner.caller = env.owner();
        let entered = self.enter_call(span)?;
        let value = self.run_function(&mut inner, def, given, span);
        let value = value.and_then(|value| self.given_back(def.called(), &def.body, value));
        self.leave(entered, Callee::Function(def), &inner.locals);
        value
    }

    fn call_method(
        &mut self,
        env: &Environment,
        instance: InstanceId,
        (module, def): (ModuleId, &Arc<FnDef>),
        given: Vec<Given>,
        span: Span,
    ) -> Outcome<Value> {
        let block = self.block_name(instance);
        let of = &self.instances[instance];
        let is_model = of.owner.is_none() && of.prefix.is_empty();
        let label = match (is_model, &*def.name.node) {
            (true, name) => name.to_owned(),
            (false, "fn") => of.place.to_string(),
            (false, name) => format!("{}.{name}", of.place),
        };
        let scope = self.builder.scope(Some(env.scope), &label, (!is_model).then(|| block.clone()));
        let called = &mut self.builder.scopes[scope.0 as usize];
        called.span = Some(span);
        if !is_model {
            let function = (&*def.name.node != "fn").then(|| def.name.node.clone());
            called.part = Some(PartCall { path: of.prefix.clone(), function });
        }
        let mut inner = self.environment_of(instance, module, scope);
        let of_block = inner.locals.len();
        let known = self.reports.all.len();
        let entered = self.enter_call(span)?;
        let bound = self.bind_function(&mut inner, def, given, span);
        let before = self.reports.all.len();
        let value = bound.and_then(|()| self.result(&mut inner, def));
        let value = value.and_then(|value| self.given_back(def.called(), &def.body, value));
        self.leave(entered, Callee::Method(instance, def), &inner.locals[of_block..]);
        let is_sound = value.as_ref().is_ok_and(|value| !value.holds_poison()) && self.reports.all.len() == known;
        if instance == InstanceId::MODEL && (is_sound || self.reports.all.len() > before) {
            self.called.entry(def.name.node.clone()).or_default().insert(self.function.name.clone());
        }
        value
    }

    /// The result of a call. A body that ends without a value is reported at the body, not at the call.
    fn given_back(&mut self, callee: &str, body: &Body, value: Value) -> Outcome<Value> {
        if !matches!(value, Value::None) || body.ends_with_value() {
            return Ok(value);
        }
        Err(self.refuse_result(&format!("the result of {}", quoted(callee)), "a value", &value, body, ""))
    }

    /// Binds arguments, checks types and runs the body.
    pub(crate) fn run_function(
        &mut self,
        env: &mut Environment,
        def: &Arc<FnDef>,
        given: Vec<Given>,
        span: Span,
    ) -> Outcome<Value> {
        self.bind_function(env, def, given, span)?;
        self.result(env, def)
    }

    /// Binds the arguments of a function and checks their types.
    fn bind_function(&mut self, env: &mut Environment, def: &Arc<FnDef>, given: Vec<Given>, span: Span) -> Outcome<()> {
        let callee = def.called();
        let bound = self.bind_params(callee, &def.params, given, span)?;
        for (param, argument) in def.params.iter().zip(bound) {
            let value = self.argument(env, callee, param, argument)?;
            self.saw(param.name.span, &value);
            env.define(param.name.node.clone(), value);
        }
        Ok(())
    }

    /// The result of a function whose arguments are bound.
    fn result(&mut self, env: &mut Environment, def: &Arc<FnDef>) -> Outcome<Value> {
        let value = self.body(env, &def.body)?;
        self.saw_result(def.name.span, &value);
        match &def.returns {
            Some(ty) => {
                let what = format!("the result of `{}`", def.called());
                self.matches(env, ty, value, &what, def.body.result_span())
            }
            None => Ok(value),
        }
    }

    /// The argument of each parameter of a function or a block.
    pub(crate) fn bind_params(
        &mut self,
        callee: &str,
        params: &[Param],
        given: Vec<Given>,
        span: Span,
    ) -> Outcome<Vec<Option<Given>>> {
        let formals: Vec<Formal<'_>> =
            params.iter().map(|param| Formal { name: &param.name.node, optional: param.default.is_some() }).collect();
        self.saw_arguments(&given, named(params.iter().map(|param| &param.name)));
        self.bind(callee, &formals, given, span)
    }

    /// The value of a parameter: its argument, or its default, which may use the parameters before it.
    pub(crate) fn argument(
        &mut self,
        env: &mut Environment,
        callee: &str,
        param: &Param,
        argument: Option<Given>,
    ) -> Outcome<Value> {
        let (value, at) = match (argument, &param.default) {
            (Some(given), _) => (given.value, given.span),
            (None, Some(default)) => (self.value(env, default), default.span),
            (None, None) => unreachable!("an argument that must be given has been bound"),
        };
        let is_default_none = matches!(value, Value::None) && param.default.is_some();
        match &param.ty {
            Some(ty) if !is_default_none => {
                self.matches(env, ty, value, &format!("`{}` of `{callee}`", param.name.node), at)
            }
            _ => Ok(value),
        }
    }
}
