//! Calls of built-in functions: binds the arguments, then runs the function in the file for its kind.

use std::rc::Rc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::builtin::{Builtin, Default, LayerWord, Parameter};

use super::argument::{Arguments, Formal};
use super::site::CallSite;
use crate::check::report::Outcome;
use crate::check::value::environment::Environment;
use crate::check::value::{Given, Partial, Value, WeightPlace};
use crate::check::{Expander, error};

impl Expander<'_> {
    /// The result of a built-in function; also the place for weights again, if the function has no weights.
    pub(crate) fn builtin(
        &mut self,
        env: &Environment,
        builtin: Builtin,
        given: Vec<Given>,
        place: Option<WeightPlace>,
        span: Span,
    ) -> Outcome<(Value, Option<WeightPlace>)> {
        if awaits_tensor(builtin, &given) {
            return Ok((Value::Partial(Rc::new(Partial { builtin, arguments: given, place })), None));
        }
        let parameters = builtin.parameters();
        self.in_a_list(builtin, &given)?;
        self.by_name(builtin, &given)?;
        let formals: Vec<Formal<'_>> = parameters
            .iter()
            .map(|parameter| Formal { name: parameter.name, optional: parameter.default != Default::Required })
            .collect();
        let bound = self.bind(builtin.word(), &formals, given, span)?;
        let values = parameters.iter().zip(bound).map(|(parameter, argument)| match argument {
            Some(given) => (parameter.name, given.value, given.span),
            None => (parameter.name, default(parameter.default), span),
        });
        let values: Vec<(&str, Value, Span)> = values.collect();
        let tensors = values.iter().filter(|(_, value, _)| matches!(value, Value::Tensor(_)));
        let operands: Vec<Span> = tensors.map(|(.., span)| *span).collect();
        let site = CallSite { callee: builtin.word(), span, env, place: place.as_ref(), operands: &operands };
        self.run_builtin(builtin, &Arguments { site, values })
    }

    /// Refuses several tensors, one after the other, for a function that takes a list of them.
    fn in_a_list(&mut self, builtin: Builtin, given: &[Given]) -> Outcome<()> {
        let takes_list = builtin.parameters().first().is_some_and(|parameter| parameter.name == "list");
        let is_tensor = |given: &&Given| given.name.is_none() && matches!(given.value, Value::Tensor(_));
        let tensors: Vec<&Given> = given.iter().take_while(is_tensor).collect();
        let [first, .., last] = tensors.as_slice() else { return Ok(()) };
        if !takes_list {
            return Ok(());
        }
        let word = builtin.word();
        let what = format!("`list` of `{word}`");
        let diagnostic = error::wrong_type(&what, "a list", "a tensor with others after it", first.span.to(last.span));
        Err(self.report(diagnostic.help(format!("put them in brackets: `{word}([a, b])`"))))
    }

    /// Refuses the numbers of a layer in the order of torch, which begins with the channels of the input: by name, they can't
    /// be mistaken for others.
    fn by_name(&mut self, builtin: Builtin, given: &[Given]) -> Outcome<()> {
        let is_linear = builtin == Builtin::Layer(LayerWord::Linear);
        if !is_linear && !matches!(builtin, Builtin::Layer(LayerWord::Conv | LayerWord::ConvTranspose)) {
            return Ok(());
        }
        let is_number =
            |given: &&Given| given.name.is_none() && !given.value.holds_tensor() && !given.value.is_poison();
        let numbers: Vec<&Given> = given.iter().filter(is_number).collect();
        let [first, second, further @ ..] = numbers.as_slice() else { return Ok(()) };
        let (word, last) = (builtin.word(), further.last().unwrap_or(second));
        let [first_text, second_text] = [first, second].map(|given| given.value.shown(self.spec));
        let written = match (is_linear, second.value.int(), further.first()) {
            (true, Some(_), _) => format!("`{word}({second_text})`"),
            (true, None, _) => format!("`{word}({first_text}, bias: {second_text})`"),
            (false, _, None) => format!("`{word}(3, out: 64)`"),
            (false, _, Some(kernel)) => format!("`{word}({}, out: {second_text})`", kernel.value.shown(self.spec)),
        };
        let rest = if is_linear { "the number of features that it makes" } else { "its kernel" };
        let text = format!("`{word}` takes one number without a name, {rest}");
        let diagnostic = Diagnostic::new(Code::WrongArgument, text, second.span.to(last.span));
        Err(self.report(diagnostic.help(format!("it takes its channels from its input, as in {written}"))))
    }

    fn run_builtin(&mut self, builtin: Builtin, arguments: &Arguments<'_>) -> Outcome<(Value, Option<WeightPlace>)> {
        let value = match builtin {
            Builtin::CompileTime(word) => self.compile_time(word, arguments),
            Builtin::Unary(word) => self.unary_function(word, arguments),
            Builtin::Binary(word) => self.binary_function(word.operation(), arguments),
            Builtin::Element(word) => self.element_function(word, arguments),
            Builtin::Reduction(word) => self.reduction(word, arguments),
            Builtin::Layout(word) => self.layout(word, arguments),
            Builtin::Order(word) => self.order(word, arguments),
            Builtin::Tensor(word) => self.tensor_function(word, arguments),
            Builtin::Layer(word) => return Ok((self.layer(word, arguments)?, None)),
            Builtin::Random(word) => self.random(word, arguments),
            Builtin::Initial(word) => self.initial(word, arguments).map(Value::Init),
            Builtin::Training(word) => self.training_rule(word, arguments),
        };
        Ok((value?, arguments.site.place.cloned()))
    }
}

/// Whether a call omits the tensor that the function works on. The call is then a function of that tensor.
fn awaits_tensor(builtin: Builtin, given: &[Given]) -> bool {
    let parameters = builtin.parameters();
    if parameters.len() < 2 || matches!(builtin, Builtin::Reduction(_)) {
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

/// The arguments of a call of a built-in function that gives none; none if some must be given.
pub(super) fn defaults(builtin: Builtin, span: Span) -> Option<Vec<(&'static str, Value, Span)>> {
    let of = |parameter: &Parameter| {
        (parameter.default != Default::Required).then(|| (parameter.name, default(parameter.default), span))
    };
    builtin.parameters().iter().map(of).collect()
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
