//! Calls: of functions, parts, blocks and builtins.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::parse::ast::{Argument, Expr, ExprKind, FnDef};
use crate::program::PartCall;
use crate::resolve::Definition;
use crate::resolve::spec::ModuleId;

use super::argument::Slot;
use super::environment::{Environment, join};
use super::record::named;
use super::trace::{Callee, is_plain};
use super::value::{Given, InstanceId, Place, Value};
use super::{Checker, error};

impl Checker<'_> {
    /// `callee(arguments)`, with a piped value in front, and a place for the first thing in it that has weights.
    pub(super) fn call_expr(
        &mut self,
        env: &mut Environment,
        callee: &Expr,
        arguments: &[Argument],
        piped: Option<Given>,
        place: &mut Option<Place>,
        span: Span,
    ) -> Value {
        let function = match &callee.kind {
            ExprKind::Call(inner, inner_arguments) => {
                self.call_expr(env, inner, inner_arguments, None, place, callee.span)
            }
            _ => self.expr(env, callee),
        };
        let makes_part = std::mem::replace(&mut env.makes_part, false);
        let given: Vec<Given> = arguments
            .iter()
            .map(|argument| Given {
                name: argument.name.as_ref().map(|name| (name.node.clone(), name.span)),
                value: self.expr(env, &argument.value),
                span: argument.value.span,
            })
            .collect();
        env.makes_part = makes_part;
        match (piped, function) {
            (Some(piped), Value::Block(block)) => {
                let instance = self.construct(env, block, given, place, span);
                self.apply(env, &instance, vec![piped], &mut None, span)
            }
            (piped, function) => {
                let given = piped.into_iter().chain(given).collect();
                self.apply(env, &function, given, place, span)
            }
        }
    }

    /// What a value does with arguments.
    pub(super) fn apply(
        &mut self,
        env: &mut Environment,
        callee: &Value,
        given: Vec<Given>,
        place: &mut Option<Place>,
        span: Span,
    ) -> Value {
        match callee {
            Value::Poison => {
                place.take();
                Value::Poison
            }
            Value::Block(block) => self.construct(env, *block, given, place, span),
            Value::Builtin(builtin) => {
                let names = builtin.parameters().iter().map(|param| (param.name, Definition::Builtin(*builtin)));
                self.saw_arguments(&given, names);
                self.builtin(env, *builtin, given, place, span)
            }
            Value::Partial(partial) => {
                let all = given.into_iter().chain(partial.arguments.iter().cloned()).collect();
                let mut own = partial.place.clone().or_else(|| place.take());
                self.builtin(env, partial.builtin, all, &mut own, span)
            }
            Value::Function(module, def) => self.call_function(env, *module, def, given, place, span),
            Value::Method(instance, module, def) => self.call_method(env, *instance, *module, def, given, span),
            Value::Instance(instance) => match self.main_function(*instance) {
                Some((module, def)) => self.call_method(env, *instance, module, &def, given, span),
                None if self.is_partial(Some(*instance)) => Value::Poison,
                None => {
                    let name = self.block_name(*instance);
                    let diagnostic = error::not_callable(&format!("a `{name}`"), span);
                    self.report(
                        diagnostic.help("its block has no main function `fn (..) { .. }`; call one of its functions"),
                    )
                }
            },
            Value::Closure(closure) => {
                let lambda = closure.lambda.clone();
                let slots: Vec<Slot<'_>> =
                    lambda.params.iter().map(|name| Slot { name: &name.node, optional: false }).collect();
                let Some(bound) = self.bind("this function", &slots, given, span) else { return Value::Poison };
                let mut inner = closure.environment.clone();
                inner.scope = env.scope;
                for (name, argument) in lambda.params.iter().zip(bound) {
                    let value = argument.map_or(Value::Poison, |given| given.value);
                    self.saw(name.span, &value);
                    inner.define(name.node.clone(), value);
                }
                self.called(Callee::Words("in the function given here".into()), closure.span, |this| {
                    this.body(&mut inner, &lambda.body)
                })
            }
            other => {
                let kind = other.kind(self.spec);
                self.report(error::not_callable(&kind, span))
            }
        }
    }

    /// A free function: its layers lie where the caller's do, below `place` if one is given.
    fn call_function(
        &mut self,
        env: &Environment,
        module: ModuleId,
        def: &Arc<FnDef>,
        given: Vec<Given>,
        place: &mut Option<Place>,
        span: Span,
    ) -> Value {
        let prefix = match place.take() {
            Some(place) => join(&env.prefix, &place.path),
            None => env.prefix.clone(),
        };
        let tensors = given.iter().any(|argument| argument.value.holds_tensor());
        let scope = if tensors { self.scope(Some(env.scope), &def.name.node, None) } else { env.scope };
        if tensors {
            self.scopes[scope.0 as usize].span = Some(span);
        }
        let mut inner = Environment::new(module, None, prefix, scope);
        inner.reached = env.reached.clone();
        inner.caller = env.owner();
        let callee = Callee::Function(def.name.node.clone());
        self.called(callee, span, |this| this.run_function(&mut inner, def, given, span))
    }

    fn call_method(
        &mut self,
        env: &Environment,
        instance: InstanceId,
        module: ModuleId,
        def: &Arc<FnDef>,
        given: Vec<Given>,
        span: Span,
    ) -> Value {
        let block = self.block_name(instance);
        let prefix = self.instances[instance.0].prefix.clone();
        let is_model = self.instances[instance.0].owner.is_none() && prefix.is_empty();
        let label = match (is_model, &*def.name.node) {
            (true, name) => name.to_owned(),
            (false, "fn") => self.instances[instance.0].place.to_string(),
            (false, name) => format!("{}.{name}", self.instances[instance.0].place),
        };
        let scope = self.scope(Some(env.scope), &label, (!is_model).then(|| block.clone()));
        self.scopes[scope.0 as usize].span = Some(span);
        if !is_model {
            let function = (&*def.name.node != "fn").then(|| def.name.node.clone());
            self.scopes[scope.0 as usize].part = Some(PartCall { path: prefix.clone(), function });
        }
        let mut inner = self.environment_of(instance, module, scope);
        let callee = Callee::Method(instance, def.name.node.clone());
        self.called(callee, span, |this| this.run_function(&mut inner, def, given, span))
    }

    /// Binds arguments, checks types and runs the body.
    pub(super) fn run_function(
        &mut self,
        env: &mut Environment,
        def: &Arc<FnDef>,
        given: Vec<Given>,
        span: Span,
    ) -> Value {
        let slots: Vec<Slot<'_>> =
            def.params.iter().map(|param| Slot { name: &param.name.node, optional: param.default.is_some() }).collect();
        self.saw_arguments(&given, named(def.params.iter().map(|param| &param.name)));
        let callee = if &*def.name.node == "fn" { "this block" } else { &def.name.node };
        let Some(bound) = self.bind(callee, &slots, given, span) else { return Value::Poison };
        for (param, argument) in def.params.iter().zip(bound) {
            let (value, at) = match (argument, &param.default) {
                (Some(given), _) => (given.value, given.span),
                (None, Some(default)) => (self.expr(env, default), default.span),
                (None, None) => (Value::Poison, span),
            };
            let is_default_none = matches!(value, Value::None) && param.default.is_some();
            let value = match &param.ty {
                Some(ty) if !is_default_none => {
                    match self.matches(env, ty, value, &format!("`{}` of `{callee}`", param.name.node), at) {
                        Some(value) => value,
                        None => return Value::Poison,
                    }
                }
                _ => value,
            };
            if is_plain(&value)
                && let Some(call) = self.calls.last_mut()
            {
                call.values.push((param.name.node.clone(), value.clone()));
            }
            self.saw(param.name.span, &value);
            env.define(param.name.node.clone(), value);
        }
        let value = self.body(env, &def.body);
        self.saw_result(def.name.span, &value);
        match &def.returns {
            Some(ty) if !value.is_poison() => {
                let what = format!("the result of `{callee}`");
                self.matches(env, ty, value, &what, def.body.result_span()).unwrap_or(Value::Poison)
            }
            _ => value,
        }
    }
}
