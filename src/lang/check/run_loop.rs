//! Loops that run: one node whose body is a graph of its own.

use diadc_core::fact::{Fact, Shape};
use diadc_core::graph::{Loop, ValueId};
use diadc_core::op::{Elements, Op};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast;

use super::emit::Builder;
use super::environment::Environment;
use super::tensor::elements;
use super::trace::Callee;
use super::value::{Tensor, Value};
use super::{Checker, error, list};

impl Checker<'_> {
    pub(super) fn run_loop(&mut self, env: &mut Environment, run: &ast::Loop, span: Span) -> Value {
        let Some((starts, stepped, steps)) = self.heads(env, run, span) else { return Value::Poison };
        if steps == 0 {
            return result(starts.into_iter().map(Value::Tensor).collect());
        }
        let depth = self.builders.len();
        self.builders.push(Builder::default());
        let mut inner = env.clone();
        inner.makes_part = false;
        inner.reached = std::rc::Rc::default();
        let facts = starts.iter().map(|start| Fact::clone(&start.fact));
        let step_facts = stepped.iter().map(|elements| match elements {
            Elements::Int(_) => Fact::int(Shape::default()),
            Elements::Float(_) => Fact::float(Shape::default()),
        });
        let names = run.carried.iter().chain(&run.stepped).map(|(name, _)| name);
        for (name, fact) in names.zip(facts.chain(step_facts)) {
            let op = Op::Input { name: name.node.to_string(), fact };
            let input = self.sure(&inner, op, &[], name.span);
            let input = Value::Tensor(input);
            self.saw(name.span, &input);
            inner.define(name.node.clone(), input);
        }
        let text = "in the body of this loop".to_owned();
        let value = self.called(Callee::Words(text), span, |this| this.body(&mut inner, &run.body));
        let ends = self.ends(env, &value, &starts, run);
        let mut builder = self.builders.pop().expect("the body's graph was put there");
        debug_assert_eq!(self.builders.len(), depth, "each loop takes its own graph away");
        let Some(ends) = ends else { return Value::Poison };
        for ((name, _), id) in run.carried.iter().zip(ends) {
            builder.graph.set_output(name.node.to_string(), id);
        }
        let mut inputs: Vec<ValueId> = starts.iter().map(|start| self.here(start, env, span)).collect();
        for (outer, _) in &builder.captured {
            inputs.push(self.outside(outer, env, span));
        }
        let node = Loop { body: builder.graph, carried: starts.len(), stepped, steps };
        let graph = &mut self.builders.last_mut().expect("a function is being expanded").graph;
        let outputs = graph.add_loop(node, &inputs, Checker::origin(env, span));
        let tensors = outputs.into_iter().zip(starts);
        result(tensors.map(|(id, start)| Value::Tensor(Tensor { depth: depth - 1, id, fact: start.fact })).collect())
    }

    /// The first values of what is carried, and the constants of all steps.
    fn heads(
        &mut self,
        env: &mut Environment,
        run: &ast::Loop,
        span: Span,
    ) -> Option<(Vec<Tensor>, Vec<Elements>, usize)> {
        let mut starts = Vec::new();
        for (name, start) in &run.carried {
            match self.expr(env, start) {
                Value::Tensor(tensor) => starts.push(tensor),
                Value::Poison => return None,
                other => {
                    let kind = other.kind(self.spec);
                    self.report(error::wrong_type(
                        &format!("the start of `{}`", name.node),
                        "a tensor",
                        &kind,
                        start.span,
                    ));
                    return None;
                }
            }
        }
        let mut stepped = Vec::new();
        let mut lengths = Vec::new();
        for (name, values) in &run.stepped {
            let value = self.expr(env, values);
            if value.is_poison() {
                return None;
            }
            let items = value.elements();
            let numbers = items
                .as_deref()
                .and_then(|items| if items.is_empty() { Some(Elements::Int([].into())) } else { elements(items) });
            let (Some(items), Some(numbers)) = (items, numbers) else {
                let kind = value.kind(self.spec);
                let what = format!("the constants `{}` of a loop", name.node);
                self.report(error::wrong_type(&what, "a list of numbers", &kind, values.span));
                return None;
            };
            stepped.push(numbers);
            lengths.push(items.len());
        }
        if lengths.iter().any(|&length| length != lengths[0]) {
            let each: Vec<String> =
                run.stepped.iter().zip(&lengths).map(|((name, _), n)| format!("`{}` has {n}", name.node)).collect();
            let text = format!("the constants of a loop have different lengths: {}", each.join(", "));
            self.report(Diagnostic::new(Code::UnequalLengths, text, span));
            return None;
        }
        Some((starts, stepped, lengths[0]))
    }

    /// The values after a step, which must be like those before it.
    fn ends(&mut self, env: &Environment, value: &Value, starts: &[Tensor], run: &ast::Loop) -> Option<Vec<ValueId>> {
        let values = match (value, starts.len()) {
            (Value::Poison, _) => return None,
            (value, 1) => vec![value.clone()],
            (value, count) => match value.elements() {
                Some(values) if values.len() == count => values,
                _ => {
                    let kind = value.kind(self.spec);
                    let wanted = format!("a tuple of the {count} carried values");
                    self.report(error::wrong_type(
                        "the value of this loop's body",
                        &wanted,
                        &kind,
                        run.body.result_span(),
                    ));
                    return None;
                }
            },
        };
        let mut ids = Vec::new();
        for ((value, start), (name, _)) in values.iter().zip(starts).zip(&run.carried) {
            match value {
                Value::Tensor(tensor) if tensor.fact == start.fact => ids.push(self.here(tensor, env, run.body.span)),
                Value::Poison => return None,
                other => {
                    let kind = other.kind(self.spec);
                    let text =
                        format!("`{}` is {kind} after a step, and was a tensor {} before", name.node, start.fact);
                    self.report(
                        Diagnostic::new(Code::LoopChangesShape, text, run.body.result_span())
                            .also(name.span, "carried from step to step"),
                    );
                    return None;
                }
            }
        }
        Some(ids)
    }
}

/// One value as it is, several as a tuple.
fn result(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.remove(0),
        _ => match list(values) {
            Value::List(items) => Value::Tuple(items),
            other => other,
        },
    }
}
