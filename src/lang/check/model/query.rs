//! Builds a function from an expression of the command line, in the scope of the model, with tensors as inputs.
//!
//! If the value of the expression is a function or a part, such as `denoise` or `ae.encode`, it is called with the inputs
//! that have the names of its parameters. An input with the name of a `let` that holds a tensor replaces that `let`.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use diadc_core::fact::{DType, Dim, Fact};
use diadc_core::graph::{Function, ValueId};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, one_of};
use crate::parse::ast::{ExprKind, FnDef, MemberKind, ObjectiveDef};
use crate::resolve::Query;
use crate::resolve::spec::ModuleId;

use super::function::collect;
use crate::check::Expander;
use crate::check::evaluate::call::Applied;
use crate::check::evaluate::site::CallSite;
use crate::check::report::{Outcome, Reported};
use crate::check::value::environment::Environment;
use crate::check::value::{Given, InstanceId, Tensor, Value};

/// An input of the function that is made.
struct Input {
    name: Arc<str>,
    span: Span,
    tensor: Tensor,
    is_argument: bool,
}

impl Expander<'_> {
    /// The function that a query asks for.
    pub(crate) fn query(&mut self, query: &Query) -> Outcome<Function> {
        let lets: Vec<&Arc<str>> = query
            .inputs
            .iter()
            .filter(|(name, _)| self.is_tensor_member(&name.node, name.span))
            .map(|(name, _)| &name.node)
            .collect();
        let scope = self.begin(&query.text);
        let objective = self.named_objective(query);
        let mut env = self.environment_of(InstanceId::MODEL, ModuleId(0), scope);
        if let Some(def) = &objective {
            self.function.is_objective = true;
            self.function.trains = self.parts(&env, &def.trains)?;
            self.function.freezes = self.parts(&env, &def.freezes)?;
        }
        self.function.batch = Some(batch(query));
        let mut inputs = self.inputs(&env, query)?;
        for input in &inputs {
            let value = Value::Tensor(input.tensor.clone());
            if lets.contains(&&input.name) {
                self.instances[InstanceId::MODEL].members.insert(input.name.clone(), Some(value.clone()));
            }
            env.define(input.name.clone(), value);
        }
        let value = self.expr(&mut env, &query.expr);
        let value = value.and_then(|value| self.with_arguments(&mut env, value, &mut inputs, query.expr.span));
        for name in lets {
            self.instances[InstanceId::MODEL].members.remove(name);
        }
        let site = CallSite { callee: &query.text, span: query.expr.span, env: &env, place: None, operands: &[] };
        let value = self.numbers_as_tensors(value?, &site)?;
        let mut outputs = Vec::new();
        collect("", &value, &mut outputs);
        if outputs.is_empty() {
            if !self.reports.is_empty() {
                return Err(Reported::before());
            }
            return Err(self.refuse("the result", "a tensor", &value, query.expr.span));
        }
        if objective.is_some() {
            "loss".clone_into(&mut outputs[0].0);
        }
        let function = self.builder.finish(&query.text, &outputs);
        self.report_unused(&function, &inputs, query);
        Ok(function)
    }

    /// Whether a name is that of a `let` of the model whose value holds tensors.
    fn is_tensor_member(&mut self, name: &Arc<str>, span: Span) -> bool {
        let members = &self.model_block().members;
        if !members.get(name).is_some_and(|(_, member)| matches!(member.kind, MemberKind::Let(_))) {
            return false;
        }
        let scope = self.begin(name);
        let env = self.environment_of(InstanceId::MODEL, ModuleId(0), scope);
        let value = self.member(InstanceId::MODEL, name, span, &env);
        self.builder.discard();
        value.and_then(Outcome::ok).is_some_and(|value| value.holds_tensor())
    }

    /// The objective that the query names, if it is the name of one.
    fn named_objective(&self, query: &Query) -> Option<Arc<ObjectiveDef>> {
        let ExprKind::Name(name) = &query.expr.kind else { return None };
        let (_, member) = self.model_block().members.get(name)?;
        let MemberKind::Objective(def) = &member.kind else { return None };
        Some(def.clone())
    }

    fn inputs(&mut self, env: &Environment, query: &Query) -> Outcome<Vec<Input>> {
        let inputs = query.inputs.iter().map(|(name, fact)| {
            let tensor = self.input(&name.node, fact.clone(), env.origin(name.span))?;
            Ok(Input { name: name.node.clone(), span: name.span, tensor, is_argument: false })
        });
        inputs.collect()
    }

    /// Calls a function or part with the inputs that it has parameters for; gives any other value back.
    fn with_arguments(
        &mut self,
        env: &mut Environment,
        value: Value,
        inputs: &mut [Input],
        span: Span,
    ) -> Outcome<Value> {
        let params: Vec<Arc<str>> = if let Value::Method(_, _, def) | Value::Function(_, def) = &value {
            names(def)
        } else if let Value::Instance(id) = &value {
            self.main_function(*id).map_or_else(Vec::new, |(_, def)| names(&def))
        } else if let Value::Closure(closure) = &value {
            closure.lambda.params.iter().map(|name| name.node.clone()).collect()
        } else {
            return Ok(value);
        };
        let taken = inputs.iter_mut().filter(|input| params.contains(&input.name));
        let given: Vec<Given> = taken
            .map(|input| {
                input.is_argument = true;
                let name = Some((input.name.clone(), input.span));
                Given { name, value: Value::Tensor(input.tensor.clone()), span: input.span }
            })
            .collect();
        let callee = Applied { value: &value, written: None };
        if let Value::Closure(_) = &value {
            // A function without a name takes its arguments in order.
            let of =
                |name: &Arc<str>| given.iter().find(|given| given.name.as_ref().is_some_and(|(own, _)| own == name));
            let ordered: Option<Vec<Given>> =
                params.iter().map(|name| of(name).map(|given| Given { name: None, ..given.clone() })).collect();
            return self.applied(env, callee, ordered.unwrap_or_default(), span);
        }
        self.applied(env, callee, given, span)
    }

    /// Numbers among the results become tensors too, so that none of them is lost.
    fn numbers_as_tensors(&mut self, value: Value, site: &CallSite<'_>) -> Outcome<Value> {
        if let Some(number) = self.scalar(site, &value, DType::Int)? {
            return Ok(Value::Tensor(number));
        }
        Ok(if let Value::List(items) | Value::Set(items) | Value::Tuple(items) = value {
            let items = items.iter().map(|item| self.numbers_as_tensors(item.clone(), site));
            Value::list(items.collect::<Outcome<_>>()?)
        } else if let Value::Record(entries) = value {
            let entries = entries.iter();
            let entries = entries.map(|(name, item)| Ok((name.clone(), self.numbers_as_tensors(item.clone(), site)?)));
            Value::Record(Rc::new(entries.collect::<Outcome<_>>()?))
        } else {
            value
        })
    }

    /// Reports the inputs that the function does not use.
    fn report_unused(&mut self, function: &Function, inputs: &[Input], query: &Query) {
        let graph = &function.graph;
        let mut used: HashSet<ValueId> = graph.outputs().iter().map(|(_, value)| *value).collect();
        used.extend(graph.nodes().flat_map(|(id, _)| graph.inputs_of(id)));
        for input in inputs {
            if input.is_argument || used.contains(&input.tensor.id) {
                continue;
            }
            let text = format!("`{}` does not use the input `{}`", query.text, input.name);
            let taken = inputs.iter().filter(|input| input.is_argument).map(|input| &*input.name);
            let help = one_of(&input.name, taken)
                .map(|known| format!("{known}; leave out what it does not take, or name it in an expression"));
            self.report(Diagnostic::new(Code::UnusedInput, text, input.span).help_if(help));
        }
    }
}

fn names(def: &FnDef) -> Vec<Arc<str>> {
    def.params.iter().map(|param| param.name.node.clone()).collect()
}

/// The number of samples: the first extent of `image`, or else of the first input that has axes; 1 without such inputs.
fn batch(query: &Query) -> Dim {
    let first = |fact: &Fact| fact.shape.0.first().cloned();
    let image = query.inputs.iter().find(|(name, _)| &*name.node == "image").and_then(|(_, fact)| first(fact));
    image.or_else(|| query.inputs.iter().find_map(|(_, fact)| first(fact))).unwrap_or_else(|| Dim::from(1))
}
