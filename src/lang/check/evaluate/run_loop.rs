//! Loops that run: each becomes one node with its body as a graph.

use std::rc::Rc;

use diadc_core::fact::{Fact, Shape};
use diadc_core::graph::ValueId;
use diadc_core::op::Elements;
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast;

use super::tensor::elements;
use crate::check::report::{Outcome, Reported};
use crate::check::trace::Callee;
use crate::check::value::environment::Environment;
use crate::check::value::{Tensor, Value};
use crate::check::{Expander, error};

/// The head of a loop.
struct LoopHead {
    /// The first values of the carried names.
    starts: Vec<Tensor>,
    /// For each stepped name, its constants, one for each step.
    stepped: Vec<Elements>,
    steps: usize,
}

impl Expander<'_> {
    pub(crate) fn run_loop(&mut self, env: &mut Environment, run: &ast::Loop, span: Span) -> Outcome<Value> {
        let LoopHead { starts, stepped, steps } = self.head(env, run, span)?;
        if steps == 0 {
            return Ok(result(starts));
        }
        self.builder.open_loop();
        let mut inner = env.clone();
        inner.makes_part = false;
        inner.reached = Rc::default();
        let facts = starts.iter().map(|start| Fact::clone(&start.fact));
        let step_facts = stepped.iter().map(|elements| match elements {
            Elements::Int(_) => Fact::int(Shape::default()),
            Elements::Float(_) => Fact::float(Shape::default()),
        });
        let names = run.carried.iter().chain(&run.stepped).map(|(name, _)| name);
        for (name, fact) in names.zip(facts.chain(step_facts)) {
            let input = Value::Tensor(self.input(&name.node, fact, inner.origin(name.span))?);
            self.saw(name.span, &input);
            inner.define(name.node.clone(), input);
        }
        let value = self.enter_call(span).and_then(|entered| {
            let value = self.body(&mut inner, &run.body);
            self.leave(entered, Callee::Words("in the body of this loop"), &[]);
            value
        });
        let ends = value.and_then(|value| self.ends(env, &value, &starts, run));
        let mut body = self.builder.close_loop();
        body.set_ends(run.carried.iter().map(|(name, _)| name.node.to_string()).zip(ends?));
        Ok(result(self.builder.add_loop(body, &starts, stepped, steps, env.origin(span))))
    }

    fn head(&mut self, env: &mut Environment, run: &ast::Loop, span: Span) -> Outcome<LoopHead> {
        let mut starts = Vec::new();
        for (name, start) in &run.carried {
            let value = self.expr(env, start)?;
            let Value::Tensor(tensor) = value else {
                let what = format!("the start of `{}`", name.node);
                return Err(self.refuse(&what, "a tensor", &value, start.span));
            };
            starts.push(tensor);
        }
        let mut stepped = Vec::new();
        let mut lengths = Vec::new();
        for (name, values) in &run.stepped {
            let value = self.expr(env, values)?;
            let items = value.elements();
            let numbers = items
                .as_deref()
                .and_then(|items| if items.is_empty() { Some(Elements::Int([].into())) } else { elements(items) });
            let (Some(items), Some(numbers)) = (items, numbers) else {
                let what = format!("the constants `{}` of a loop", name.node);
                return Err(self.refuse(&what, "a list of numbers", &value, values.span));
            };
            if let Err(why) = numbers.fit() {
                return Err(self.report(error::shape(&name.node, why, values.span)));
            }
            stepped.push(numbers);
            lengths.push(items.len());
        }
        if lengths.iter().any(|&length| length != lengths[0]) {
            let each: Vec<String> =
                run.stepped.iter().zip(&lengths).map(|((name, _), n)| format!("`{}` has {n}", name.node)).collect();
            let text = format!("the constants of a loop have different lengths: {}", each.join(", "));
            return Err(self.report(Diagnostic::new(Code::UnequalLengths, text, span)));
        }
        Ok(LoopHead { starts, stepped, steps: lengths[0] })
    }

    /// The carried values after a step, which must have the shapes that they had before it.
    fn ends(&mut self, env: &Environment, value: &Value, starts: &[Tensor], run: &ast::Loop) -> Outcome<Vec<ValueId>> {
        let values = match (value.elements(), starts.len()) {
            (_, 1) => vec![value.clone()],
            (Some(values), count) if values.len() == count => values,
            (_, count) => {
                let wanted = format!("a tuple of the {count} carried values");
                let at = run.body.result_span();
                return Err(self.refuse("the value of this loop's body", &wanted, value, at));
            }
        };
        let mut ids = Vec::new();
        for ((value, start), (name, _)) in values.iter().zip(starts).zip(&run.carried) {
            if value.is_poison() {
                return Err(Reported::before());
            }
            if let Value::Tensor(tensor) = value
                && tensor.fact == start.fact
            {
                ids.push(self.builder.here(tensor, env.origin(run.body.span)));
                continue;
            }
            let kind = value.kind(self.spec);
            let text = format!("`{}` is {kind} after a step, and was a tensor {} before", name.node, start.fact);
            let diagnostic = Diagnostic::new(Code::LoopChangesShape, text, run.body.result_span());
            return Err(self.report(diagnostic.also(name.span, "carried from step to step")));
        }
        Ok(ids)
    }
}

/// One tensor by itself, several as a tuple.
fn result(tensors: Vec<Tensor>) -> Value {
    let mut values: Vec<Value> = tensors.into_iter().map(Value::Tensor).collect();
    match values.len() {
        1 => values.remove(0),
        _ => Value::Tuple(Rc::new(values)),
    }
}
