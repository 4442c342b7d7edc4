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
            Builtin::Len
            | Builtin::Zip
            | Builtin::Reverse
            | Builtin::Repeated
            | Builtin::Linspace
            | Builtin::Floor
            | Builtin::Div
            | Builtin::Fail
            | Builtin::ShapeOf => self.compile_time(builtin, arguments),
            Builtin::Exp
            | Builtin::Log
            | Builtin::Sqrt
            | Builtin::Abs
            | Builtin::Sin
            | Builtin::Cos
            | Builtin::Tanh
            | Builtin::Sigmoid
            | Builtin::Relu
            | Builtin::LeakyRelu
            | Builtin::Silu
            | Builtin::Gelu
            | Builtin::GeluTanh
            | Builtin::Clamp
            | Builtin::Maximum
            | Builtin::Minimum
            | Builtin::Where
            | Builtin::ToFloat
            | Builtin::ToInt
            | Builtin::StopGradient => self.elementwise(env, builtin, arguments),
            Builtin::Sum | Builtin::Mean | Builtin::Max | Builtin::Min | Builtin::Softmax => {
                self.reduction(env, builtin, arguments)
            }
            Builtin::Reshape
            | Builtin::Permute
            | Builtin::Expand
            | Builtin::Concat
            | Builtin::Split
            | Builtin::Slice
            | Builtin::Gather
            | Builtin::Pad
            | Builtin::Constant
            | Builtin::Full => self.layout(env, builtin, arguments),
            Builtin::MatMul
            | Builtin::Attention
            | Builtin::AvgPool
            | Builtin::MaxPool
            | Builtin::Resize
            | Builtin::GaussianBlur
            | Builtin::InstanceNorm => self.image(env, builtin, arguments),
            Builtin::RandomNormal | Builtin::RandomUniform | Builtin::RandomInt | Builtin::Dropout => {
                self.random(env, builtin, arguments)
            }
            Builtin::Weight
            | Builtin::Conv
            | Builtin::ConvTranspose
            | Builtin::Linear
            | Builtin::Embedding
            | Builtin::GroupNorm
            | Builtin::LayerNorm
            | Builtin::BatchNorm => self.layer(env, builtin, arguments, place),
            Builtin::Zeros
            | Builtin::Ones
            | Builtin::Normal
            | Builtin::Uniform
            | Builtin::KaimingUniform
            | Builtin::KaimingNormal
            | Builtin::XavierUniform => self.initial(builtin, arguments),
            Builtin::AdamW | Builtin::Adam | Builtin::Sgd | Builtin::CosineSchedule | Builtin::ConstantSchedule => {
                self.training_rule(builtin, arguments)
            }
        }
    }
}

/// Whether a call leaves out the tensor that the function works on, and so makes a function of it.
fn awaits_tensor(builtin: Builtin, given: &[Given]) -> bool {
    let parameters = builtin.parameters();
    let of_lists = matches!(builtin, Builtin::Sum | Builtin::Mean | Builtin::Max | Builtin::Min);
    if parameters.len() < 2 && builtin != Builtin::InstanceNorm || of_lists {
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
