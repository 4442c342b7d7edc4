//! Brings a call of a built-in function to the file that knows what it does.

use std::rc::Rc;

use diadc_core::span::Span;

use crate::resolve::builtin::{Builtin, Default};

use super::Checker;
use super::argument::{Arguments, Slot};
use super::environment::Environment;
use super::value::{Given, Partial, Place, Value};

impl Checker<'_> {
    pub(super) fn builtin(
        &mut self,
        env: &mut Environment,
        builtin: Builtin,
        given: Vec<Given>,
        place: &mut Option<Place>,
        span: Span,
    ) -> Value {
        if awaits_tensor(builtin, &given) {
            return Value::Partial(Rc::new(Partial { builtin, arguments: given, place: place.take() }));
        }
        let parameters = builtin.parameters();
        let slots: Vec<Slot<'_>> = parameters
            .iter()
            .map(|parameter| Slot { name: parameter.name, optional: parameter.default != Default::Required })
            .collect();
        let Some(bound) = self.bind(builtin.word(), &slots, given, span) else {
            place.take();
            return Value::Poison;
        };
        let values = parameters.iter().zip(bound).map(|(parameter, argument)| match argument {
            Some(given) => (parameter.name, given.value, given.span),
            None => (parameter.name, default(parameter.default), span),
        });
        let arguments = Arguments { callee: builtin.word(), span, values: values.collect() };
        self.operands.extend(arguments.tensors());
        let value = self.run_builtin(env, builtin, &arguments, place).unwrap_or(Value::Poison);
        self.operands.clear();
        value
    }

    fn run_builtin(
        &mut self,
        env: &mut Environment,
        builtin: Builtin,
        arguments: &Arguments,
        place: &mut Option<Place>,
    ) -> Option<Value> {
        match builtin {
            Builtin::CompileTime(word) => self.compile_time(word, arguments),
            Builtin::Unary(word) => self.unary_function(env, word, arguments),
            Builtin::Binary(word) => self.binary_function(env, word.operation(), arguments),
            Builtin::Element(word) => self.element_function(env, word, arguments),
            Builtin::Reduction(word) => self.reduction(env, word, arguments),
            Builtin::Layout(word) => self.layout(env, word, arguments),
            Builtin::Tensor(word) => self.tensor_function(env, word, arguments),
            Builtin::Layer(word) => self.layer(env, word, arguments, place),
            Builtin::Random(word) => self.random(env, word, arguments),
            Builtin::Initial(word) => self.initial(word, arguments).map(Value::Init),
            Builtin::Training(word) => self.training_rule(word, arguments),
        }
    }
}

/// Whether a call leaves out the tensor that the function works on, and so makes a function of it.
fn awaits_tensor(builtin: Builtin, given: &[Given]) -> bool {
    let parameters = builtin.parameters();
    let of_lists = matches!(builtin, Builtin::Reduction(_));
    if parameters.len() < 2 || of_lists {
        return false;
    }
    if parameters[0].name != "x"
        || given.iter().any(|given| given.name.as_ref().is_some_and(|(name, _)| &**name == "x"))
    {
        return false;
    }
    match given.iter().find(|given| given.name.is_none()) {
        None => true,
        Some(first) => {
            // With as many arguments as parameters the first one was meant, whatever it is.
            !matches!(first.value, Value::Tensor(_) | Value::Poison) && given.len() < parameters.len()
        }
    }
}

fn default(default: Default) -> Value {
    match default {
        Default::Required => Value::Poison,
        Default::None => Value::None,
        Default::Int(n) => Value::Int(n),
        Default::Float(x) => Value::Float(x),
        Default::Bool(b) => Value::Bool(b),
        Default::Str(s) => Value::Str(s.into()),
    }
}
